/** Forests and a tenant inside the test's process, and a data folder for a Canopy that is to meet them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LabCloud, type LabForest, startCloud } from '@canopy/lab'
import { writeCredential } from '@canopy/standalone'

/** A forest as the configuration names it; the server need not be there. */
export interface ConfiguredForest {
  readonly name: string
  readonly server: string
  readonly servername: string
  readonly credential: string
  /** The first export does not wait for it. */
  readonly optional?: boolean
}

export interface Place {
  readonly root: string
  readonly data: string
  readonly credentials: string
  readonly cloud: LabCloud
  /** Writes a configuration file and returns its path. */
  configure(forests: readonly ConfiguredForest[]): string
  /** Puts an authority where Canopy looks for those it trusts. */
  trust(name: string, pem: string): void
  reader(name: string, account: { readonly dn: string; readonly password: string }): void
  writer(secret?: string): void
  close(): Promise<void>
}

export async function place(domains: readonly string[]): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'canopy-fault-'))
  // The database runs as another user when the tests run as root.
  await chmod(root, 0o755)
  const data = join(root, 'data')
  const credentials = join(data, 'credentials')
  mkdirSync(join(data, 'trust'), { recursive: true })
  writeFileSync(join(data, 'VERSION'), '1\n')
  const cloud = await startCloud({ name: 'tenant.lab', domains: ['tenant.onmicrosoft.lab', ...domains] })
  writeFileSync(join(data, 'trust', 'cloud.pem'), cloud.caPem)
  return {
    root,
    data,
    credentials,
    cloud,
    configure: (forests) => {
      const file = join(root, 'canopy.yaml')
      writeFileSync(file, configurationOf(forests, cloud))
      return file
    },
    trust: (name, pem) => writeFileSync(join(data, 'trust', `${name}.pem`), pem),
    reader: (name, { dn, password }) => writeCredential(credentials, name, { username: dn, password }),
    writer: (secret = cloud.client.secret) =>
      writeCredential(credentials, 'tenant-writer', { client_id: cloud.client.id, client_secret: secret }),
    close: async () => {
      await cloud.close()
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

export const configured = (forest: LabForest, name = forest.name): ConfiguredForest => ({
  name,
  server: forest.ldapsUrl,
  servername: forest.servername,
  credential: `${name.split('.')[0]}-reader`,
})

const configurationOf = (forests: readonly ConfiguredForest[], cloud: LabCloud): string => `version: canopy/v1
name: fault
forests:
${forests
  .map(
    ({ name, server, servername, credential, optional }) => `  - name: ${name}
${optional ? '    optional: true\n' : ''}    domains:
      - { name: ${name}, servers: ["${server}"], tlsServerName: ${servername}, credential: ${credential} }
`,
  )
  .join('')}scope: [${forests.map(({ name }) => `{ forest: ${name}, createDisabled: true }`).join(', ')}]
mappings:
  extends: entra/defaults@2026-11
  recipients: { mailEnabledGroup: securityGroup }
targets:
  - { name: entra, type: graph, mode: sync, tenant: ${cloud.tenantId}, cloud: custom, graphUrl: "${cloud.graphUrl}", authorityUrl: "${cloud.authorityUrl}", credential: tenant-writer, signIn: discardedRandom, quota: { writesPerSecond: 100000 } }
`
