/** A pool of leases in PostgreSQL: each live member holds its fair share, and a deadline ends before the row expires. */
import { randomUUID } from 'node:crypto'
import type { Sql } from '../sql/sql.ts'
import type { Log } from '../telemetry/log.ts'
import type { Lease, LeasePool, LeasePoolOptions } from './lease.ts'
import { acquire, enter, leave, type Owner, release, renew } from './pool.sql.ts'
import { fairShare } from './share.ts'

export interface LeaseGround {
  readonly sql: Sql
  /** Shown in the rows; each pool adds to it what makes it unique. */
  readonly instance: string
  readonly log?: Log
}

const defaultTtlMs = 6_000
const channel = 'lease'
/** What clocks may run apart during one ttl, and what a check before a send takes. */
const marginShare = 1 / 12
const hintPauseMs = 15

/**
 * Joins a pool; what is free of its fair share is held when the promise resolves.
 *
 * A lease's deadline counts from the moment the renewing statement was sent, by the monotonic clock, less a margin; the
 * row expires `ttlMs` after the statement ran, by the database's clock. So a holder stops before anybody else may start,
 * however long it was suspended in between.
 */
export async function joinLeasePool(options: LeasePoolOptions, ground: LeaseGround): Promise<LeasePool> {
  const pool = new PostgresLeasePool(options, ground)
  await pool.join()
  return pool
}

class PostgresLeasePool implements LeasePool {
  readonly #options: LeasePoolOptions
  readonly #ground: LeaseGround
  readonly #self: Owner
  readonly #held = new Map<string, Lease>()
  /** Given back, and their `onLost` still runs. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #released: Lease[] = []
  #ticking: Promise<void> | undefined
  #tickAgain = false
  #timer: NodeJS.Timeout | undefined
  #nextTickMs = 0
  #watchTimer: NodeJS.Timeout | undefined
  #stopListening: (() => Promise<void>) | undefined
  #closing: Promise<void> | undefined

  constructor(options: LeasePoolOptions, ground: LeaseGround) {
    this.#options = options
    this.#ground = ground
    const owner = `${ground.instance}/${randomUUID().slice(0, 8)}`
    this.#self = { pool: options.pool, owner, ttlMs: options.ttlMs ?? defaultTtlMs }
  }

  async join(): Promise<void> {
    await enter(this.#ground.sql, this.#self.pool, this.#options.names)
    this.#stopListening = await this.#ground.sql.listen(channel, (payload) => this.#hinted(payload))
    await this.#tick()
    await this.#hint()
  }

  held(): readonly Lease[] {
    const now = performance.now()
    return [...this.#held.values()].filter((lease) => lease.deadlineMs > now)
  }

  holds(name: string): Lease | undefined {
    const lease = this.#held.get(name)
    return lease && lease.deadlineMs > performance.now() ? lease : undefined
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave()
    return this.#closing
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#stopListening?.()
    await this.#ticking
    clearTimeout(this.#timer)
    for (const lease of [...this.#held.values()]) this.#giveBack(lease)
    await Promise.all(this.#leaving.values())
    clearTimeout(this.#watchTimer)
    try {
      await this.#flushReleased()
      await leave(this.#ground.sql, this.#self)
      await this.#hint()
    } catch (error) {
      // The rows expire by themselves.
      this.#warn(error, 'leases were not given back')
    }
  }

  #hinted(payload: string): void {
    const [pool, owner] = payload.split('\n')
    if (payload !== '' && (pool !== this.#self.pool || owner === this.#self.owner)) return
    // A tick that is on its way may have looked already.
    if (this.#ticking) this.#tickAgain = true
    this.#schedule(hintPauseMs)
  }

  async #hint(): Promise<void> {
    await this.#ground.sql.notify(channel, `${this.#self.pool}\n${this.#self.owner}`)
  }

  /** The earlier of what is planned and `inMs`. */
  #schedule(inMs: number): void {
    if (this.#closing) return
    const atMs = performance.now() + inMs
    if (this.#timer && this.#nextTickMs <= atMs) return
    clearTimeout(this.#timer)
    this.#nextTickMs = atMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#tick()
    }, inMs)
  }

  #tick(): Promise<void> {
    this.#ticking ??= this.#work().finally(() => {
      this.#ticking = undefined
      if (!this.#tickAgain) return
      this.#tickAgain = false
      this.#schedule(hintPauseMs)
    })
    return this.#ticking
  }

  async #work(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    let nextMs = this.#self.ttlMs / 3
    try {
      this.#dropLapsed()
      nextMs = Math.min(nextMs, (await this.#balance()) ?? nextMs)
    } catch (error) {
      this.#warn(error, 'leases were not renewed')
      nextMs = this.#self.ttlMs / 6
      this.#dropLapsed()
    }
    this.#watch()
    this.#schedule(Math.max(hintPauseMs, nextMs))
  }

  /** Returns when it is worth coming back, if sooner than the next renewal. */
  async #balance(): Promise<number | undefined> {
    const { sql } = this.#ground
    const { names } = this.#options
    const sentMs = performance.now()
    const renewal = await renew(sql, { ...this.#self, held: [...this.#held.keys()], names })
    const renewed = new Set(renewal.renewed)
    for (const lease of [...this.#held.values()]) {
      if (renewed.has(lease.name)) this.#held.set(lease.name, { ...lease, deadlineMs: this.#deadline(sentMs) })
      else this.#lost(lease)
    }
    this.#watch()
    const share = fairShare({ ...this.#self, names: names.length, members: renewal.members })
    const surplus = [...this.#held.values()].slice(share)
    for (const lease of surplus) this.#giveBack(lease)
    if (this.#closing || this.#held.size >= share) return undefined
    await this.#take(share - this.#held.size)
    if (this.#held.size >= share) return undefined
    return renewal.nextFreeMs === undefined ? undefined : renewal.nextFreeMs + 20
  }

  async #take(limit: number): Promise<void> {
    const names = this.#options.names.filter((name) => !this.#held.has(name) && !this.#leaving.has(name))
    const sentMs = performance.now()
    const got = await acquire(this.#ground.sql, { ...this.#self, names, limit })
    for (const { name, epoch } of got) {
      const lease: Lease = { name, epoch, deadlineMs: this.#deadline(sentMs) }
      this.#held.set(name, lease)
      this.#options.onAcquired?.(lease)
    }
  }

  /** Kept in the row until its user has let go, so that nobody starts too early; then free for others. */
  #giveBack(lease: Lease): void {
    this.#leaving.set(lease.name, this.#letGo(lease))
  }

  async #letGo(lease: Lease): Promise<void> {
    const inTime = await this.#lost(lease)
    this.#leaving.delete(lease.name)
    if (!inTime) return
    this.#released.push(lease)
    if (this.#closing) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    await this.#flushReleased()
      .then(
        (some) => (some ? this.#hint() : undefined),
        (error: unknown) => this.#warn(error, 'leases were not given back'),
      )
      .catch(() => undefined)
  }

  async #flushReleased(): Promise<boolean> {
    const leases = this.#released.splice(0)
    if (leases.length > 0) await release(this.#ground.sql, this.#self, leases)
    return leases.length > 0
  }

  /** True when the user let go before the deadline. */
  async #lost(lease: Lease): Promise<boolean> {
    this.#held.delete(lease.name)
    if (!this.#options.onLost) return true
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), Math.max(0, lease.deadlineMs - performance.now()))
    })
    try {
      return await Promise.race([this.#options.onLost(lease).then(() => true), late])
    } catch (error) {
      this.#warn(error, 'the user of a lease failed to let go')
      return false
    } finally {
      clearTimeout(timer)
    }
  }

  #dropLapsed(): void {
    const now = performance.now()
    for (const lease of [...this.#held.values()]) if (lease.deadlineMs <= now) void this.#lost(lease)
  }

  /** Apart from the renewals: a statement that hangs must not keep anybody from learning that a lease is over. */
  #watch(): void {
    clearTimeout(this.#watchTimer)
    const earliest = Math.min(...[...this.#held.values()].map((lease) => lease.deadlineMs))
    if (!Number.isFinite(earliest)) return
    this.#watchTimer = setTimeout(
      () => {
        this.#dropLapsed()
        this.#watch()
      },
      Math.max(0, Math.ceil(earliest - performance.now())),
    )
  }

  #deadline(sentMs: number): number {
    return sentMs + this.#self.ttlMs * (1 - marginShare)
  }

  #warn(error: unknown, message: string): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    this.#ground.log?.warn({ pool: this.#self.pool, code }, message)
  }
}
