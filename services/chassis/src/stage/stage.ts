/**
 * A stage: reads topics, changes its store and publishes what came of it, each batch in one transaction.
 *
 * The transaction of a batch holds: the business rows, the outbox segments, the next offset (compare-and-set on the one
 * before, so that a process that lost the partition cannot commit), the input watermarks. Whatever is killed, nothing is
 * lost and nothing is applied twice.
 */
import type { introspection, record, Topic } from '@canopy/proto'
import type { Tx } from '../sql/sql.ts'

/** One decoded record. */
export interface Incoming<M = unknown> {
  readonly topic: Topic<M>
  readonly partition: number
  readonly offset: bigint
  readonly key: string
  readonly message: M
  /** The message as it came: for stores that keep it whole. */
  readonly bytes: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  readonly timeMs: number
}

/** Collects what a transaction publishes; written as segments just before the commit. */
export interface Out {
  put<M>(topic: Topic<M>, key: string, message: M, headers?: Readonly<Record<string, string>>): void
  /** For the head of the pipeline, which reads no topic: to every partition of every output, behind what was put before. */
  putWatermark(watermark: record.Watermark): void
}

export interface StageBatch {
  readonly tx: Tx
  readonly out: Out
  /** All of one topic and partition, in order; watermarks are left out. */
  readonly records: readonly Incoming[]
  readonly topic: Topic
  readonly partition: number
}

export interface StageDefinition {
  /** Names the consumer group (`canopy.<name>`) and the leases. */
  readonly name: string
  readonly inputs: readonly Topic[]
  /** Watermarks are passed on to every partition of these. */
  readonly outputs: readonly Topic[]
  /**
   * Must be a function of the batch and the store. Throw Failure `permanent` with `at` = a record's key to park that
   * record; any other permanent failure is narrowed down by halving the batch; `conflict` halves at once.
   */
  handle(batch: StageBatch): Promise<void>
  /**
   * In the transaction in which the minimum over all input partitions rose. Return false to keep the watermark back
   * (then call `releaseWatermarks` of the running stage once it may go).
   */
  onWatermark?(tx: Tx, out: Out, watermark: record.Watermark): Promise<boolean>
}

export interface RunningStage {
  /** The minimum over the input partitions, as recorded. */
  watermarks(): Promise<record.Watermark[]>
  /** In a transaction of the service's own: passes on watermarks that `onWatermark` kept back. */
  releaseWatermarks(tx: Tx, out: Out): Promise<void>
  /** Publishes from a transaction of the service's own (sweeps, work): the outbox written with the transaction. */
  publish<T>(fn: (tx: Tx, out: Out) => Promise<T>): Promise<T>
  /** Asks the store and the bus. */
  status(): Promise<StageStatus>
  /** Newest first. */
  parked(limit: number): Promise<introspection.Parked[]>
  /** Handles the record again; false when there is none of this id. What goes wrong is thrown, and the record stays parked. */
  releaseParked(id: string): Promise<boolean>
  /** Finishes what is in flight; what is not published yet stays in the outbox. */
  close(): Promise<void>
}

/** `outbox`: records that wait to be published. */
export type StageStatus = Pick<introspection.ServiceStatus, 'watermarks' | 'lags' | 'parked' | 'outbox'>
