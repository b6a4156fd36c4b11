/** What follows where an identity came alive, stopped being it, or got another object: its edges and who refers to it. */
import type { Out, Tx } from '@canopy/chassis'
import type { Flip } from './settle.ts'
/** More edges than this are derived behind live changes, in chunks. */
export declare const inlineEdges = 2000
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
export declare function propagate(of: Propagation): Promise<boolean>
