/** The only place that chooses adapters: an embedded PostgreSQL holds the services' state and the log. */
import {
  type Bus,
  type EmbeddedPostgres,
  postgresBus,
  postgresSql,
  type Sql,
  startEmbeddedPostgres,
} from '@canopy/chassis'

export interface EmbeddedAdapters {
  readonly sql: (schema: string) => Promise<Sql>
  readonly bus: Bus
  /** Short enough a path for a Unix socket beside the database's. */
  readonly socketFolder: string
  close(): Promise<void>
}

export async function embeddedAdapters(dir: string): Promise<EmbeddedAdapters> {
  const database: EmbeddedPostgres = await startEmbeddedPostgres({ dir })
  const sql = (schema: string): Promise<Sql> => postgresSql({ url: database.url, schema, poolSize: 4 })
  const busSql = await sql('bus')
  const bus = await postgresBus({ sql: busSql })
  return {
    sql,
    bus,
    socketFolder: database.connection.host ?? dir,
    close: async () => {
      await bus.close()
      await busSql.close()
      await database.close()
    },
  }
}
