/** Locks identities with everything that belongs to them, then reads them again. */
import { Failure, type Tx } from '@canopy/chassis'
import { members, type Outline, outlines } from './adapters/contributions.sql.ts'
import { lockExclusive } from './adapters/locks.sql.ts'
import { anchorKey, bucketOf, keysOf, sortedBuckets } from './core/lock-keys.ts'
import type { Member } from './ports.ts'

type Lockable = Pick<Outline, 'forest' | 'guid' | 'sid' | 'claims' | 'references'>

export interface Locked {
  /** Members as they are under the lock. */
  readonly members: readonly Member[]
  readonly anchors: readonly string[]
}

/**
 * What an identity is made of is read twice: before the lock, to know what to lock, and under it. Where something came in
 * between that the lock does not cover, the batch is a conflict: it is halved and comes again.
 */
export async function lockIdentities(
  tx: Tx,
  of: { readonly incoming: readonly Lockable[]; readonly anchors: readonly string[] },
): Promise<Locked> {
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

function* keys(objects: readonly Lockable[], anchors: readonly string[]): Generator<string> {
  for (const anchor of anchors) yield anchorKey(anchor)
  for (const object of objects) yield* keysOf(object)
}

const changedMeanwhile = (): Failure =>
  new Failure({ kind: 'conflict', code: 'CANOPY-RESOLVE-0001', message: 'an identity changed before it was locked' })
