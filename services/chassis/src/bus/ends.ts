/** Knows how far each partition that is read here reaches: by appends of this process, by hints, and by one poll a second. */
import type { Sql } from '../sql/sql.ts'
import { partitionEnds } from './postgres.sql.ts'

const pollMs = 1_000
/** Hints of other processes are looked into at most this often. */
const hintPauseMs = 20

export const partitionKey = (topic: string, partition: number): string => `${topic}/${partition}`

export interface PartitionEndsOptions {
  readonly sql: Sql
  readonly channel: string
  /** Hints with this payload are our own. */
  readonly self: string
  readonly onError: (error: unknown) => void
}

/** One poll for all partitions of the process; nothing runs while nobody reads. */
export class PartitionEnds {
  readonly #options: PartitionEndsOptions
  readonly #ends = new Map<string, bigint>()
  readonly #watched = new Map<string, number>()
  readonly #waiting = new Map<string, Set<() => void>>()
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined
  #unlisten: Promise<() => Promise<void>> | undefined
  #hinted = false
  #closed = false

  constructor(options: PartitionEndsOptions) {
    this.#options = options
  }

  /** Starts to follow the ends of a topic; returns the way to stop. */
  watch(topic: string): () => void {
    this.#watched.set(topic, (this.#watched.get(topic) ?? 0) + 1)
    this.#unlisten ??= this.#listen()
    this.#schedule(0)
    let watching = true
    return () => {
      if (!watching) return
      watching = false
      const left = (this.#watched.get(topic) ?? 1) - 1
      if (left > 0) this.#watched.set(topic, left)
      else this.#watched.delete(topic)
    }
  }

  isWatched(topic: string): boolean {
    return this.#watched.has(topic)
  }

  /** The newest known end; undefined until it was first seen. */
  of(key: string): bigint | undefined {
    return this.#ends.get(key)
  }

  /** Somebody saw that the partition reaches at least this far. */
  saw(key: string, end: bigint): void {
    const known = this.#ends.get(key)
    if (known !== undefined && known >= end) return
    this.#ends.set(key, end)
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return
    this.#waiting.delete(key)
    for (const wake of waiting) wake()
  }

  /** Resolves when the partition reaches beyond `offset`, or the signal is aborted. */
  async beyond(key: string, offset: bigint, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (this.#ends.get(key) ?? 0n) <= offset) {
      await new Promise<void>((resolve) => {
        const waiting = this.#waiting.get(key) ?? new Set()
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          waiting.delete(wake)
          resolve()
        }
        signal.addEventListener('abort', wake)
        waiting.add(wake)
        this.#waiting.set(key, waiting)
      })
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#polling
    const stop = await this.#unlisten?.catch(() => undefined)
    await stop?.()
  }

  #listen(): Promise<() => Promise<void>> {
    const { sql, channel, self, onError } = this.#options
    const listening = sql.listen(channel, (payload) => {
      if (payload !== self) this.#schedule(hintPauseMs)
    })
    // Without hints the poll still finds everything; the next watch tries again.
    listening.catch((error: unknown) => {
      this.#unlisten = undefined
      onError(error)
    })
    return listening
  }

  #schedule(inMs: number): void {
    if (this.#closed || this.#watched.size === 0) return
    if (inMs < pollMs) {
      if (this.#hinted) return
      this.#hinted = true
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#polling !== undefined) return
      this.#hinted = false
      this.#polling = this.#poll().finally(() => {
        this.#polling = undefined
        const again = this.#hinted
        this.#hinted = false
        this.#schedule(again ? hintPauseMs : pollMs)
      })
    }, inMs)
  }

  async #poll(): Promise<void> {
    try {
      for (const { topic, partition, end } of await partitionEnds(this.#options.sql, [...this.#watched.keys()])) {
        this.saw(partitionKey(topic, partition), end)
      }
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
