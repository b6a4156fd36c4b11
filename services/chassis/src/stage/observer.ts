/** What a stage tells whoever wants to trace or count it; every call is cheap and may be left out. */
import type { Incoming } from './stage.ts'

export interface BatchInfo {
  readonly stage: string
  readonly topic: string
  readonly partition: number
  readonly records: readonly Incoming[]
}

export interface StageObserver {
  /** Wraps the handling of a batch, so that a span may be active in it. Must run `run` once and return its promise. */
  readonly around?: <T>(batch: BatchInfo, run: () => Promise<T>) => Promise<T>
  readonly batchStarted?: (batch: BatchInfo) => void
  /** `produced`: records put into the outbox. `lag`: records of the partition not handled yet. */
  readonly batchCommitted?: (batch: BatchInfo & { durationMs: number; produced: number; lag: number }) => void
  readonly batchFailed?: (batch: BatchInfo & { kind: string; code: string }) => void
  readonly recordParked?: (parked: {
    stage: string
    topic: string
    partition: number
    offset: bigint
    code: string
  }) => void
  readonly published?: (sent: {
    stage: string
    topic: string
    partition: number
    records: number
    bytes: number
    durationMs: number
  }) => void
}
