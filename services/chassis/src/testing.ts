/** Support for tests: a real PostgreSQL, shared by one test process, that is gone when the process is. */
import { spawn } from 'node:child_process'
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionRequest, SqlConnection } from './sql/connection.ts'
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './sql/embedded.ts'
import { migrate } from './sql/migrate.ts'
import { postgresSql } from './sql/postgres.ts'
import type { Sql } from './sql/sql.ts'

export { collect, type TestProcess, testProcess } from './test-process.ts'

export interface TestSql {
  readonly sql: Sql
  /** For another process. Only for servers that were given by their parts: the test server is. */
  readonly connection: SqlConnection
  readonly schema: string
  /** Another process' view: a pool of its own on the same schema. */
  second(): Promise<Sql>
  /** Drops the schema. */
  close(): Promise<void>
}

let server: Promise<SqlConnection> | undefined
let count = 0

/** A fresh schema named after `name`, with the chassis' tables and those of `migrations`. */
export async function testSql(name: string, migrations?: URL): Promise<TestSql> {
  server ??= testServer()
  return testSqlOn({ connection: await server }, name, migrations)
}

/** The same on a server of the caller's choice. */
export async function testSqlOn(
  on: ConnectionRequest | SqlConnection,
  name: string,
  migrations?: URL,
): Promise<TestSql> {
  const where: ConnectionRequest = 'host' in on ? { connection: on } : on
  const schema = `${name.toLowerCase().replace(/[^a-z0-9]+/g, '_')}_${process.pid}_${++count}`
    .slice(-40)
    .replace(/^[^a-z]+/, 't')
  const open = (): Promise<Sql> => postgresSql({ ...where, schema })
  const sql = await open()
  await migrate(sql, migrations)
  const others: Sql[] = []
  return {
    sql,
    get connection() {
      if (!where.connection) throw new Error('this server was given by its URL')
      return where.connection
    },
    schema,
    second: async () => {
      const other = await open()
      others.push(other)
      return other
    },
    close: async () => {
      await sql.query(`drop schema if exists "${schema}" cascade`).catch(() => undefined)
      await Promise.all([sql.close(), ...others.map((other) => other.close())])
    },
  }
}

/**
 * Starts a server in a folder of its own. A shell that waits on a pipe of this process stops it and removes the folder:
 * that works however the process ends.
 */
export async function testServer(options: Partial<EmbeddedPostgresOptions> = {}): Promise<SqlConnection> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-test-'))
  // The server runs as another user when the tests run as root.
  await chmod(dir, 0o755)
  const embedded = await startEmbeddedPostgres({ dir, settings: { fsync: 'off', full_page_writes: 'off' }, ...options })
  const script = 'cat >/dev/null; kill -QUIT "$0"; for n in 1 2 3 4 5 6 7 8; do sleep 0.2; rm -rf "$1" && exit; done'
  const watch = spawn('/bin/sh', ['-c', script, String(embedded.pid), dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watch.unref()
  if ('unref' in watch.stdin && typeof watch.stdin.unref === 'function') watch.stdin.unref()
  return embedded.connection
}
