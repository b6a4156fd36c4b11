/** Claims and conflicts as rows: who holds a value, and who else wants it. */
import type { Queryable, Tx } from '@canopy/chassis'
import type { LostClaim } from '../core/claim-desk.ts'
/** Claim → holder, of the wanted claims and of everything that `anchors` hold. */
export declare function heldClaims(
  sql: Queryable,
  wanted: readonly string[],
  anchors: readonly string[],
): Promise<Map<string, string>>
/** Returns the identities that wait for what was released: they are resolved again. */
export declare function writeClaims(
  tx: Tx,
  changes: {
    readonly taken: ReadonlyMap<string, string>
    readonly released: ReadonlyMap<string, string>
  },
): Promise<string[]>
export interface Loss extends LostClaim {
  readonly loser: string
}
/** Replaces the conflicts that `losers` had; returns the claims that are contested now and were not contested by them. */
export declare function writeConflicts(tx: Tx, losers: readonly string[], losses: readonly Loss[]): Promise<Loss[]>
