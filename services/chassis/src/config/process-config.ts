/** What every process is told: where its bus, its database, its peers and its listeners are. */
import { z } from 'zod'

const file = z.string().min(1)
const address = z.string().min(1)

const BusConfig = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('kafka').meta({ description: 'Which bus.' }),
      brokers: z.array(z.string().min(1)).min(1).meta({ description: 'Bootstrap brokers, host:port.' }),
      ssl: z
        .strictObject({
          ca_file: file.optional().meta({ description: 'PEM of the authorities that sign the brokers’ certificates.' }),
          cert_file: file.optional().meta({ description: 'PEM of the client certificate.' }),
          key_file: file.optional().meta({ description: 'PEM of the client key.' }),
        })
        .optional()
        .meta({ description: 'Encrypts the connections; an empty object uses the system’s authorities.' }),
      sasl: z
        .strictObject({
          mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).meta({ description: 'SASL mechanism.' }),
          username_file: file.meta({ description: 'File with the user name.' }),
          password_file: file.meta({ description: 'File with the password.' }),
        })
        .optional()
        .meta({ description: 'Authenticates at the brokers.' }),
      replication_factor: z.number().int().min(1).default(3).meta({ description: 'Of topics this process creates.' }),
    })
    .meta({ description: 'Apache Kafka 4.x.' }),
  z
    .strictObject({ kind: z.literal('postgres').meta({ description: 'Which bus.' }) })
    .meta({ description: 'The log in PostgreSQL, for small installations.' }),
])

const SqlConfig = z.strictObject({
  url: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'postgres:// address. Prefer url_file: it keeps the password out of here.' }),
  url_file: file.optional().meta({ description: 'File with the postgres:// address.' }),
  ca_file: file.optional().meta({ description: 'PEM of the authorities that sign the server’s certificate.' }),
  pool_size: z.number().int().min(1).max(100).default(4).meta({ description: 'Connections per service.' }),
})

const RpcConfig = z.strictObject({
  listen: z
    .union([address, z.array(address).min(1)])
    .default('127.0.0.1:7443')
    .meta({ description: 'host:port or unix:/path; several are possible. Other than loopback needs tls.' }),
  tls: z
    .strictObject({
      cert_file: file.meta({ description: 'PEM of this process’s certificate, re-read when it changes.' }),
      key_file: file.meta({ description: 'PEM of its key.' }),
      ca_file: file.meta({ description: 'PEM of the authorities both sides must be signed by.' }),
    })
    .optional()
    .meta({ description: 'Mutual TLS between services.' }),
})

/** Sections of the process itself, beside one section per service. */
export const processShape = {
  bus: BusConfig.default({ kind: 'postgres' }).meta({ description: 'Where records travel.' }),
  sql: SqlConfig.prefault({}).meta({ description: 'Where services keep their state.' }),
  rpc: RpcConfig.prefault({}).meta({ description: 'The gRPC server of this process.' }),
  peers: z
    .record(z.string(), address)
    .default({})
    .meta({ description: 'Address of each service that runs elsewhere, by name.' }),
  telemetry: z
    .strictObject({
      otlp_endpoint: z
        .string()
        .optional()
        .meta({ description: 'OTLP/HTTP receiver, http://collector:4318; none: nothing is recorded.' }),
      metric_interval_ms: z
        .number()
        .int()
        .min(100)
        .default(15_000)
        .meta({ description: 'Pause between two exports of metrics.' }),
    })
    .prefault({})
    .meta({ description: 'Spans and metrics.' }),
  health: z
    .strictObject({
      listen: address
        .default('127.0.0.1:8080')
        .meta({ description: 'host:port or unix:/path of /healthz and /readyz.' }),
    })
    .prefault({})
    .meta({ description: 'Health of this process.' }),
  log_level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .meta({ description: 'The least level that is logged.' }),
  drain_secs: z
    .number()
    .int()
    .min(1)
    .max(600)
    .default(20)
    .meta({ description: 'How long a stop may take before the process exits anyway.' }),
} as const

/** The process part alone. */
export const ProcessConfig = z.strictObject(processShape)
export type ProcessConfig = z.output<typeof ProcessConfig>
