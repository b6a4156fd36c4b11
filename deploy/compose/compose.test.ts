/** Every service of compose.yaml accepts the configuration it gets there, and runs as restricted as in a cluster. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { agent } from '../../services/agent/src/index.ts'
import { audit } from '../../services/audit/src/index.ts'
import { capture } from '../../services/capture/src/index.ts'
import { loadConfig } from '../../services/chassis/src/config/load.ts'
import { parseConfigDocument, type ServiceDefinition } from '../../services/chassis/src/index.ts'
import { consoleService } from '../../services/console/src/index.ts'
import { control } from '../../services/control/src/index.ts'
import { resolve } from '../../services/resolve/src/index.ts'
import { transform } from '../../services/transform/src/index.ts'
import { write } from '../../services/write/src/index.ts'

interface Service {
  readonly environment?: Readonly<Record<string, string>>
  readonly build?: { readonly dockerfile: string; readonly args: { readonly SERVICE: string } }
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly [key: string]: unknown
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, unknown>>
}

const services: readonly ServiceDefinition[] = [
  agent,
  capture,
  transform,
  resolve,
  write,
  audit,
  control,
  consoleService(),
]
const here = fileURLToPath(new URL('./', import.meta.url))
const compose = withMerges(parseConfigDocument(readFileSync(`${here}compose.yaml`, 'utf8')).value) as Compose
const own = Object.entries(compose.services).filter(([, service]) => service.build !== undefined)

test('there is one of each service', () => {
  expect(own.map(([name]) => name).sort()).toEqual(
    ['agent', 'audit', 'capture', 'console', 'control', 'resolve', 'transform', 'write'].sort(),
  )
  for (const [name, { build }] of own) {
    expect(build?.args.SERVICE).toBe(name)
    expect(build?.dockerfile).toBe('deploy/docker/Dockerfile')
  }
})

test.each(own)(
  '%s accepts its configuration, and nothing in its environment is unknown',
  async (name, { environment }) => {
    const service = services.find((each) => each.name === name)!
    const request = { services: [service], file: `${here}canopy.yaml`, environment: environment ?? {} }
    const { process: loaded, warnings } = await loadConfig(request)
    expect(warnings).toEqual([])
    expect(loaded.bus).toMatchObject({ kind: 'kafka', brokers: ['kafka:9092'] })
  },
)

test.each(own)('%s is reached where its peers look for it', (name, { environment }) => {
  const { peers } = parseConfigDocument(readFileSync(`${here}canopy.yaml`, 'utf8')).value as {
    readonly peers: Readonly<Record<string, string>>
  }
  // Nobody calls an agent.
  if (name !== 'agent') expect(environment?.CANOPY_RPC_LISTEN).toBe(peers[name])
})

test.each(own)('%s runs restricted', (_, service) => {
  expect(service).toMatchObject({
    read_only: true,
    user: '65532:65532',
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    stop_grace_period: '30s',
  })
  const named = service.volumes?.map((volume) => volume.split(':')[0]!).filter((volume) => !volume.startsWith('.'))
  for (const volume of named ?? []) expect(compose.volumes).toHaveProperty(volume)
  for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty(secret)
})

test('only the gateway is published, and on loopback', () => {
  const published = Object.entries(compose.services).flatMap(([name, { ports }]) =>
    ((ports as readonly string[] | undefined) ?? []).map((port) => [name, port]),
  )
  expect(published).toEqual([['console', '127.0.0.1:8480:8480']])
})

/** `<<` as Compose reads it: what the map says itself wins. */
function withMerges(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMerges)
  if (typeof value !== 'object' || value === null) return value
  const { '<<': merged, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withMerges(each)]),
  )
  return { ...(merged as object | undefined), ...rest }
}
