/** Takes contributions in: stored until the barrier lets decisions be made, resolved at once afterwards. */
import type { Incoming, Out, Tx } from '@canopy/chassis'
import type { Barrier } from './adapters/barrier.sql.ts'
import type { Rules } from './core/rules.ts'
export interface Intake {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  readonly now: Date
  readonly state: Barrier['state']
  readonly records: readonly Incoming[]
}
/** Returns whether work is left for later. */
export declare function takeContributions(intake: Intake): Promise<boolean>
