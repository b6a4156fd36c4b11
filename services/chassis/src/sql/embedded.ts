/** The embedded PostgreSQL: the real server, started for one Canopy on one folder. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Failure } from '../failure.ts'
import type { Log } from '../telemetry/log.ts'
import type { SqlConnection } from './connection.ts'
import { type EmbeddedPlace, type PostgresBinaries, packagedBinaries, preparePlace } from './embedded-files.ts'
import {
  createData,
  embeddedUser,
  isStillEnding,
  removeStalePid,
  runningServer,
  type ServerRequest,
  serverSettings,
  startServer,
  stopServer,
} from './embedded-server.ts'
import { sqlFailure } from './sql-failure.ts'

export interface EmbeddedPostgresOptions {
  /** The state folder; the server keeps to `<dir>/pg`. */
  readonly dir: string
  readonly log?: Log
  /** Over Canopy's own: `{ fsync: 'off' }` where the data may be lost, as in tests. */
  readonly settings?: Readonly<Record<string, string>>
  /** Another installation than the packaged one. */
  readonly binaries?: PostgresBinaries
}

export interface EmbeddedPostgres {
  /** `socket:/folder?db=…&user=…`, as `postgresSql` takes it. */
  readonly url: string
  readonly connection: SqlConnection
  readonly pid: number
  /** True when the server of a Canopy that was killed has been taken over. */
  readonly takenOver: boolean
  /** Stops the server; everything committed is on the disk then. */
  close(): Promise<void>
}

const database = 'canopy'
const lockKey = 7_226_170
const lockWaitMs = 3_000
const endingWaitMs = 15_000
const startAttempts = 2

/**
 * Starts, or takes over, the server on `<dir>/pg`. PostgreSQL itself is the lock: it lets one server have the data
 * folder, and the one session that holds an advisory lock in it is the Canopy that owns both. The lock goes with its
 * process, however that ends. A second Canopy: Failure CANOPY-SQL-0004 (permanent).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const place = await preparePlace(options.dir)
  const binaries = options.binaries ?? (await packagedBinaries(place.home))
  const settings = { ...serverSettings(place, binaries.major), ...options.settings }
  const { lock, pid, takenOver, connection } = await own({ place, binaries, settings })
  if (takenOver) await inherit(lock)
  // Holding the lock alone is no reason for a process to live on; what was awaited until here is.
  holdsProcess(lock, false)
  options.log?.info(
    { pid, takenOver },
    takenOver ? 'took over the embedded PostgreSQL' : 'embedded PostgreSQL is ready',
  )
  let closing: Promise<void> | undefined
  return {
    url: `socket:${encodeURI(connection.host)}?db=${database}&user=${embeddedUser}`,
    connection,
    pid,
    takenOver,
    close: () => {
      holdsProcess(lock, true)
      closing ??= lock.end().then(() => stopServer(pid))
      return closing
    },
  }
}

interface Owned {
  readonly lock: pg.Client
  readonly pid: number
  readonly takenOver: boolean
  readonly connection: SqlConnection
}

/** Finds the server or starts it, and has its lock. A server that was killed may take some seconds to be gone entirely. */
async function own(request: ServerRequest): Promise<Owned> {
  const deadline = performance.now() + endingWaitMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryOwn(request)
    } catch (error) {
      if (performance.now() > deadline || (!isStillEnding(error) && attempt > startAttempts)) throw sqlFailure(error)
      if (error instanceof Failure && error.code === 'CANOPY-SQL-0004') throw error
      await sleep(100)
    }
  }
}

async function tryOwn(request: ServerRequest): Promise<Owned> {
  const { place } = request
  const running = runningServer(place)
  if (!running) await removeStalePid(place)
  if (!running) await createData(request)
  const pid = running?.pid ?? (await startServer(request))
  const connection: SqlConnection = { host: running?.socket ?? place.socket, user: embeddedUser, database }
  try {
    return { lock: await takeLock(connection, place), pid, takenOver: running !== undefined, connection }
  } catch (error) {
    // Nobody owns a server that cannot be spoken to: stop it, so that the next attempt finds a clean folder.
    if (!(error instanceof Failure)) await stopServer(pid)
    throw error
  }
}

function holdsProcess(client: pg.Client, holds: boolean): void {
  const { ref, unref } = client as pg.Client & { ref(): void; unref(): void }
  ;(holds ? ref : unref).call(client)
}

async function takeLock(connection: SqlConnection, place: EmbeddedPlace): Promise<pg.Client> {
  await ensureDatabase(connection)
  const client = await connect(connection, `canopy.lock pid ${process.pid}`)
  const deadline = performance.now() + lockWaitMs
  // The session of an owner that was killed a moment ago may take a moment to end.
  while (performance.now() < deadline) {
    const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [lockKey])
    if (rows[0]?.got) return client
    await sleep(50)
  }
  const { rows } = await client.query<{ owner: string }>(
    `select a.application_name as owner from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objid = $1::bigint::oid and l.classid = 0`,
    [lockKey],
  )
  await client.end()
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-SQL-0004',
    message: `another Canopy uses this folder: ${rows[0]?.owner.replace('canopy.lock ', '') ?? 'its process is not known'}`,
    at: place.home,
    mend: 'stop it, or choose another state folder',
  })
}

/** Whatever the killed owner still had running is ended, before anything new is done on the same data. */
async function inherit(lock: pg.Client): Promise<void> {
  const others = "from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
  await lock.query(`select pg_terminate_backend(pid, 2000) ${others}`)
}

async function ensureDatabase(connection: SqlConnection): Promise<void> {
  const client = await connect({ ...connection, database: 'postgres' }, 'canopy.start')
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${database}`)
  } catch (error) {
    // Two starts at once: the one that lost finds the database made.
    if (!(error instanceof Error && 'code' in error && (error.code === '42P04' || error.code === '23505'))) throw error
  } finally {
    await client.end()
  }
}

async function connect(connection: SqlConnection, name: string): Promise<pg.Client> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const client = new pg.Client({ ...connection, application_name: name })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      // A server that was taken over may still be recovering.
      const starting = error instanceof Error && 'code' in error && error.code === '57P03'
      if (!starting || performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}
