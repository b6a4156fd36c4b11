/** Opens the barrier: decides every identity in one deterministic order, then derives every edge, in resumable steps. */
import type { Out, Tx } from '@canopy/chassis'
import type { record } from '@canopy/proto'
import { type Barrier } from './adapters/barrier.sql.ts'
import type { Rules } from './core/rules.ts'
export interface Step {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  readonly now: Date
}
/** Forests of which not every directory partition is in. */
export declare function missingForests(rules: Rules, watermarks: readonly record.Watermark[]): string[]
/** One step towards the open barrier, alone: intake waits meanwhile. Returns where that led. */
export declare function step(of: Step): Promise<Barrier['state'] | 'blocked'>
