/** One target as the work half sees it: its directory, its policy, and whether it may be written now. */
import type { Mode } from '@canopy/domain'
import type { configuration } from '@canopy/proto'
import type { CloudDirectory, CloudFailure } from '../ports.ts'

export interface Target {
  readonly name: string
  readonly type: string
  readonly mode: Mode
  readonly directory: CloudDirectory
  readonly configuration: configuration.Target
  readonly health: TargetHealth
}

/** Pauses the whole target: throttled, or waiting for a credential. */
export class TargetHealth {
  #until = 0
  failure: CloudFailure | undefined

  pause(failure: CloudFailure, forMs: number): void {
    this.failure = failure
    this.#until = Math.max(this.#until, performance.now() + forMs)
  }

  answered(): void {
    this.failure = undefined
  }

  paused(): boolean {
    return performance.now() < this.#until
  }
}
