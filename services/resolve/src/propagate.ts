/** What follows where an identity came alive, stopped being it, or got another object: its edges and who refers to it. */
import type { Out, Tx } from '@canopy/chassis'
import { derivePairs, pairsAt } from './adapters/edges.sql.ts'
import { lockLiveness } from './adapters/locks.sql.ts'
import { referrers } from './adapters/references.sql.ts'
import { askRederive, askRework } from './adapters/work.sql.ts'
import { putEdges } from './put-edges.ts'
import type { Flip } from './settle.ts'

/** More edges than this are derived behind live changes, in chunks. */
export const inlineEdges = 2_000

export interface Propagation {
  readonly tx: Tx
  readonly out: Out
  readonly now: Date
  readonly flips: readonly Flip[]
  /** Identities that objects were added to, or whose objects changed their SID. */
  readonly regrouped: readonly string[]
  /** Identities that were resolved together: they have seen one another. */
  readonly settled: ReadonlySet<string>
}

/** A group that goes is one record that voids its edges; their tombstones follow in the background. Returns whether work is left. */
export async function propagate(of: Propagation): Promise<boolean> {
  const { tx, flips } = of
  const anchors = [...new Set([...flips.map((flip) => flip.anchor), ...of.regrouped])]
  if (anchors.length === 0) return false
  await lockLiveness(tx)
  const others = (await referrers(tx, anchors)).filter((anchor) => !of.settled.has(anchor))
  await askRework(tx, others)
  const gone = new Set(flips.filter((flip) => flip.kind === 'group' && !flip.isLive).map((flip) => flip.anchor))
  const groups = anchors.filter((anchor) => !gone.has(anchor))
  const pairs = await pairsAt(tx, { groups, members: anchors, limit: inlineEdges + 1 })
  if (pairs.length > inlineEdges) {
    await askRederive(tx, anchors)
    return true
  }
  await askRederive(tx, [...gone])
  await putEdges(of, await derivePairs(tx, pairs))
  return others.length > 0 || gone.size > 0
}
