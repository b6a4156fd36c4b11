/** Appends to the PostgreSQL bus: one short transaction per segment, fenced by the deadline on the server's clock. */
import { performance } from 'node:perf_hooks'
import type { Sql } from '../sql/sql.ts'
import type { Bus, BusRecord } from './bus.ts'
import { type PartitionEnds, partitionKey } from './ends.ts'
import { appendedTooLate, unknownPartition } from './failures.ts'
import { appendSegment, serverClockMs } from './postgres.sql.ts'
import type { RecentSegments } from './recent.ts'
import { encodeSegment, split } from './segment.ts'

/** Other processes are told of new records at most this often. */
const hintPauseMs = 20
/** How long a comparison of the two clocks is good for. */
const clockAgeMs = 10_000

export interface AppenderOptions {
  readonly sql: Sql
  readonly channel: string
  readonly self: string
  readonly ends: PartitionEnds
  readonly recent: RecentSegments
  readonly onError: (error: unknown) => void
}

export class PostgresAppender {
  readonly #options: AppenderOptions
  /** The last append of each partition: they take turns here rather than on the row's lock. */
  readonly #turns = new Map<string, Promise<void>>()
  #clock: { readonly readAtMs: number; readonly aheadMs: number } | undefined
  #hint: NodeJS.Timeout | undefined
  #lastHintMs = 0
  #hinting: Promise<void> = Promise.resolve()

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  append(request: Parameters<Bus['append']>[0]): Promise<void> {
    const key = partitionKey(request.topic.name, request.partition)
    const mine = (this.#turns.get(key) ?? Promise.resolve()).then(() => this.#append(key, request))
    const turn = mine.catch(() => {})
    this.#turns.set(key, turn)
    void turn.then(() => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    })
    return mine
  }

  async close(): Promise<void> {
    await Promise.all(this.#turns.values())
    clearTimeout(this.#hint)
    await this.#hinting
  }

  async #append(key: string, { topic, partition, records, deadlineMs }: Parameters<Bus['append']>[0]): Promise<void> {
    for (const run of split(records)) {
      if (performance.now() >= deadlineMs) throw appendedTooLate(key)
      await this.#appendRun({ key, topic: topic.name, partition, run, deadlineMs })
    }
  }

  async #appendRun(of: {
    key: string
    topic: string
    partition: number
    run: readonly BusRecord[]
    deadlineMs: number
  }): Promise<void> {
    const { sql, ends, recent } = this.#options
    const data = encodeSegment(of.run)
    const deadlineMs = of.deadlineMs + (await this.#serverAheadMs())
    const { topic, partition } = of
    const base = await appendSegment(sql, { topic, partition, count: of.run.length, deadlineMs, data })
    if (base === null) throw appendedTooLate(of.key)
    if (base < 0n) throw unknownPartition(of.key)
    const end = base + BigInt(of.run.length)
    if (ends.isWatched(topic)) recent.add(of.key, { baseOffset: base, lastOffset: end - 1n, data })
    ends.saw(of.key, end)
    this.#scheduleHint()
  }

  /**
   * Milliseconds to add to this process' monotonic clock to get the server's, never too many: the server read its
   * clock before the answer came, so a slow answer makes a deadline earlier.
   */
  async #serverAheadMs(): Promise<number> {
    if (this.#clock === undefined || performance.now() - this.#clock.readAtMs > clockAgeMs) {
      const serverMs = await serverClockMs(this.#options.sql)
      const readAtMs = performance.now()
      this.#clock = { readAtMs, aheadMs: serverMs - readAtMs }
    }
    return this.#clock.aheadMs
  }

  #scheduleHint(): void {
    if (this.#hint !== undefined) return
    const { sql, channel, self, onError } = this.#options
    const waitMs = Math.max(0, this.#lastHintMs + hintPauseMs - performance.now())
    this.#hint = setTimeout(() => {
      this.#hint = undefined
      this.#lastHintMs = performance.now()
      this.#hinting = sql.notify(channel, self).catch(onError)
    }, waitMs)
  }
}
