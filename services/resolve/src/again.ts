/** Work behind live changes: identities resolved again, edges of large groups derived again in chunks. */
import type { Out, Tx } from '@canopy/chassis'
import { deriveEdges, derivePairs, nextDesiredEdges, nextSourceEdges, pairsAt } from './adapters/edges.sql.ts'
import { lockLiveness } from './adapters/locks.sql.ts'
import { type EdgeCursor, putRederive, type RederiveWork, takeRederive, takeRework } from './adapters/work.sql.ts'
import type { Rules } from './core/rules.ts'
import type { Versions } from './core/versions.ts'
import type { Gate } from './gate.ts'
import { lockIdentities } from './locked.ts'
import { propagate } from './propagate.ts'
import { putEdges } from './put-edges.ts'
import { settle } from './settle.ts'

const identitiesPerChunk = 200
const edgesPerChunk = 1_000
/** Groups that one member may be in before its edges would need chunks of their own. */
const groupsOfMember = 100_000

export interface Again {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  readonly versions?: Versions
  readonly now: Date
  readonly gate: Gate
}

/** False when nothing was left to do. Nothing is done before every identity is decided. */
export async function resolveAgain(of: Again): Promise<boolean> {
  const { tx } = of
  const state = await of.gate.enter(tx)
  if (state === 'waiting' || state === 'deciding') return false
  const taken = await takeRework(tx, identitiesPerChunk)
  if (taken.length === 0) return false
  const { members, anchors } = await lockIdentities(tx, { incoming: [], anchors: taken })
  const { flips } = await settle({ ...of, members, anchors, isDeciding: false })
  await propagate({ ...of, flips, regrouped: [], settled: new Set(anchors) })
  return true
}

/** False when nothing was left to do. */
export async function deriveAgain(of: Again): Promise<boolean> {
  const { tx } = of
  const state = await of.gate.enter(tx)
  if (state === 'waiting' || state === 'deciding') return false
  const work = await takeRederive(tx)
  if (!work) return false
  await lockIdentities(tx, { incoming: [], anchors: [work.anchor] })
  await lockLiveness(tx)
  await putRederive(tx, work.seq, await deriveChunk(of, work))
  return true
}

const desiredFrom = (member: string): EdgeCursor => ({ pass: 'desired', forest: '', group: '', member })

/** Where it goes on; undefined when all is derived. */
async function deriveChunk(of: Again, work: RederiveWork): Promise<EdgeCursor | undefined> {
  const { tx } = of
  const { anchor, cursor } = work
  if (!cursor) {
    const pairs = await pairsAt(tx, { groups: [], members: [anchor], limit: groupsOfMember })
    await putEdges(of, await derivePairs(tx, pairs))
  }
  if (cursor?.pass !== 'desired') {
    const keys = await nextSourceEdges(tx, { after: cursor, limit: edgesPerChunk, anchor })
    if (keys.length === 0) return desiredFrom('')
    await putEdges(of, await deriveEdges(tx, keys))
    return keys.at(-1)
  }
  const others = await nextDesiredEdges(tx, { anchor, after: cursor.member, limit: edgesPerChunk })
  const last = others.at(-1)
  if (last === undefined) return undefined
  await putEdges(
    of,
    await derivePairs(
      tx,
      others.map((member) => ({ group: anchor, member })),
    ),
  )
  return desiredFrom(last)
}
