/** LISTEN on one connection of its own, which comes back by itself. */
import pg from 'pg'
import type { Log } from '../telemetry/log.ts'

type Listen = (payload: string) => void

const firstPauseMs = 100
const longestPauseMs = 5_000

/** Hints between processes. After a lost connection every listener is called once, as anything may have been missed. */
export class Listener {
  readonly #config: pg.ClientConfig
  readonly #log: Log | undefined
  readonly #listeners = new Map<string, Set<Listen>>()
  #client: pg.Client | undefined
  #connecting: Promise<void> | undefined
  #closed = false
  #retry: NodeJS.Timeout | undefined
  #pauseMs = firstPauseMs

  constructor(config: pg.ClientConfig, log: Log | undefined) {
    this.#config = config
    this.#log = log
  }

  async listen(channel: string, fn: Listen): Promise<() => Promise<void>> {
    const listeners = this.#listeners.get(channel)
    if (listeners) {
      listeners.add(fn)
    } else {
      this.#listeners.set(channel, new Set([fn]))
      await this.#connect()
      await this.#client?.query(`listen ${pg.escapeIdentifier(channel)}`).catch(() => undefined)
    }
    return () => this.#forget(channel, fn)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.#connecting?.catch(() => undefined)
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  async #forget(channel: string, fn: Listen): Promise<void> {
    const listeners = this.#listeners.get(channel)
    if (!listeners?.delete(fn) || listeners.size > 0) return
    this.#listeners.delete(channel)
    await this.#client?.query(`unlisten ${pg.escapeIdentifier(channel)}`).catch(() => undefined)
  }

  async #connect(): Promise<void> {
    if (this.#client || this.#closed) return
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined
    })
    await this.#connecting
  }

  async #open(): Promise<void> {
    const client = new pg.Client({ ...this.#config, keepAlive: true, query_timeout: 10_000 })
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', (message) => this.#deliver(message.channel, message.payload ?? ''))
    try {
      await client.connect()
      for (const channel of this.#listeners.keys()) await client.query(`listen ${pg.escapeIdentifier(channel)}`)
    } catch {
      await client.end().catch(() => undefined)
      this.#later()
      return
    }
    this.#pauseMs = firstPauseMs
    this.#client = client
  }

  #deliver(channel: string, payload: string): void {
    for (const fn of this.#listeners.get(channel) ?? []) fn(payload)
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    client.end().catch(() => undefined)
    this.#later()
  }

  #later(): void {
    if (this.#closed) return
    clearTimeout(this.#retry)
    this.#log?.warn({ pauseMs: this.#pauseMs }, 'the connection for notifications is gone; polling until it is back')
    this.#retry = setTimeout(() => void this.#again(), this.#pauseMs)
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2)
  }

  async #again(): Promise<void> {
    await this.#connect()
    if (!this.#client) return
    for (const channel of this.#listeners.keys()) this.#deliver(channel, '')
  }
}
