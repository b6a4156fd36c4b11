/** Publishes the outbox rows of one output partition, in order, while this process holds its lease. */
import { record, type Topic } from '@canopy/proto'
import type { Bus, BusRecord } from '../bus/bus.ts'
import { classify, Failure } from '../failure.ts'
import type { Lease } from '../lease/lease.ts'
import type { Sql } from '../sql/sql.ts'
import type { Log } from '../telemetry/log.ts'
import type { FreshSegments } from './fresh-segments.ts'
import type { StageObserver } from './observer.ts'
import {
  markSent,
  type OutboxRow,
  type Partition,
  readRecords,
  readUnsent,
  type Ticket,
  unsendWindow,
} from './tables.sql.ts'

export interface LaneOptions {
  readonly sql: Sql
  readonly bus: Bus
  readonly stage: string
  readonly topic: Topic
  readonly partition: number
  readonly log: Log
  readonly observer: StageObserver
  /** The pool of the lease. */
  readonly pool: string
  /** The lease as it is now; undefined when it is no longer held. */
  readonly lease: () => Lease | undefined
  /** Rows sent within this time before the take-over are published again, in order. */
  readonly windowMs: number
  readonly onSent: (bytes: number) => void
  readonly fresh: FreshSegments
}

const firstPauseMs = 50
const longestPauseMs = 5_000

export class Lane {
  readonly #options: LaneOptions
  readonly #at: Partition
  #stopped = false
  #work = true
  #wakeUp: (() => void) | undefined
  readonly #done: Promise<void>

  /** `after`: settles when an earlier lane of the same partition has ended. */
  constructor(options: LaneOptions, after: Promise<void>) {
    this.#options = options
    this.#at = { stage: options.stage, topic: options.topic.name, partition: options.partition }
    this.#done = after.then(() => this.#run())
  }

  get done(): Promise<void> {
    return this.#done
  }

  wake(): void {
    this.#work = true
    this.#wakeUp?.()
  }

  /** Starts nothing new; resolves when what is in flight is over. */
  stop(): Promise<void> {
    this.#stopped = true
    this.#wakeUp?.()
    return this.#done
  }

  async #run(): Promise<void> {
    let pauseMs = 0
    let takenOver = false
    while (!this.#stopped) {
      try {
        if (pauseMs > 0) await this.#sleep(pauseMs)
        if (this.#stopped) return
        takenOver ||= await this.#takeOver()
        if (!takenOver || !(await this.#next())) await this.#sleep(takenOver ? undefined : firstPauseMs)
        pauseMs = 0
      } catch (error) {
        const failure = classify(error)
        pauseMs = failure.retryAfterMs ?? Math.min(longestPauseMs, Math.max(firstPauseMs, pauseMs * 2))
        const { stage, topic, partition } = this.#at
        if (!this.#stopped) {
          this.#options.log.warn({ stage, topic, partition, code: failure.code, pauseMs }, 'publishing is tried again')
        }
      }
    }
  }

  /**
   * The holder before may have had a send on its way that landed behind a newer one. Whatever was sent in that time is
   * unsent again, in one statement, and then published in order with the rest: a holder that ends half-way leaves the
   * rest unsent to the next one, so the last record of each key is always its newest. Handling twice is harmless.
   */
  async #takeOver(): Promise<boolean> {
    const ticket = this.#ticket()
    return (
      ticket !== undefined && unsendWindow(this.#options.sql, ticket, { ...this.#at, windowMs: this.#options.windowMs })
    )
  }

  /** False when there is nothing to do. */
  async #next(): Promise<boolean> {
    this.#work = false
    const rows = await readUnsent(this.#options.sql, this.#at)
    const ticket = this.#ticket()
    if (rows.length === 0 || !ticket || !(await this.#send(rows))) return false
    const seqs = rows.map((row) => row.seq)
    // Marked by somebody who lost the lease, a row might be taken for sent that the new holder is about to send again.
    if (!(await markSent(this.#options.sql, ticket, seqs))) return false
    this.#options.onSent(rows.reduce((sum, row) => sum + row.bytes, 0))
    this.#work = true
    return true
  }

  #ticket(): Ticket | undefined {
    const lease = this.#options.lease()
    return lease && { pool: this.#options.pool, name: lease.name, epoch: lease.epoch }
  }

  /** False when the lease is gone. */
  async #send(rows: readonly OutboxRow[]): Promise<boolean> {
    const { bus, topic, partition, observer, stage } = this.#options
    const records = await this.#records(rows)
    const lease = this.#options.lease()
    if (!lease || this.#stopped) return false
    const startedMs = performance.now()
    await bus.append({ topic, partition, records, deadlineMs: lease.deadlineMs })
    observer.published?.({
      stage,
      topic: topic.name,
      partition,
      records: records.length,
      bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
      durationMs: performance.now() - startedMs,
    })
    return true
  }

  async #records(rows: readonly OutboxRow[]): Promise<BusRecord[]> {
    const { sql, fresh } = this.#options
    const known = rows.map((row) => fresh.take(row.seq))
    const missing = rows.filter((_, index) => known[index] === undefined)
    const read =
      missing.length > 0
        ? await readRecords(
            sql,
            missing.map((row) => row.seq),
          )
        : undefined
    return rows.flatMap((row, index) => busRecords(row, known[index] ?? decodeSegment(read?.get(row.seq))))
  }

  /** Until woken, or for a time. */
  async #sleep(ms?: number): Promise<void> {
    if (this.#stopped || (ms === undefined && this.#work)) return
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
      this.#wakeUp = () => {
        // A pause after a failure is kept, unless all is over.
        if (ms !== undefined && !this.#stopped) return
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wakeUp = undefined
  }
}

const decodeSegment = (bytes: Buffer | undefined): readonly record.Record[] => {
  if (bytes) return record.Segment.decode(bytes).records
  throw new Failure({ kind: 'transient', code: 'CANOPY-STAGE-0006', message: 'an outbox row went while it was read' })
}

function busRecords(row: OutboxRow, records: readonly record.Record[]): BusRecord[] {
  const timeMs = row.createdAt.getTime()
  return records.map(({ key, value, headers }) => ({
    key,
    value: value.length > 0 ? value : undefined,
    headers,
    timeMs,
  }))
}
