import type { desired } from '@canopy/proto'
import type { Rules } from './rules.ts'
export interface ClaimDesk {
  /** Gives up what `anchor` holds and does not want any more. */
  keepOnly(anchor: string, wanted: ReadonlySet<string>): void
  /** The holder, who is `anchor` where the claim was free. */
  take(claim: string, anchor: string): string
  /** What is different from the store. */
  changes(): {
    readonly taken: ReadonlyMap<string, string>
    readonly released: ReadonlyMap<string, string>
  }
}
/** `held`: claim → anchor, of every claim the batch wants or holds. */
export declare function claimDesk(held: ReadonlyMap<string, string>): ClaimDesk
/** A claim that another identity holds. */
export interface LostClaim {
  readonly claim: string
  readonly attribute: string
  readonly holder: string
  readonly effect: 'hold' | 'dropValue'
}
/**
 * Takes the claims of an identity's values and does to the values what losing one says: `dropValue` moves the value to the
 * losers and leaves an attribute that had no other value out, so that nothing is cleared; `hold` leaves it and holds the
 * object. A contact without its address is nothing, so it is held in any case.
 */
export declare function settleClaims(of: {
  readonly anchor: string
  readonly kind: string
  readonly attributes: {
    [attribute: string]: desired.DesiredValue
  }
  readonly rules: Rules
  readonly desk: ClaimDesk
}): readonly LostClaim[]
