/** The loop behind intake: opens the barrier, drains what is left for later, lets watermarks go on. */
import { type Component, type Log, type RunningStage, type Sql } from '@canopy/chassis'
import type { Rules } from './core/rules.ts'
import type { Gate } from './gate.ts'
export interface Worker extends Component {
  /** There may be something to do. */
  wake(): void
}
export interface WorkerParts {
  readonly stage: RunningStage
  readonly rules: Rules
}
export interface WorkerOptions {
  readonly sql: Sql
  readonly log: Log
  readonly now: () => Date
  readonly gate: Gate
  readonly pollMs: number
  /** Undefined until there is a configuration. */
  readonly parts: () => WorkerParts | undefined
  /** Looks for rules that may be used from now on. */
  readonly refresh: () => Promise<void>
}
export declare function worker(options: WorkerOptions): Worker
/** Everything there is to do now. Watermarks go on once nothing is left. */
export declare function drain(options: WorkerOptions, parts: WorkerParts, isStopped?: () => boolean): Promise<void>
