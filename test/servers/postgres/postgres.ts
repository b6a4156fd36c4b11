/** Runs a real PostgreSQL server on loopback and a Unix socket, as a user that is not root. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram, runCommand } from '../command.ts'
import { beginLife, type Lifecycle } from '../lifecycle.ts'
import { freePort } from '../loopback.ts'
import { startOwned } from '../owned-process.ts'
import type { TestServer } from '../required.ts'
import { type Workdir, workdir } from '../workdir.ts'

const installations = '/usr/lib/postgresql'
const oldestVersion = 15
const readyTimeoutMs = 30_000

export interface PostgresOptions {
  /** Where the cluster lives, kept on close; every parent must be open to other users. A temporary folder when absent. */
  readonly dir?: string
  /** Server settings, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Postgres extends Lifecycle {
  /** Connection string of the superuser `canopy` over TCP, password included: never log it. */
  readonly url: string
  /** The folder with the Unix socket. */
  readonly socketDir: string
  readonly port: number
}

/** For `describeWith`. */
export const postgresServer: TestServer = {
  name: 'PostgreSQL',
  available: async () => {
    if (binaries() === undefined) {
      return `no PostgreSQL ${oldestVersion} or newer in ${installations}: run "node test/servers/install.mjs" as root on Debian`
    }
    if (isRoot() && systemUser() === undefined)
      return 'PostgreSQL refuses root and there is no other system user for it'
    if (isRoot() && findProgram('setpriv') === undefined) return 'setpriv is missing, and PostgreSQL refuses root'
    return undefined
  },
}

/** A server that accepts connections when this resolves: about 1 s. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const bin = binaries()
  if (bin === undefined) throw new Error(`no PostgreSQL in ${installations}`)
  const home = await workdir('canopy-postgres', options.dir)
  return home.guard(() => startIn(home, bin, options))
}

async function startIn(home: Workdir, bin: string, options: PostgresOptions): Promise<Postgres> {
  const owner = isRoot() ? systemUser() : undefined
  if (owner !== undefined) await chown(home.path, owner.uid, owner.gid)
  const data = join(home.path, 'data')
  const password = randomBytes(12).toString('hex')
  if (!existsSync(join(data, 'PG_VERSION'))) await initialize({ bin, home: home.path, data, password, owner })
  const stored = readFileSync(join(home.path, 'password'), 'utf8')
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: home.path,
    // A killed process loses nothing without fsync; only a lost machine would.
    fsync: 'off',
    ...options.settings,
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const command = join(bin, 'postgres')
  const life = await beginLife({
    home,
    start: () => startOwned({ command, args, cwd: home.path, user: owner?.name, orphanSignal: 'SIGQUIT' }),
    ready: (output) => output.includes('ready to accept connections'),
    readyTimeoutMs,
    // PostgreSQL's fast shutdown: it does not wait for clients to leave.
    stopSignal: 'SIGINT',
  })
  return { url: `postgres://canopy:${stored}@127.0.0.1:${port}/postgres`, socketDir: home.path, port, ...life }
}

interface SystemUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

async function initialize(options: {
  readonly bin: string
  readonly home: string
  readonly data: string
  readonly password: string
  readonly owner: SystemUser | undefined
}): Promise<void> {
  const { bin, home, data, password, owner } = options
  const passwordFile = join(home, 'password')
  await rm(data, { recursive: true, force: true })
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (owner !== undefined) await Promise.all([data, passwordFile].map((path) => chown(path, owner.uid, owner.gid)))
  const initdb = [join(bin, 'initdb'), '-D', data, '-U', 'canopy', '-E', 'UTF8', '--locale=C', '--no-sync']
  const secured = [...initdb, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const asOwner = owner === undefined ? [] : ['setpriv', '--reuid', owner.name, '--regid', owner.name, '--init-groups']
  const [command = '', ...args] = [...asOwner, ...secured]
  await runCommand(command, args, { cwd: home })
}

function binaries(): string | undefined {
  if (!existsSync(installations)) return undefined
  const versions = readdirSync(installations)
    .map(Number)
    .filter((version) => version >= oldestVersion)
  return versions
    .sort((a, b) => a - b)
    .map((version) => join(installations, String(version), 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')))
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function systemUser(): SystemUser | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [name, , uid, gid] = line?.split(':') ?? []
  return name === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid) }
}
