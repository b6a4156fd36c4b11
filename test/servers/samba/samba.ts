/** Runs a real Active Directory domain controller (Samba) on a loopback address of its own. */
import { randomBytes } from 'node:crypto'
import { missingPrograms, runCommand } from '../command.ts'
import { type LdifEntry, toLdif } from '../ldif.ts'
import { beginLife, type Lifecycle } from '../lifecycle.ts'
import { accepts, freeAddress } from '../loopback.ts'
import { startOwned } from '../owned-process.ts'
import type { TestServer } from '../required.ts'
import { type Workdir, workdir } from '../workdir.ts'
import {
  adminPassword,
  type Domain,
  firstController,
  provision,
  python,
  samdbScript,
  servernameOf,
  smbConfOf,
} from './provision.ts'

const readyTimeoutMs = 60_000
const loadTimeoutMs = 1_800_000

export interface SambaOptions {
  /** DNS name of the domain in capitals, such as `CORP.CONTOSO.TEST`. */
  readonly name: string
  readonly netbios: string
  /** A loopback address for ports 389, 636, 3268, 3269, 88 and 464; a free one is drawn when absent. */
  readonly host?: string
  /** Where the domain lives; kept on close. A temporary folder when absent. */
  readonly dir?: string
  /** Refuse simple binds without TLS, as a hardened domain does. */
  readonly requireEncryption?: boolean
  /** Let other controllers join. */
  readonly joinable?: boolean
}

export interface ReaderOptions {
  readonly name?: string
  /** Grant "Replicating Directory Changes" on the domain, which DirSync without flags needs. */
  readonly replicate: boolean
  /** Grant listing and reading CN=Deleted Objects, without which no delete is ever seen. */
  readonly seesDeleted: boolean
}

export interface Reader {
  readonly dn: string
  readonly userPrincipalName: string
  readonly password: string
}

export interface SambaForest extends Lifecycle {
  readonly host: string
  readonly ldapUrl: string
  readonly ldapsUrl: string
  readonly baseDn: string
  readonly adminDn: string
  readonly adminPassword: string
  /** Verifies `ldapsUrl` and StartTLS, together with `servername`. */
  readonly caPem: string
  readonly servername: string
  readonly smbConf: string
  /** An `ldb*` tool on the domain's own database, or `samba-tool`, as SYSTEM; resolves with its stdout. */
  run(tool: string, args: readonly string[], stdin?: string): Promise<string>
  /** Adds entries in one transaction past LDAP, about 700 a second; resolves with their number. */
  load(entries: Iterable<LdifEntry>): Promise<number>
  /** A service account with no rights beyond a domain user's and those asked for. */
  createReader(options: ReaderOptions): Promise<Reader>
}

/** For `describeWith`. */
export const sambaServer: TestServer = {
  name: 'Samba AD DC',
  available: async () => {
    if (process.getuid?.() !== 0) return 'a domain controller listens on ports 389 and 636, which needs root'
    const missing = missingPrograms(['samba', 'samba-tool', 'ldbsearch', 'tar', python])
    if (missing !== undefined) return missing
    const check = 'import samba.samdb, samba.provision; samba.param.setup_dir'
    return runCommand(python, ['-c', check]).then(
      () => undefined,
      () => 'the Python bindings of Samba are incomplete: run "node test/servers/install.mjs" as root on Debian',
    )
  },
}

/** A domain that answers LDAP and LDAPS when this resolves: about 1 s, and 4 s more the first time. */
export async function startSambaForest(options: SambaOptions): Promise<SambaForest> {
  const host = options.host ?? (await freeAddress(389))
  if (await accepts(host, 389)) throw new Error(`${host}:389 is in use: close the other forest or leave host out`)
  const home = await workdir('canopy-samba', options.dir)
  return home.guard(() => startIn(home, { ...options, host }))
}

async function startIn(home: Workdir, options: SambaOptions & { readonly host: string }): Promise<SambaForest> {
  const { host, name, netbios, requireEncryption = false } = options
  const controller = firstController(netbios)
  const joinable = options.joinable ?? false
  const domain: Domain = { name, netbios, host, dir: home.path, requireEncryption, controller, joinable }
  const caPem = await provision(domain)
  const smbConf = smbConfOf(domain)
  const baseDn = name
    .split('.')
    .map((label) => `DC=${label.toLowerCase()}`)
    .join(',')
  const life = await beginLife({
    home,
    start: () => startOwned({ command: 'samba', args: ['-i', '-M', 'single', '--debug-stdout', '-s', smbConf] }),
    ready: async () => (await accepts(host, 389)) && (await accepts(host, 636)),
    readyTimeoutMs,
  })
  return {
    host,
    ldapUrl: `ldap://${host}`,
    ldapsUrl: `ldaps://${host}`,
    baseDn,
    adminDn: `CN=Administrator,CN=Users,${baseDn}`,
    adminPassword,
    caPem,
    servername: servernameOf(domain),
    smbConf,
    run: (tool, args, stdin) => runTool({ domain, tool, args, stdin }),
    load: async (entries) => {
      const loading = { stdin: toLdif(entries), timeoutMs: loadTimeoutMs }
      return Number(await runCommand(python, [samdbScript, smbConf, 'load'], loading))
    },
    createReader: (wanted) => createReader(domain, wanted),
    ...life,
  }
}

function runTool(options: {
  readonly domain: Domain
  readonly tool: string
  readonly args: readonly string[]
  readonly stdin: string | undefined
}): Promise<string> {
  const { domain, tool, args, stdin } = options
  const smbConf = smbConfOf(domain)
  const where = tool.startsWith('ldb')
    ? [`--configfile=${smbConf}`, '-H', `${domain.dir}/private/sam.ldb`]
    : [`--configfile=${smbConf}`]
  return runCommand(tool, tool.startsWith('ldb') ? [...where, ...args] : [...args, ...where], { stdin })
}

async function createReader(domain: Domain, wanted: ReaderOptions): Promise<Reader> {
  const name = wanted.name ?? `reader-${randomBytes(4).toString('hex')}`
  const password = `R3ader!${randomBytes(9).toString('base64url')}`
  const { replicate, seesDeleted } = wanted
  const request = JSON.stringify({ name, password, replicate, seesDeleted })
  const dn = (await runCommand(python, [samdbScript, smbConfOf(domain), 'reader', request])).trim()
  return { dn, userPrincipalName: `${name}@${domain.name.toLowerCase()}`, password }
}
