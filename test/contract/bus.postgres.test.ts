import { busMigrations } from '@canopy/chassis'
import { type TestSql, testSql, testSqlOn } from '@canopy/chassis/testing'
import { postgresServer, startPostgres } from '../servers/postgres/postgres.ts'
import { describeWith } from '../servers/required.ts'
import { type BusConnection, busOf } from './bus.process.ts'
import { type BusUnderTest, busContract } from './bus.ts'

/** Two hours on: compaction finds everything old enough. */
const later = (): Date => new Date(Date.now() + 2 * 3_600_000)

async function on(store: TestSql, stop: () => Promise<void>): Promise<BusUnderTest> {
  const connection: BusConnection = { kind: 'postgres', connection: store.connection, schema: store.schema }
  const first = await busOf(connection, later)
  const second = await busOf(connection)
  return {
    bus: first.bus,
    second: async () => second.bus,
    connection,
    close: async () => {
      await Promise.all([first.close(), second.close()])
      await store.close()
      await stop()
    },
  }
}

busContract('embedded PostgreSQL', async () => on(await testSql('bus', busMigrations), async () => {}))

describeWith(postgresServer, () => {
  busContract('PostgreSQL of the system', async () => {
    const server = await startPostgres()
    const { hostname, port, username, password, pathname } = new URL(server.url)
    const connection = { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) }
    return on(await testSqlOn(connection, 'bus', busMigrations), () => server.close())
  })
})
