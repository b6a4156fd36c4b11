/** The SQL port on PostgreSQL, by the `pg` driver: a small pool, prepared statements, transactions with hooks. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { Failure } from '../failure.ts'
import type { Log } from '../telemetry/log.ts'
import { type ConnectionRequest, clientConfig, defaultTimeouts, type SqlTimeouts } from './connection.ts'
import { Listener } from './listener.ts'
import { encodeParameter } from './parameters.ts'
import type { Row, Sql, SqlValue, Tx } from './sql.ts'
import { isConnectionLost, isStalePlan, sqlFailure } from './sql-failure.ts'

export interface PostgresSqlOptions extends ConnectionRequest {
  /** Lower-case letters, digits and `_`; created by `migrate`. */
  readonly schema: string
  /** Connections, besides one for notifications when something listens. Default 4. */
  readonly poolSize?: number
  readonly timeouts?: Partial<SqlTimeouts>
  readonly log?: Log
}

/** Texts beyond this number are sent unprepared: they are made up as the program runs. */
const maxPrepared = 500
const severalStatements = /;\s*\S/

/** Connects once, so that a wrong address or password is told at the start (Failure CANOPY-SQL-0001 or -0002). */
export async function postgresSql(options: PostgresSqlOptions): Promise<Sql> {
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(options.schema)) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-SQL-0006',
      message: `schema name ${options.schema} is not allowed`,
    })
  }
  const sql = new PostgresSql(options)
  try {
    await sql.query('select 1')
  } catch (error) {
    await sql.close()
    throw error
  }
  return sql
}

class PostgresSql implements Sql {
  readonly schema: string
  readonly #pool: pg.Pool
  readonly #listener: Listener
  readonly #statements = new Statements()
  readonly #log: Log | undefined
  #closing: Promise<void> | undefined

  constructor(options: PostgresSqlOptions) {
    this.schema = options.schema
    this.#log = options.log
    const config = clientConfig(options, options.schema, { ...defaultTimeouts, ...options.timeouts })
    this.#pool = new pg.Pool({ ...config, max: options.poolSize ?? 4, idleTimeoutMillis: 60_000 })
    // A connection that breaks while nobody uses it, or between two statements, is an event without a waiter.
    this.#pool.on('error', () => undefined)
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
    this.#listener = new Listener({ ...config, application_name: `canopy.${options.schema}.listen` }, options.log)
  }

  async query<R extends Row>(text: string, params?: readonly SqlValue[]): Promise<R[]> {
    const client = await this.#checkout(text)
    let broken = false
    try {
      return await this.#run<R>(client, text, params)
    } catch (error) {
      broken = isConnectionLost(error) || isStalePlan(error)
      throw error
    } finally {
      client.release(broken)
    }
  }

  async tx<T>(fn: (tx: Tx) => Promise<T>, options?: { isolation?: 'repeatable read' }): Promise<T> {
    const client = await this.#checkout('begin')
    const hooks: (() => void)[] = []
    let open = true
    let broken = false
    const tx: Tx = {
      query: (text, params) => (open ? this.#run(client, text, params) : Promise.reject(overFailure())),
      afterCommit: (hook) => void hooks.push(hook),
    }
    let result: T
    try {
      await this.#control(client, options?.isolation ? `begin isolation level ${options.isolation}` : 'begin')
      result = await fn(tx)
      open = false
      const done = await this.#control(client, 'commit')
      // PostgreSQL answers ROLLBACK when a statement had failed and somebody swallowed its error.
      if (done !== 'COMMIT') throw swallowedFailure()
    } catch (error) {
      open = false
      broken = isConnectionLost(error) || isStalePlan(error)
      if (!broken)
        broken = await this.#control(client, 'rollback').then(
          () => false,
          () => true,
        )
      throw error
    } finally {
      client.release(broken)
    }
    for (const hook of hooks) this.#call(hook)
    return result
  }

  listen(channel: string, fn: (payload: string) => void): Promise<() => Promise<void>> {
    return this.#listener.listen(this.#channel(channel), (payload) => this.#call(() => fn(payload)))
  }

  async notify(channel: string, payload = ''): Promise<void> {
    await this.query('select pg_notify($1, $2)', [this.#channel(channel), payload])
  }

  /** Waits for what runs. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#listener.close(), this.#pool.end()]).then(() => undefined)
    return this.#closing
  }

  async #checkout(text: string): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw sqlFailure(error, text)
    }
  }

  async #run<R extends Row>(client: pg.PoolClient, text: string, params?: readonly SqlValue[]): Promise<R[]> {
    try {
      // A script of several statements cannot be prepared; it has no parameters either.
      if (params === undefined && severalStatements.test(text)) {
        const result: pg.QueryResult<R> | pg.QueryResult<R>[] = await client.query<R>(text)
        return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows
      }
      const values = params?.map(encodeParameter) ?? []
      const result = await client.query<R>({ name: this.#statements.nameOf(text), text, values })
      return result.rows
    } catch (error) {
      throw sqlFailure(error, text)
    }
  }

  async #control(client: pg.PoolClient, text: string): Promise<string> {
    try {
      return (await client.query(text)).command
    } catch (error) {
      throw sqlFailure(error, text)
    }
  }

  /** Channels belong to the database; each schema has its own. */
  #channel(channel: string): string {
    const name = `${this.schema}.${channel}`
    return name.length <= 63 ? name : createHash('sha256').update(name).digest('hex').slice(0, 60)
  }

  #call(hook: () => void): void {
    try {
      hook()
    } catch (error) {
      this.#log?.error({ error: error instanceof Error ? error.name : 'unknown' }, 'a hook of the store failed')
    }
  }
}

class Statements {
  readonly #names = new Map<string, string>()

  nameOf(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known || this.#names.size >= maxPrepared) return known
    const name = createHash('sha256').update(text).digest('base64url').slice(0, 22)
    this.#names.set(text, name)
    return name
  }
}

const overFailure = (): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-SQL-0007',
    message: 'a statement came after the end of its transaction',
  })

const swallowedFailure = (): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-SQL-0008',
    message: 'a statement of the transaction failed unnoticed, so the commit was a rollback',
  })
