/** Decisions: history as data, each under a version of its own. */
import type { Out, Tx } from '@canopy/chassis'
import { type desired } from '@canopy/proto'
export interface NewDecision {
  readonly id: string
  readonly body: desired.Decision['body']
  readonly reason: string
  readonly revoked?: boolean
}
/** Assigned once by nature, so it needs no row: the identity is its row. */
export declare function putAnchor(out: Out, of: desired.AnchorAssigned, at: Date): void
/** The last of several decisions on one id counts. */
export declare function writeDecisions(tx: Tx, out: Out, decisions: readonly NewDecision[], at: Date): Promise<void>
/** Of these claims, the ones a decision names a winner of. */
export declare function decidedClaims(tx: Tx, claims: readonly string[]): Promise<string[]>
