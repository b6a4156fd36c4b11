/** Work behind live changes: identities resolved again, edges of large groups derived again in chunks. */
import type { Out, Tx } from '@canopy/chassis'
import type { Rules } from './core/rules.ts'
import type { Gate } from './gate.ts'
export interface Again {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  readonly now: Date
  readonly gate: Gate
}
/** False when nothing was left to do. Nothing is done before every identity is decided. */
export declare function resolveAgain(of: Again): Promise<boolean>
/** False when nothing was left to do. */
export declare function deriveAgain(of: Again): Promise<boolean>
