/** The only place that chooses adapters: an embedded PostgreSQL holds the services' state and the log. */
import {
  type Bus,
  type EmbeddedPostgres,
  postgresBus,
  postgresSql,
  type Sql,
  startEmbeddedPostgres,
  voidLeases,
} from '@canopy/chassis'

export interface EmbeddedAdapters {
  readonly sql: (schema: string) => Promise<Sql>
  readonly bus: Bus
  /** Short enough a path for a Unix socket beside the database's. */
  readonly socketFolder: string
  close(): Promise<void>
}

const cleanEveryMs = 3_600_000

export async function embeddedAdapters(dir: string): Promise<EmbeddedAdapters> {
  const database: EmbeddedPostgres = await startEmbeddedPostgres({ dir })
  const sql = async (schema: string): Promise<Sql> => {
    const opened = await postgresSql({ url: database.url, schema, poolSize: 4 })
    // Nobody else can be on this store: what a killed process held is free at once. Before the first start there is no table.
    await voidLeases(opened).catch(() => undefined)
    return opened
  }
  const busSql = await sql('bus')
  const bus = await postgresBus({ sql: busSql })
  const cleaning = setInterval(() => void bus.clean().catch(() => undefined), cleanEveryMs)
  cleaning.unref()
  return {
    sql,
    bus,
    socketFolder: database.connection.host ?? dir,
    close: async () => {
      clearInterval(cleaning)
      await bus.close()
      await busSql.close()
      await database.close()
    },
  }
}
