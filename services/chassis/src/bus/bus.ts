/** The bus port: partitioned logs of keyed records, by Kafka or by PostgreSQL. */
import type { Topic } from '@canopy/proto'

export interface BusRecord {
  readonly key: string
  /** Undefined lets compaction forget the key. */
  readonly value: Uint8Array | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly timeMs: number
}

export interface StoredRecord extends BusRecord {
  readonly offset: bigint
}

export interface BusBatch {
  readonly topic: Topic
  readonly partition: number
  /** Ascending offsets, possibly with gaps; never empty. */
  readonly records: readonly StoredRecord[]
  /** The offset behind the last record of the partition when the batch was fetched. */
  readonly endOffset: bigint
  /** Aborted when the partition is taken away. */
  readonly signal: AbortSignal
}

export interface Consumption {
  readonly group: string
  readonly topics: readonly Topic[]
  /** Where a partition goes on: read at every assignment. 0n: from the beginning. */
  readonly position: (topic: Topic, partition: number) => Promise<bigint>
  /** One batch at a time per partition, at most 500 records. Throwing redelivers the batch after a pause. */
  readonly handle: (batch: BusBatch) => Promise<void>
  readonly onAssigned?: (assigned: readonly { topic: string; partition: number }[]) => void
}

export interface Consumer {
  /** Finishes the batches in flight, leaves the group. */
  close(): Promise<void>
}

export interface Bus {
  readonly kind: 'postgres' | 'kafka'
  /** Creates what is missing; a topic with another partition count is a Failure CANOPY-BUS-0002. */
  ensureTopics(topics: readonly Topic[]): Promise<void>
  partitions(topic: Topic): number
  /**
   * Appends in order, acknowledged by all replicas. Splits at 512 KB. Never starts a send that could end after
   * `deadlineMs` (monotonic, performance.now()); throws Failure CANOPY-BUS-0003 (transient) instead.
   */
  append(request: { topic: Topic; partition: number; records: readonly BusRecord[]; deadlineMs: number }): Promise<void>
  consume(consumption: Consumption): Promise<Consumer>
  /** Every partition from the beginning and onwards, without a group: for small topics each process knows whole. */
  follow(request: {
    topic: Topic
    /** `caughtUp` is true once, when the end at the time of the call has been delivered. */
    onRecords: (records: readonly StoredRecord[], caughtUp: boolean) => Promise<void>
  }): Promise<Consumer>
  endOffsets(topic: Topic): Promise<readonly bigint[]>
  /** Time behind which records of `delete` topics go, and older values of a key of `compact` ones. Embedded bus only; Kafka does it itself. */
  clean(): Promise<void>
  close(): Promise<void>
}
