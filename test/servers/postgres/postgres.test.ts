/** Proves that PostgreSQL starts, asks for its password, and recovers what was committed before a kill. */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../required.ts'
import { type Postgres, postgresServer, startPostgres } from './postgres.ts'

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describeWith(postgresServer, () => {
  let server: Postgres

  beforeAll(async () => {
    server = await startPostgres({ settings: { max_connections: '20' } })
  }, 60_000)

  afterAll(() => server?.close())

  test('keeps a committed row through a kill', async () => {
    await query(server.url, 'create table kept (id int primary key); insert into kept select generate_series(1, 1000)')
    await server.kill()
    await server.restart()
    expect(await query(server.url, 'select count(*)::int as rows from kept')).toEqual([{ rows: 1000 }])
  }, 60_000)

  test('refuses a wrong password and applies its settings', async () => {
    await expect(query(server.url.replace(/:[0-9a-f]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({
      code: '28P01',
    })
    expect(await query(server.url, 'show max_connections')).toEqual([{ max_connections: '20' }])
  })
})
