/** One PostgreSQL server process: create its data folder, start it, find it again, stop it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../failure.ts'
import type { EmbeddedPlace, PostgresBinaries } from './embedded-files.ts'

export const embeddedUser = 'canopy'

export interface ServerRequest {
  readonly place: EmbeddedPlace
  readonly binaries: PostgresBinaries
  readonly settings: Readonly<Record<string, string>>
}

/**
 * What a server for one Canopy needs. `synchronous_commit=off`: a commit is told before it is on the disk. A Canopy that is
 * killed loses nothing, since PostgreSQL lives on. A loss of power, or the death of PostgreSQL itself, may take the last
 * moment (3 × wal_writer_delay), always a whole end of the history and never something in the middle: stores and log go
 * back together. Who tells the world outside what it has stored commits that with `set local synchronous_commit = on`.
 * The server's log holds no statement and no error text: both may quote values.
 */
export function serverSettings(place: EmbeddedPlace, major: number): Record<string, string> {
  return {
    listen_addresses: '',
    unix_socket_directories: place.socket,
    unix_socket_permissions: '0700',
    max_connections: '80',
    shared_buffers: '128MB',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'off',
    wal_writer_delay: '100ms',
    wal_level: 'minimal',
    max_wal_senders: '0',
    wal_buffers: '16MB',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    autovacuum_naptime: '15s',
    update_process_title: 'off',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    ...(major >= 18 ? { io_method: 'sync' } : {}),
  }
}

/** Creates the data folder; a half-made one never bears its name. */
export async function createData({ place, binaries }: ServerRequest): Promise<void> {
  if (existsSync(join(place.data, 'PG_VERSION'))) return
  const making = `${place.data}.${process.pid}`
  await rm(making, { recursive: true, force: true })
  await mkdir(making, { mode: 0o700 })
  if (place.owner) await chown(making, place.owner.uid, place.owner.gid)
  const locale = binaries.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []
  const args = [
    '-D',
    making,
    '-U',
    embeddedUser,
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
    ...locale,
  ]
  const { code, output } = await runToEnd(join(binaries.folder, 'bin/initdb'), args, place)
  if (code !== 0) {
    await rm(making, { recursive: true, force: true })
    throw startFailure(`initdb ended with ${code}: ${output.trim().split('\n').slice(-3).join(' | ')}`, place)
  }
  await rename(making, place.data).catch(async (error: unknown) => {
    await rm(making, { recursive: true, force: true })
    if (!existsSync(join(place.data, 'PG_VERSION'))) throw error
  })
}

/** Starts the server apart from this process' group, so that Ctrl-C reaches Canopy alone. Returns when it accepts connections. */
export async function startServer({ place, binaries, settings }: ServerRequest): Promise<number> {
  const log = await open(join(place.home, 'postgres.log'), 'a', 0o600)
  const args = ['-D', place.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const child = spawn(join(binaries.folder, 'bin/postgres'), args, {
    ...place.owner,
    cwd: place.data,
    detached: true,
    env: serverEnvironment(),
    stdio: ['ignore', log.fd, log.fd],
  })
  const ended = endOf(child)
  try {
    const deadline = performance.now() + 60_000
    while (performance.now() < deadline) {
      const found = readPid(place)
      if (found && found.pid === child.pid && found.ready) {
        child.unref()
        return found.pid
      }
      const end = await Promise.race([ended, sleep(5).then(() => undefined)])
      if (end) throw startFailure(`postgres ended at once: ${end}; ${await lastWords(place)}`, place)
    }
    child.kill('SIGQUIT')
    throw startFailure('postgres did not get ready within a minute', place)
  } finally {
    await log.close()
  }
}

/** The server that already runs on the data folder, left by a Canopy that was killed. */
export function runningServer(place: EmbeddedPlace): { pid: number; ready: boolean; socket: string } | undefined {
  const found = readPid(place)
  if (!found || !isServerOf(found.pid, place)) return undefined
  return found
}

/**
 * A `postmaster.pid` whose number belongs to another program now (a container started again), or to a dead process that
 * nobody waits for, would stop the start. It is removed only when no process of that server is left on the data.
 */
export async function removeStalePid(place: EmbeddedPlace): Promise<void> {
  const found = readPid(place)
  if (!found || !send(found.pid, 0) || isServerOf(found.pid, place)) return
  const deadline = performance.now() + 5_000
  while (processesOn(place).length > 0) {
    if (performance.now() > deadline)
      throw startFailure(`processes ${processesOn(place).join(', ')} still work on the data`, place)
    await sleep(50)
  }
  await rm(join(place.data, 'postmaster.pid'), { force: true })
}

function processesOn(place: EmbeddedPlace): number[] {
  const pids = existsSync('/proc/self/cwd') ? readdirSync('/proc').map(Number).filter(Number.isInteger) : []
  return pids.filter((pid) => isServerOf(pid, place))
}

/** Fast shutdown, then the immediate one, from which the next start recovers. */
export async function stopServer(pid: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 2_000],
  ] as const) {
    if (!send(pid, signal)) return
    const deadline = performance.now() + waitMs
    while (performance.now() < deadline) {
      if (!isAlive(pid)) return
      await sleep(10)
    }
  }
}

/** True while what remains of a killed server is in the way of the next one. */
export const isStillEnding = (error: unknown): boolean =>
  error instanceof Error &&
  /still in use|already exists|starting up|shutting down|ECONN|terminated|ENOENT/.test(error.message)

export const startFailure = (message: string, place: EmbeddedPlace): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-SQL-0005',
    message: `the embedded PostgreSQL does not start: ${message}`,
    at: place.data,
    mend: `read ${join(place.home, 'postgres.log')}`,
  })

/** Lines of postmaster.pid: 1 pid, 2 data folder, 3 start, 4 port, 5 socket folder, 6 address, 7 shared memory, 8 state. */
function readPid(place: EmbeddedPlace): { pid: number; ready: boolean; socket: string } | undefined {
  try {
    const lines = readFileSync(join(place.data, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    if (!Number.isInteger(pid) || pid <= 0) return undefined
    return { pid, ready: lines[7]?.trim() === 'ready', socket: lines[4] ?? '' }
  } catch {
    return undefined
  }
}

function isServerOf(pid: number, place: EmbeddedPlace): boolean {
  if (!isAlive(pid)) return false
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === place.data
  } catch {
    // Not on Linux, or not ours to look at: believe the file.
    return !existsSync('/proc/self/cwd')
  }
}

function isAlive(pid: number): boolean {
  if (!send(pid, 0)) return false
  try {
    // A dead child that nobody has waited for yet still answers to signals.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return !existsSync('/proc/self/stat')
  }
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function runToEnd(
  file: string,
  args: readonly string[],
  place: EmbeddedPlace,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(file, args, {
    ...place.owner,
    cwd: place.home,
    env: serverEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(startFailure(cause.message, place)))
    child.once('close', (code) => resolve({ code, output }))
  })
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })

/** Why the server ended, by its own log. */
async function lastWords(place: EmbeddedPlace): Promise<string> {
  const text = await readFile(join(place.home, 'postgres.log'), 'utf8').catch(() => '')
  const lines = text.trim().split('\n').slice(-12)
  return (
    (lines
      .filter((line) => /(FATAL|PANIC|HINT): /.test(line))
      .slice(-2)
      .join(' | ') ||
      lines.at(-1)) ??
    ''
  )
}

/** No PG* variable of the caller reaches the server. */
const serverEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' })
