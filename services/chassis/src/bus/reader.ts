/** Reads one partition of the PostgreSQL bus in order, one fetch ahead of whoever handles it. */
import type { Sql } from '../sql/sql.ts'
import type { StoredRecord } from './bus.ts'
import { type PartitionEnds, partitionKey } from './ends.ts'
import { segmentsFrom } from './postgres.sql.ts'
import type { RecentSegments, Segment } from './recent.ts'
import { decodeSegment, maxSegmentBytes } from './segment.ts'

export interface Chunk {
  /** Empty where compaction or retention left nothing. */
  readonly records: readonly StoredRecord[]
  /** Where the next chunk starts. */
  readonly next: bigint
  /** The end of the partition as known when this was fetched. */
  readonly end: bigint
}

export interface ReaderOptions {
  readonly sql: Sql
  readonly ends: PartitionEnds
  readonly recent: RecentSegments
  readonly topic: string
  readonly partition: number
  readonly position: bigint
}

export class PartitionReader {
  readonly #options: ReaderOptions
  readonly #key: string
  #position: bigint
  #ahead: Promise<Chunk> | undefined

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#key = partitionKey(options.topic, options.partition)
    this.#position = options.position
  }

  get position(): bigint {
    return this.#position
  }

  /** Waits for records behind the position; undefined once the signal is aborted. Throws what the store throws. */
  async next(signal: AbortSignal): Promise<Chunk | undefined> {
    const ahead = this.#ahead
    this.#ahead = undefined
    if (ahead === undefined) await this.#options.ends.beyond(this.#key, this.#position, signal)
    if (signal.aborted) return undefined
    const chunk = await (ahead ?? this.#fetch())
    this.#position = chunk.next
    if ((this.#options.ends.of(this.#key) ?? 0n) > this.#position) {
      this.#ahead = this.#fetch()
      // Whoever takes it meets the error; until then it is nobody's.
      this.#ahead.catch(() => {})
    }
    return chunk
  }

  async #fetch(): Promise<Chunk> {
    const { ends, recent, sql, topic, partition } = this.#options
    const offset = this.#position
    // Read before the segments: everything below it is visible to them.
    const end = ends.of(this.#key) ?? 0n
    let segments: readonly Segment[] = recent.from(this.#key, offset, maxSegmentBytes)
    if (segments.length === 0) {
      segments = await segmentsFrom(sql, { topic, partition, offset, maxBytes: maxSegmentBytes })
    }
    const records: StoredRecord[] = []
    for (const segment of segments) {
      for (const record of decodeSegment(segment.baseOffset, segment.data)) {
        if (record.offset >= offset) records.push(record)
      }
    }
    const last = segments.at(-1)
    const next = last === undefined ? end : last.lastOffset + 1n
    return { records, next, end: end > next ? end : next }
  }
}
