/** The lab as the outside world: two forests and one tenant on loopback, kept in the data folder. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  createAuthority,
  type LabCloud,
  type LabForest,
  type Population,
  populate,
  startCloud,
  startForest,
} from '@canopy/lab'

export interface LabWorld {
  readonly forests: readonly LabForest[]
  readonly cloud: LabCloud
  /** File with the certificate authority of all of them. */
  readonly trust: string
  /** Configuration that synchronises the forests into the tenant. */
  readonly configuration: string
  close(): Promise<void>
}

/** Two forests of this size each. */
export const quickStartPopulation: Population = { users: 500, groups: 80, contacts: 20 }

const forestNames = ['contoso.lab', 'fabrikam.lab'] as const

export interface LabOptions {
  readonly dir: string
  /** Folder that receives the accounts' credentials, as agent and write read them. */
  readonly credentials: string
  readonly population?: Population
}

export async function startLabWorld(options: LabOptions): Promise<LabWorld> {
  const authority = await createAuthority(folder(options.dir, 'authority'))
  const ports = await stablePorts(options.dir, ['cloud', ...forestNames.flatMap((name) => [name, `${name}/tls`])])
  const forests = await Promise.all(
    forestNames.map((name) =>
      startForest({
        name,
        dir: folder(options.dir, name),
        authority,
        port: ports[name] ?? 0,
        ldapsPort: ports[`${name}/tls`] ?? 0,
      }),
    ),
  )
  populate(
    forests.map((forest) => forest.directory),
    options.population ?? quickStartPopulation,
  )
  const cloud = await startCloud({
    name: 'tenant.lab',
    dir: folder(options.dir, 'tenant.lab'),
    authority,
    port: ports.cloud ?? 0,
    domains: ['tenant.onmicrosoft.lab', ...forestNames],
  })
  for (const forest of forests) {
    writeCredential(options.credentials, readerOf(forest), {
      username: forest.account.dn,
      password: forest.account.password,
    })
  }
  writeCredential(options.credentials, 'tenant-writer', {
    client_id: cloud.client.id,
    client_secret: cloud.client.secret,
  })
  const trust = join(options.dir, 'authority.pem')
  writeFileSync(trust, authority.caPem)
  return {
    forests,
    cloud,
    trust,
    configuration: labConfiguration(forests, cloud),
    close: async () => {
      await Promise.all([...forests.map((forest) => forest.close()), cloud.close()])
    },
  }
}

const readerOf = (forest: LabForest): string => `${forest.name.split('.')[0]}-reader`

function folder(parent: string, name: string): string {
  const path = join(parent, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}

/** A folder per credential with a file per field, as Kubernetes mounts secrets. */
export function writeCredential(dir: string, name: string, fields: Readonly<Record<string, string>>): void {
  const target = folder(dir, name)
  for (const [field, value] of Object.entries(fields)) {
    const path = join(target, field)
    if (!existsSync(path) || readFileSync(path, 'utf8') !== value) writeFileSync(path, value, { mode: 0o600 })
  }
}

/** The same ports at every start, so that the configuration stays what it is; one that is taken is drawn anew. */
async function stablePorts(dir: string, names: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const file = join(dir, 'ports.json')
  const known: Record<string, number> = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>)
    : {}
  const ports: Record<string, number> = {}
  for (const name of names) ports[name] = (await freePort(known[name] ?? 0)) ?? (await freePort(0)) ?? 0
  writeFileSync(file, JSON.stringify(ports))
  return ports
}

const freePort = (wanted: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : undefined
      probe.close(() => resolve(port))
    })
  })

/**
 * The quick start's own configuration. Unlike a real one it writes at once (`mode: sync`) and discards the passwords of
 * the accounts it creates (`signIn: discardedRandom`): its tenant is a lab, and nobody signs in there.
 */
export function labConfiguration(
  forests: readonly Pick<LabForest, 'name' | 'ldapsUrl' | 'servername'>[],
  cloud: Pick<LabCloud, 'tenantId' | 'graphUrl' | 'authorityUrl' | 'exchangeUrl'>,
): string {
  const forest = (each: Pick<LabForest, 'name' | 'ldapsUrl' | 'servername'>): string => `
  - name: ${each.name}
    domains:
      - name: ${each.name}
        servers: ["${each.ldapsUrl}"]
        tlsServerName: ${each.servername}
        credential: ${each.name.split('.')[0]}-reader`
  return `version: canopy/v1
name: quick-start

forests:${forests.map(forest).join('')}

# Disabled accounts too, so that everybody of the lab can be found in its cloud.
scope: [${forests.map(({ name }) => `{ forest: ${name}, createDisabled: true }`).join(', ')}]

mappings:
  extends: entra/defaults@2026-11
  # The lab's Exchange carries contacts; a real one would rather wait than lose a group's mail.
  recipients: { mailEnabledGroup: securityGroup }

targets:
  - name: entra
    type: graph
    mode: sync
    tenant: ${cloud.tenantId}
    cloud: custom
    graphUrl: ${cloud.graphUrl}
    authorityUrl: ${cloud.authorityUrl}
    credential: tenant-writer
    signIn: discardedRandom
    quota: { writesPerSecond: 100000 }
  - name: contacts
    type: exchange
    mode: sync
    tenant: ${cloud.tenantId}
    cloud: custom
    exchangeUrl: ${cloud.exchangeUrl}
    authorityUrl: ${cloud.authorityUrl}
    credential: tenant-writer
    quota: { writesPerSecond: 100000 }
`
}
