/** Locks identities with everything that belongs to them, then reads them again. */
import { Failure } from '@canopy/chassis'
import { members, outlines } from './adapters/contributions.sql.js'
import { lockExclusive } from './adapters/locks.sql.js'
import { anchorKey, bucketOf, keysOf, sortedBuckets } from './core/lock-keys.js'
/**
 * What an identity is made of is read twice: before the lock, to know what to lock, and under it. Where something came in
 * between that the lock does not cover, the batch is a conflict: it is halved and comes again.
 */
export async function lockIdentities(tx, of) {
  const seen = await outlines(tx, {
    forests: of.incoming.map((one) => one.forest),
    guids: of.incoming.map((one) => one.guid),
    anchors: of.anchors,
  })
  const anchors = [...new Set([...of.anchors, ...seen.map((one) => one.anchor)])]
  const buckets = sortedBuckets(keys([...of.incoming, ...seen], anchors))
  await lockExclusive(tx, buckets)
  const fresh = await members(tx, anchors)
  const held = new Set(buckets)
  for (const { contribution } of fresh) {
    for (const key of keysOf(contribution)) if (!held.has(bucketOf(key))) throw changedMeanwhile()
  }
  return { members: fresh, anchors }
}
function* keys(objects, anchors) {
  for (const anchor of anchors) yield anchorKey(anchor)
  for (const object of objects) yield* keysOf(object)
}
const changedMeanwhile = () =>
  new Failure({ kind: 'conflict', code: 'CANOPY-RESOLVE-0001', message: 'an identity changed before it was locked' })
//# sourceMappingURL=locked.js.map
