/** The lab as the outside world of a stack: forests and a tenant, a process each, with the configuration that joins them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LabDirectory, populate } from '@canopy/lab'
import { labConfiguration, writeCredential } from '@canopy/standalone'
import { type Child, startChild } from './child.ts'
import { freePorts } from './free-ports.ts'
import type { StackFolder } from './layout.ts'

export interface StackLabOptions {
  /** DNS names; default contoso.lab and fabrikam.lab. */
  readonly forests?: readonly string[]
  /** In each forest; default 60 users, 10 groups, 5 contacts. */
  readonly population?: {
    readonly users: number
    readonly groups: number
    readonly contacts: number
    readonly membersPerGroup?: number
  }
  readonly seed?: number
}

/** What a forest says about itself when it is ready. */
export interface StackForest {
  readonly process: Child
  readonly name: string
  readonly url: string
  readonly ldapsUrl: string
  readonly baseDn: string
  readonly servername: string
  readonly account: { readonly dn: string; readonly password: string }
  readonly admin: { readonly dn: string; readonly password: string }
  readonly caFile: string
}

export interface StackCloud {
  readonly process: Child
  readonly name: string
  readonly tenantId: string
  readonly graphUrl: string
  readonly authorityUrl: string
  readonly exchangeUrl: string
  readonly caFile: string
  readonly client: { readonly id: string; readonly secret: string }
  /** Bearer of the tenant's control interface: faults, counts. */
  readonly controlToken: string
}

export interface StackLab {
  readonly forests: readonly StackForest[]
  readonly cloud: StackCloud
  /** Joins the forests into the tenant; it writes at once (`mode: sync`). */
  readonly configuration: string
}

const readyTimeoutMs = 60_000

/** Starts all of it; credentials go to the stack's folder. */
export async function startStackLab(folder: StackFolder, options: StackLabOptions = {}): Promise<StackLab> {
  const names = options.forests ?? ['contoso.lab', 'fabrikam.lab']
  populateTogether(folder, names, options)
  const ports = await freePorts(names.length * 2 + 1)
  const forests = await Promise.all(
    names.map((name, index) => {
      const [port = 0, tlsPort = 0] = ports.slice(index * 2)
      const own = ['--name', name, '--port', String(port), '--ldaps-port', String(tlsPort)]
      return startLab<Omit<StackForest, 'process'>>(folder, {
        entry: 'services/lab/src/forest/main.ts',
        name,
        args: own,
      })
    }),
  )
  const tenant = [
    '--name',
    'tenant.lab',
    '--port',
    String(ports.at(-1)),
    '--domains',
    ['tenant.onmicrosoft.lab', ...names].join(),
  ]
  const cloud = await startLab<Omit<StackCloud, 'process'>>(folder, {
    entry: 'services/lab/src/cloud/main.ts',
    name: 'tenant.lab',
    args: tenant,
  })
  for (const { name, account } of forests) {
    writeCredential(folder.credentials, `${name.split('.')[0]}-reader`, {
      username: account.dn,
      password: account.password,
    })
  }
  writeCredential(folder.credentials, 'tenant-writer', {
    client_id: cloud.client.id,
    client_secret: cloud.client.secret,
  })
  const configuration = labConfiguration(forests, cloud)
  writeFileSync(join(folder.root, 'canopy.yaml'), configuration)
  return { forests, cloud, configuration }
}

/** Forests that share people are made together, before each gets its own process. */
function populateTogether(folder: StackFolder, names: readonly string[], options: StackLabOptions): void {
  const directories = names.map((name) => new LabDirectory({ name, dir: dirOf(folder, name) }))
  populate(directories, { users: 60, groups: 10, contacts: 5, ...options.population, seed: options.seed })
  for (const directory of directories) directory.close()
}

async function startLab<T extends object>(
  folder: StackFolder,
  { entry, name, args }: { readonly entry: string; readonly name: string; readonly args: readonly string[] },
): Promise<T & { readonly process: Child }> {
  const logFile = join(folder.logs, `${name}.log`)
  // Its first line holds secrets of the lab: kept from other users like every secret here.
  writeFileSync(logFile, '', { mode: 0o600 })
  const process = startChild({
    name,
    entry,
    args: [...args, '--dir', dirOf(folder, name)],
    logFile,
    isReady: async () => (await readyLine(logFile)) !== undefined,
  })
  await process.untilReady(readyTimeoutMs)
  return { ...(JSON.parse((await readyLine(logFile)) ?? '{}') as T), process }
}

const readyLine = async (logFile: string): Promise<string | undefined> =>
  (await readFile(logFile, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .findLast((line) => line.startsWith('{'))

function dirOf(folder: StackFolder, name: string): string {
  const dir = join(folder.lab, name)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  return dir
}
