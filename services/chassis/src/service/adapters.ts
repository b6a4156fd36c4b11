/** The adapters a configuration names: the only file outside standalone that chooses them. */
import { readFile } from 'node:fs/promises'
import type { Bus } from '../bus/bus.ts'
import type { ProcessConfig } from '../config/process-config.ts'
import { Failure } from '../failure.ts'
import { postgresSql } from '../sql/postgres.ts'
import type { Sql } from '../sql/sql.ts'
import type { ProcessLog } from '../telemetry/pino-log.ts'
import type { ServiceDefinition } from './service.ts'
import type { StartOptions } from './start.ts'

/** Connects to what the services need and nothing else. */
export async function configuredAdapters(request: {
  readonly services: readonly ServiceDefinition[]
  readonly config: ProcessConfig
  readonly instance: string
  readonly log: ProcessLog
}): Promise<StartOptions['adapters']> {
  const { config, log } = request
  const sql = async (schema: string): Promise<Sql> =>
    postgresSql({
      url: await sqlUrl(config),
      ca: config.sql.ca_file === undefined ? undefined : await readText(config.sql.ca_file, 'sql.ca_file'),
      schema,
      poolSize: config.sql.pool_size,
      log: log.serviceLog(schema),
    })
  const busNeeded = request.services.some((service) => service.bus !== false)
  return { sql, bus: busNeeded ? await configuredBus(request, sql) : undefined }
}

async function configuredBus(
  request: { readonly config: ProcessConfig; readonly instance: string; readonly log: ProcessLog },
  sql: (schema: string) => Promise<Sql>,
): Promise<Bus> {
  void request
  void sql
  throw new Failure({ kind: 'permanent', code: 'CANOPY-0003', message: 'the bus is not there yet' })
}

async function sqlUrl(config: ProcessConfig): Promise<string> {
  if (config.sql.url !== undefined) return config.sql.url
  if (config.sql.url_file !== undefined) return (await readText(config.sql.url_file, 'sql.url_file')).trim()
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONFIG-0003',
    message: 'neither sql.url nor sql.url_file is given',
    at: 'sql',
    mend: 'give the address of a PostgreSQL server, best as a file: sql: { url_file: /run/secrets/canopy/url }',
  })
}

async function readText(path: string, at: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-CONFIG-0005',
      message: `${path} cannot be read`,
      at,
      mend: 'check the path, and that the process may read it',
      cause,
    })
  }
}
