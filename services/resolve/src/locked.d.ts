/** Locks identities with everything that belongs to them, then reads them again. */
import { type Tx } from '@canopy/chassis'
import { type Outline } from './adapters/contributions.sql.ts'
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
export declare function lockIdentities(
  tx: Tx,
  of: {
    readonly incoming: readonly Lockable[]
    readonly anchors: readonly string[]
  },
): Promise<Locked>
