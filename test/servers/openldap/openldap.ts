/** Runs a real OpenLDAP server with change replication (syncprov) switched on, filled offline at full speed. */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { issueCertificate } from '../certificates.ts'
import { findProgram, missingPrograms, runCommand } from '../command.ts'
import { type LdifEntry, toLdif } from '../ldif.ts'
import { beginLife, type Lifecycle } from '../lifecycle.ts'
import { accepts, freePort } from '../loopback.ts'
import { startOwned } from '../owned-process.ts'
import type { TestServer } from '../required.ts'
import { type Workdir, workdir } from '../workdir.ts'

const modules = '/usr/lib/ldap'
const schemas = '/etc/ldap/schema'
const host = '127.0.0.1'
const adminPassword = 'admin-secret'
const readyTimeoutMs = 20_000
const loadTimeoutMs = 300_000

export interface SlapdOptions {
  /** The naming context, such as `dc=example,dc=test`; its entry is made when `entries` do not begin with it. */
  readonly suffix: string
  /** Everything below the suffix, parents first; read lazily, once. */
  readonly entries?: Iterable<LdifEntry>
  /** A free port when absent. */
  readonly port?: number
  /** Adds LDAPS (and StartTLS) with a certificate from a CA of its own. */
  readonly tls?: boolean
  /** Schemas of Debian's package beyond core, cosine and inetorgperson, such as `nis`. */
  readonly schemas?: readonly string[]
  /** Where the database lives, kept on close; a temporary folder when absent. */
  readonly dir?: string
}

export interface Slapd extends Lifecycle {
  readonly ldapUrl: string
  readonly suffix: string
  readonly adminDn: string
  readonly adminPassword: string
  /** Present when `tls` was asked for. */
  readonly tls: { readonly ldapsUrl: string; readonly caPem: string; readonly servername: string } | undefined
}

/** For `describeWith`. */
export const slapdServer: TestServer = {
  name: 'OpenLDAP',
  available: async () => {
    const missing = missingPrograms(['slapd', 'slapadd', 'openssl'])
    if (missing !== undefined) return missing
    return existsSync(join(modules, 'syncprov.so')) ? undefined : `${modules} has no syncprov overlay`
  },
}

/** A server that answers when this resolves: 0.2 s, and about 2 s for each 100,000 entries. */
export async function startSlapd(options: SlapdOptions): Promise<Slapd> {
  const home = await workdir('canopy-slapd', options.dir)
  return home.guard(() => startIn(home, options))
}

async function startIn(home: Workdir, options: SlapdOptions): Promise<Slapd> {
  const port = options.port ?? (await freePort(host))
  const ldapUrl = `ldap://${host}:${port}`
  const adminDn = `cn=admin,${options.suffix}`
  const tls = options.tls === true ? await prepareTls(home.path) : undefined
  const config = join(home.path, 'slapd.conf')
  const database = join(home.path, 'db')
  const isNew = !existsSync(database)
  await mkdir(database, { recursive: true })
  await writeFile(config, slapdConf({ ...options, adminDn, dir: home.path }), { mode: 0o600 })
  if (isNew) {
    const slapadd = findProgram('slapadd') ?? 'slapadd'
    const loading = { stdin: toLdif(withSuffix(options)), timeoutMs: loadTimeoutMs }
    await runCommand(slapadd, ['-q', '-w', '-S', '1', '-f', config], loading)
  }
  const urls = tls === undefined ? ldapUrl : `${ldapUrl} ${tls.ldapsUrl}`
  const life = await beginLife({
    home,
    start: () => startOwned({ command: findProgram('slapd') ?? 'slapd', args: ['-d', '0', '-f', config, '-h', urls] }),
    ready: () => accepts(host, port),
    readyTimeoutMs,
  })
  return { ldapUrl, suffix: options.suffix, adminDn, adminPassword, tls, ...life }
}

async function prepareTls(dir: string): Promise<NonNullable<Slapd['tls']>> {
  const servername = 'directory.example.test'
  const issued = await issueCertificate(servername, [host])
  await writeFile(join(dir, 'ca.pem'), issued.caPem)
  await writeFile(join(dir, 'cert.pem'), issued.certPem)
  await writeFile(join(dir, 'key.pem'), issued.keyPem, { mode: 0o600 })
  return { ldapsUrl: `ldaps://${host}:${await freePort(host)}`, caPem: issued.caPem, servername }
}

function* withSuffix({ suffix, entries = [] }: SlapdOptions): Generator<LdifEntry> {
  let first = true
  for (const entry of entries) {
    if (first && entry.dn.toLowerCase() !== suffix.toLowerCase()) yield suffixEntry(suffix)
    first = false
    yield entry
  }
  if (first) yield suffixEntry(suffix)
}

function suffixEntry(dn: string): LdifEntry {
  const [type = '', value = ''] = (dn.split(',')[0] ?? '').split('=')
  if (type.toLowerCase() === 'o') return { dn, attributes: { objectClass: 'organization', o: value } }
  return { dn, attributes: { objectClass: ['organization', 'dcObject'], o: value, dc: value } }
}

function slapdConf(options: SlapdOptions & { readonly adminDn: string; readonly dir: string }): string {
  const { suffix, adminDn, dir } = options
  const included = ['core', 'cosine', 'inetorgperson', ...(options.schemas ?? [])]
  const tls = ['TLSCACertificateFile ca.pem', 'TLSCertificateFile cert.pem', 'TLSCertificateKeyFile key.pem']
  return [
    ...included.map((schema) => `include ${schemas}/${schema}.schema`),
    `modulepath ${modules}`,
    'moduleload back_mdb.so',
    'moduleload syncprov.so',
    `pidfile ${join(dir, 'slapd.pid')}`,
    // As slapadd has marked the entries: two servers' changes in one directory would be told apart.
    'serverID 1',
    'sizelimit unlimited',
    'timelimit unlimited',
    ...(options.tls === true ? tls.map((line) => line.replace(/ (\S+)$/, ` ${join(dir, '$1')}`)) : []),
    'database mdb',
    `suffix "${suffix}"`,
    `rootdn "${adminDn}"`,
    `rootpw ${adminPassword}`,
    `directory ${join(dir, 'db')}`,
    'maxsize 8589934592',
    'dbnosync',
    'index objectClass,entryCSN,entryUUID,uid,member eq',
    'overlay syncprov',
    'syncprov-checkpoint 1000 60',
    'syncprov-sessionlog 10000',
    '',
  ].join('\n')
}
