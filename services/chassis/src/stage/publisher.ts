/** Brings the outbox of a stage to the bus: a lane per output partition that this process holds the lease of. */
import type { Topic } from '@canopy/proto'
import type { Bus } from '../bus/bus.ts'
import { classify } from '../failure.ts'
import type { LeasePool } from '../lease/lease.ts'
import { joinLeasePool } from '../lease/pool.ts'
import type { Sql } from '../sql/sql.ts'
import type { Log } from '../telemetry/log.ts'
import { FreshSegments } from './fresh-segments.ts'
import { Lane } from './lane.ts'
import type { StageObserver } from './observer.ts'
import type { WrittenSegment } from './out.ts'
import { cleanOutbox, readWaiting } from './tables.sql.ts'

export interface PublisherOptions {
  readonly sql: Sql
  readonly bus: Bus
  readonly stage: string
  readonly outputs: readonly Topic[]
  readonly instance: string
  readonly log: Log
  readonly observer: StageObserver
  readonly leaseTtlMs: number
  /** Batches wait while more bytes than this are not published. */
  readonly maxQueuedBytes: number
}

const channel = 'outbox'
const pollMs = 1_000
const hintEveryMs = 20
const cleanEveryMs = 10_000
/** How long a sent row is kept: longer than any take-over window. */
const keepSentMs = 60_000
/** The time a produce request may take on its way, on top of the lease. */
const produceMs = 6_000

export class Publisher {
  readonly #options: PublisherOptions
  readonly #names = new Map<string, { topic: Topic; partition: number }>()
  readonly #lanes = new Map<string, Lane>()
  readonly #waiters = new Set<() => void>()
  readonly #hinting = new Set<string>()
  readonly #fresh = new FreshSegments()
  #hintTimer: NodeJS.Timeout | undefined
  #pollTimer: NodeJS.Timeout | undefined
  #pool: LeasePool | undefined
  #stopListening: (() => Promise<void>) | undefined
  #queuedBytes = 0
  #cleanedMs = 0
  #closed = false
  #polling: Promise<void> = Promise.resolve()

  constructor(options: PublisherOptions) {
    this.#options = options
    for (const topic of options.outputs) {
      for (let partition = 0; partition < options.bus.partitions(topic); partition++) {
        this.#names.set(nameOf(topic.name, partition), { topic, partition })
      }
    }
  }

  async start(): Promise<void> {
    if (this.#names.size === 0) return
    const { sql, instance, log, stage, leaseTtlMs } = this.#options
    this.#stopListening = await sql.listen(channel, (payload) => this.#hinted(payload))
    let joined = (): void => undefined
    const ready = new Promise<void>((resolve) => {
      joined = resolve
    })
    this.#pool = await joinLeasePool(
      {
        pool: poolOf(stage),
        names: [...this.#names.keys()],
        ttlMs: leaseTtlMs,
        onAcquired: ({ name }) => this.#open(name, ready),
        onLost: async ({ name }) => this.#lanes.get(name)?.stop(),
      },
      { sql, instance, log },
    )
    joined()
    this.#schedulePoll()
  }

  /** Called after the commit of a transaction that wrote these. */
  committed(segments: readonly WrittenSegment[]): void {
    for (const { topic, partition, records, entries, seq } of segments) {
      this.#queuedBytes += records.length
      const name = nameOf(topic, partition)
      if (this.#pool?.holds(name)) {
        this.#fresh.keep(seq, entries, records.length)
        this.#lanes.get(name)?.wake()
      } else this.#hinting.add(name)
    }
    if (this.#hinting.size > 0) this.#hintTimer ??= setTimeout(() => void this.#hint(), hintEveryMs)
  }

  /** Resolves when there is room in the outbox, or the signal is aborted. */
  async room(signal?: AbortSignal): Promise<void> {
    while (this.#queuedBytes > this.#options.maxQueuedBytes && !this.#closed && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#waiters.delete(go)
          signal?.removeEventListener('abort', go)
          resolve()
        }
        this.#waiters.add(go)
        signal?.addEventListener('abort', go, { once: true })
      })
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#pollTimer)
    clearTimeout(this.#hintTimer)
    for (const go of [...this.#waiters]) go()
    await this.#stopListening?.()
    await this.#polling
    await this.#pool?.close()
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()))
  }

  #open(name: string, ready: Promise<void>): void {
    const at = this.#names.get(name)
    if (!at || this.#closed) return
    const { sql, bus, stage, log, observer, leaseTtlMs } = this.#options
    const before = this.#lanes.get(name)?.done ?? Promise.resolve()
    const lane = new Lane(
      {
        ...at,
        sql,
        bus,
        stage,
        log,
        observer,
        fresh: this.#fresh,
        pool: poolOf(stage),
        lease: () => this.#pool?.holds(name),
        windowMs: leaseTtlMs + produceMs,
        onSent: (bytes) => this.#sent(bytes),
      },
      Promise.all([before, ready]).then(() => undefined),
    )
    this.#lanes.set(name, lane)
  }

  #sent(bytes: number): void {
    this.#queuedBytes = Math.max(0, this.#queuedBytes - bytes)
    if (this.#queuedBytes <= this.#options.maxQueuedBytes) for (const go of [...this.#waiters]) go()
  }

  #hinted(payload: string): void {
    const [stage, ...names] = payload.split('\n')
    if (payload === '') for (const lane of this.#lanes.values()) lane.wake()
    else if (stage === this.#options.stage) for (const name of names) this.#lanes.get(name)?.wake()
  }

  async #hint(): Promise<void> {
    this.#hintTimer = undefined
    const names = [...this.#hinting]
    this.#hinting.clear()
    if (this.#closed) return
    // A notification carries at most 8,000 bytes.
    await this.#options.sql
      .notify(channel, [this.#options.stage, ...names.slice(0, 100)].join('\n'))
      .catch(() => undefined)
  }

  #schedulePoll(): void {
    if (this.#closed) return
    this.#pollTimer = setTimeout(() => {
      this.#polling = this.#poll().finally(() => this.#schedulePoll())
    }, pollMs)
  }

  /** Hints may be lost, and the bytes counted here are this process' alone: the store knows both. */
  async #poll(): Promise<void> {
    try {
      const waiting = await readWaiting(this.#options.sql, this.#options.stage)
      this.#queuedBytes = waiting.reduce((sum, each) => sum + each.bytes, 0)
      for (const { topic, partition } of waiting) this.#lanes.get(nameOf(topic, partition))?.wake()
      this.#sent(0)
      if (performance.now() - this.#cleanedMs < cleanEveryMs) return
      this.#cleanedMs = performance.now()
      while (!this.#closed && (await cleanOutbox(this.#options.sql, this.#options.stage, keepSentMs)) === 2_000);
    } catch (error) {
      this.#options.log.warn({ stage: this.#options.stage, code: classify(error).code }, 'the outbox was not looked at')
    }
  }
}

const nameOf = (topic: string, partition: number): string => `${topic}/${partition}`
const poolOf = (stage: string): string => `publish.${stage}`
