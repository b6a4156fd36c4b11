import { derivePairs, pairsAt } from './adapters/edges.sql.js'
import { lockLiveness } from './adapters/locks.sql.js'
import { referrers } from './adapters/references.sql.js'
import { askRederive, askRework } from './adapters/work.sql.js'
import { putEdges } from './put-edges.js'
/** More edges than this are derived behind live changes, in chunks. */
export const inlineEdges = 2_000
/** A group that goes is one record that voids its edges; their tombstones follow in the background. Returns whether work is left. */
export async function propagate(of) {
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
//# sourceMappingURL=propagate.js.map
