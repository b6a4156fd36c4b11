/** Resolves identities from what is stored about them: the one place where desired objects are made. */
import type { Out, Tx } from '@canopy/chassis'
import type { Rules } from './core/rules.ts'
import type { Member } from './ports.ts'

type Headers = Readonly<Record<string, string>>
export interface SettleRequest {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  readonly now: Date
  /** Every member of every identity that is to be resolved, as it is now. */
  readonly members: readonly Member[]
  /** Identities without any member left among those to be resolved. */
  readonly anchors: readonly string[]
  /** Everything is decided for the first time: nothing can wait for these identities yet. */
  readonly isDeciding: boolean
  readonly headers?: ReadonlyMap<string, Headers>
}
/** An identity that became live, or stopped being it. */
export interface Flip {
  readonly anchor: string
  readonly kind: string
  readonly isLive: boolean
}
export interface Settled {
  /** Who came alive and who did not stay it. */
  readonly flips: readonly Flip[]
  /** Other identities are to be resolved again. */
  readonly isWorkLeft: boolean
}
/** The caller holds the locks of all members. */
export declare function settle(request: SettleRequest): Promise<Settled>
