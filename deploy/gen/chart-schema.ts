/** Writes values.schema.json of both charts: what a chart may be told, with each service's own configuration inside. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { agent } from '../../services/agent/src/index.ts'
import { audit } from '../../services/audit/src/index.ts'
import { capture } from '../../services/capture/src/index.ts'
import { ProcessConfig, type ServiceDefinition } from '../../services/chassis/src/index.ts'
import { consoleService } from '../../services/console/src/index.ts'
import { control } from '../../services/control/src/index.ts'
import { resolve } from '../../services/resolve/src/index.ts'
import { transform } from '../../services/transform/src/index.ts'
import { write } from '../../services/write/src/index.ts'
import {
  anything,
  bool,
  chartFrame,
  credentials,
  integer,
  list,
  object,
  type Schema,
  strings,
  text,
  trust,
  workloadKeys,
} from './chart-values.ts'

/** Keys of a section that the chart fills in itself, because it is the one that mounts and listens. */
const setByChart: Readonly<Record<string, readonly string[]>> = {
  agent: ['name', 'hub', 'hub_tls', 'enrolment', 'ceiling_file', 'credentials_dir', 'trust', 'allow_plain_loopback'],
  console: ['listen', 'token_file'],
  control: ['apply_file'],
  write: ['credentials_dir', 'trust'],
}

/** What a workload has besides the common keys. */
const ownKeys: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  console: { token: object({ existingSecret: text, key: text }) },
  write: { credentials, trust },
}

const pipeline: readonly ServiceDefinition[] = [capture, transform, resolve, write, audit, control, consoleService()]

/** Path, relative to the repository, and text of every file. */
export function chartSchemaFiles(): readonly (readonly [path: string, text: string])[] {
  const files = [
    ['charts/canopy/values.schema.json', canopySchema()],
    ['charts/canopy-agent/values.schema.json', agentSchema()],
  ] as const
  return files.map(([path, schema]) => [path, `${JSON.stringify(schema, undefined, 2)}\n`])
}

/** Writes them. */
export async function writeChartSchema(): Promise<void> {
  for (const [path, content] of chartSchemaFiles()) {
    await writeFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), content)
  }
}

function canopySchema(): Schema {
  const services = pipeline.map((service): readonly [string, Schema] => [
    service.name,
    object({ enabled: bool, ...workloadKeys, ...ownKeys[service.name], config: ownConfig(service) }),
  ])
  return chartFrame('Values of the chart canopy', processProperties(), {
    kafka: object({
      brokers: { ...strings, minItems: 1, items: { type: 'string', pattern: '^[^:/\\s]+:[0-9]+$' } },
      replicationFactor: integer(1),
      tls: object({ enabled: bool, existingSecret: text, caKey: text, certKey: text, keyKey: text }),
      sasl: object({
        mechanism: { enum: ['', 'plain', 'scram-sha-256', 'scram-sha-512'] },
        existingSecret: text,
        usernameKey: text,
        passwordKey: text,
      }),
    }),
    postgres: object({
      existingSecret: { type: 'string', minLength: 1 },
      urlKey: text,
      caKey: text,
      port: integer(1, 65_535),
      poolSize: integer(1, 100),
    }),
    rpc: object({ tls: object({ existingSecret: { type: 'string', minLength: 1 } }) }),
    configuration: object({ inline: text, configMap: text, key: text }),
    hub: object({
      enabled: bool,
      type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
      port: integer(1, 65_535),
      annotations: anything,
      loadBalancerSourceRanges: strings,
      enrolment: object({ existingSecret: text, address: text }),
    }),
    networkPolicy: networkPolicy(
      ['consoleFrom', 'hubFrom', 'kafkaTo', 'postgresTo', 'telemetryTo', 'targetsTo'],
      'targetPorts',
    ),
    services: object(Object.fromEntries(services)),
  })
}

function agentSchema(): Schema {
  return chartFrame('Values of the chart canopy-agent', processProperties(), {
    hub: object({
      address: { type: 'string', pattern: '^[^:/\\s]+:[0-9]+$' },
      tls: object({ existingSecret: { type: 'string', minLength: 1 } }),
    }),
    networkPolicy: networkPolicy(['hubTo', 'directoriesTo', 'telemetryTo'], 'directoryPorts'),
    agent: object({
      ...workloadKeys,
      config: ownConfig(agent),
      credentials: { ...credentials, minItems: 1 },
      trust,
    }),
  })
}

const networkPolicy = (peers: readonly string[], ports: string): Schema =>
  object({
    enabled: bool,
    ...Object.fromEntries(peers.map((key) => [key, list(anything)])),
    [ports]: { ...list(integer(1, 65_535)), minItems: 1 },
  })

/** A service's own section, less what the chart sets; nothing is required that has a default. */
function ownConfig(service: ServiceDefinition): Schema {
  const { properties = {}, required, ...rest } = jsonSchemaOf(service)
  const hidden = setByChart[service.name] ?? []
  const shown = Object.fromEntries(Object.entries(properties).filter(([key]) => !hidden.includes(key)))
  const needed = required?.filter((key) => !hidden.includes(key)) ?? []
  return { ...rest, properties: shown, ...(needed.length > 0 ? { required: needed } : {}), additionalProperties: false }
}

/** Of the process's own settings those a chart hands through, with the bounds the process itself enforces. */
function processProperties(): Readonly<Record<string, Schema>> {
  const { properties = {} } = jsonSchemaOf({ name: 'process', config: ProcessConfig })
  const telemetry = properties.telemetry?.properties ?? {}
  return {
    logLevel: properties.log_level ?? {},
    drainSecs: properties.drain_secs ?? {},
    telemetry: object({ otlpEndpoint: text, metricIntervalMs: telemetry.metric_interval_ms ?? {} }),
  }
}

function jsonSchemaOf(service: Pick<ServiceDefinition, 'name' | 'config'>): Schema {
  const {
    $schema,
    '~standard': _,
    ...schema
  } = service.config.toJSONSchema({ io: 'input', target: 'draft-7' }) as Schema
  return schema
}
