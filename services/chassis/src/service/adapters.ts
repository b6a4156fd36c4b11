/** The adapters a configuration names: the only file outside standalone that chooses them. */
import { readFile } from 'node:fs/promises'
import type { Bus } from '../bus/bus.ts'
import { type KafkaBusOptions, kafkaBus } from '../bus/kafka.ts'
import { postgresBus } from '../bus/postgres.ts'
import type { ProcessConfig } from '../config/process-config.ts'
import { Failure } from '../failure.ts'
import type { LeasePoolOptions } from '../lease/lease.ts'
import { joinLeasePool } from '../lease/pool.ts'
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

interface BusRequest {
  readonly config: ProcessConfig
  readonly instance: string
  readonly log: ProcessLog
}

async function configuredBus(request: BusRequest, sql: (schema: string) => Promise<Sql>): Promise<Bus> {
  const { bus } = request.config
  switch (bus.kind) {
    case 'kafka':
      return kafkaBus({
        brokers: bus.brokers,
        clientId: request.instance,
        ssl: await kafkaSsl(bus.ssl),
        sasl: await kafkaSasl(bus.sasl),
        replicationFactor: bus.replication_factor,
        log: request.log.serviceLog('bus'),
      })
    case 'postgres': {
      const store = await sql('bus')
      const log = request.log.serviceLog('bus')
      const leases = (options: LeasePoolOptions) =>
        joinLeasePool(options, { sql: store, instance: request.instance, log })
      const made = await postgresBus({ sql: store, log, leases })
      return closingAlso(made, () => store.close())
    }
    default:
      return bus satisfies never
  }
}

type KafkaConfig = Extract<ProcessConfig['bus'], { kind: 'kafka' }>

async function kafkaSsl(ssl: KafkaConfig['ssl']): Promise<KafkaBusOptions['ssl']> {
  if (ssl === undefined) return undefined
  const read = (path: string | undefined, at: string) =>
    path === undefined ? undefined : readText(path, `bus.ssl.${at}`)
  const [ca, cert, key] = await Promise.all([
    read(ssl.ca_file, 'ca_file'),
    read(ssl.cert_file, 'cert_file'),
    read(ssl.key_file, 'key_file'),
  ])
  return ca === undefined && cert === undefined && key === undefined ? true : { ca, cert, key }
}

async function kafkaSasl(sasl: KafkaConfig['sasl']): Promise<KafkaBusOptions['sasl']> {
  if (sasl === undefined) return undefined
  return {
    mechanism: sasl.mechanism,
    username: (await readText(sasl.username_file, 'bus.sasl.username_file')).trim(),
    password: (await readText(sasl.password_file, 'bus.sasl.password_file')).trim(),
  }
}

/** The bus leaves the store that it was given open. */
const closingAlso = (bus: Bus, close: () => Promise<void>): Bus => ({
  kind: bus.kind,
  ensureTopics: (topics) => bus.ensureTopics(topics),
  partitions: (topic) => bus.partitions(topic),
  append: (request) => bus.append(request),
  consume: (consumption) => bus.consume(consumption),
  follow: (request) => bus.follow(request),
  endOffsets: (topic) => bus.endOffsets(topic),
  clean: () => bus.clean(),
  close: async () => {
    await bus.close()
    await close()
  },
})

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
