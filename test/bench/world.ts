/** The outside world of a bench: a forest and a tenant as processes of their own, and a folder for Canopy. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { writeCredential } from '@canopy/standalone'
import type { StackCloud, StackForest } from '../servers/stack/lab.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export type Forest = Omit<StackForest, 'process'> & { readonly process: ChildProcess }
export type Cloud = Omit<StackCloud, 'process'> & { readonly process: ChildProcess }

export interface World {
  readonly folder: string
  readonly data: string
  readonly forest: Forest
  readonly cloud: Cloud
  /** File with the configuration that synchronises the one into the other. */
  readonly configuration: string
  close(): Promise<void>
}

/** Starts a TypeScript entry of the project; resolves with the first JSON line it prints. */
function startReady(
  entry: string,
  args: readonly string[],
): Promise<{ process: ChildProcess; ready: Record<string, unknown> }> {
  const child = spawn(
    process.execPath,
    ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning', join(root, entry), ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  process.on('exit', () => child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout })
    lines.once('line', (line) => resolve({ process: child, ready: JSON.parse(line) as Record<string, unknown> }))
    child.once('exit', (code) => reject(new Error(`${entry} ended with ${code} before it was ready`)))
  })
}

export const stop = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), 10_000).unref()
  })

export interface WorldOptions {
  readonly users: number
  readonly groups: number
  readonly membersPerGroup: number
  /** Default 20. */
  readonly contacts?: number
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'canopy-bench-'))
  // The database runs as another user when this runs as root.
  chmodSync(folder, 0o755)
  const directory = (name: string): string => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }
  const forestArgs = [
    '--name',
    'big.lab',
    '--users',
    String(options.users),
    '--groups',
    String(options.groups),
    '--members-per-group',
    String(options.membersPerGroup),
    '--contacts',
    String(options.contacts ?? 20),
    '--port',
    '0',
    '--dir',
    directory('forest'),
  ]
  const [forest, cloud] = await Promise.all([
    startReady('services/lab/src/forest/main.ts', forestArgs),
    startReady('services/lab/src/cloud/main.ts', [
      '--name',
      'tenant.lab',
      '--port',
      '0',
      '--dir',
      directory('tenant'),
      '--domains',
      'tenant.onmicrosoft.lab,big.lab',
    ]),
  ])
  const world = {
    forest: { ...forest.ready, process: forest.process } as unknown as Forest,
    cloud: { ...cloud.ready, process: cloud.process } as unknown as Cloud,
  }
  const data = directory('data')
  rmSync(data, { recursive: true })
  const configuration = join(folder, 'canopy.yaml')
  writeFileSync(configuration, configurationOf(world.forest, world.cloud))
  return {
    folder,
    data,
    ...world,
    configuration,
    close: async () => {
      await Promise.all([stop(forest.process), stop(cloud.process)])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Credentials and trust where a standalone Canopy on this data folder looks for them. */
export function prepareData(world: World): void {
  mkdirSync(join(world.data, 'trust'), { recursive: true })
  writeFileSync(join(world.data, 'VERSION'), '1\n')
  writeFileSync(join(world.data, 'trust', 'forest.pem'), readFileSync(world.forest.caFile))
  writeFileSync(join(world.data, 'trust', 'cloud.pem'), readFileSync(world.cloud.caFile))
  const credentials = join(world.data, 'credentials')
  writeCredential(credentials, 'big-reader', {
    username: world.forest.account.dn,
    password: world.forest.account.password,
  })
  writeCredential(credentials, 'tenant-writer', {
    client_id: world.cloud.client.id,
    client_secret: world.cloud.client.secret,
  })
}

const configurationOf = (forest: Forest, cloud: Cloud): string => `version: canopy/v1
name: bench
forests:
  - name: big.lab
    domains:
      - { name: big.lab, servers: ["${forest.ldapsUrl}"], tlsServerName: ${forest.servername}, credential: big-reader }
scope: [{ forest: big.lab, createDisabled: true }]
mappings:
  extends: entra/defaults@2026-11
  recipients: { mailEnabledGroup: securityGroup }
targets:
  - { name: entra, type: graph, mode: sync, tenant: ${cloud.tenantId}, cloud: custom, graphUrl: "${cloud.graphUrl}", authorityUrl: "${cloud.authorityUrl}", credential: tenant-writer, signIn: discardedRandom, quota: { writesPerSecond: 100000 } }
  - { name: contacts, type: exchange, mode: sync, tenant: ${cloud.tenantId}, cloud: custom, exchangeUrl: "${cloud.exchangeUrl}", authorityUrl: "${cloud.authorityUrl}", credential: tenant-writer, quota: { writesPerSecond: 100000 } }
`
