/** All services in one process on embedded adapters, with the lab or your own forests as the outside world. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { audit } from '@canopy/audit'
import { capture } from '@canopy/capture'
import {
  type Bus,
  call,
  Failure,
  type ProcessLog,
  type Running,
  silentLog,
  startEmbeddedPostgres,
  startServices,
  startTelemetry,
  version,
} from '@canopy/chassis'
import { consoleService } from '@canopy/console'
import { compileConfiguration, control } from '@canopy/control'
import { control as controlRpc } from '@canopy/proto'
import { resolve } from '@canopy/resolve'
import { transform } from '@canopy/transform'
import { write } from '@canopy/write'
import { type EmbeddedAdapters, embeddedAdapters } from './adapters.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { labRoutes } from './lab-routes.ts'
import { type LabWorld, startLabWorld } from './lab-world.ts'

export interface StandaloneStart {
  readonly data: string
  readonly reset?: boolean
  /** File with your own configuration; none: the lab is the outside world. */
  readonly config?: string
  readonly log?: ProcessLog
  readonly population?: Parameters<typeof startLabWorld>[0]['population']
  /** OTLP/HTTP receiver of spans and metrics; none: nothing is recorded. */
  readonly otlpEndpoint?: string
  /** Milliseconds between two exports of metrics. */
  readonly metricIntervalMs?: number
}

export interface Standalone {
  readonly folder: DataFolder
  readonly lab: LabWorld | undefined
  readonly running: Running
  readonly bus: Bus
  /** The gateway, and the bearer it asks for. */
  readonly gateway: { readonly url: string; readonly token: string }
  close(): Promise<void>
}

/** Everything that was started is stopped again when a later step fails. */
export async function startStandalone(options: StandaloneStart): Promise<Standalone> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer().catch(() => undefined)
  }
  try {
    const source = options.config === undefined ? undefined : readConfiguration(options.config)
    if (options.reset) await becomeOwner(options.data)
    const folder = openDataFolder(options.data, options.reset ?? false)
    const { adapters, lab } = await startGround(folder, options, closers)
    await recordTelemetry(options, closers)
    const token = randomBytes(24).toString('base64url')
    const tokenFile = join(folder.credentials, 'gateway-token')
    writeFileSync(tokenFile, token, { mode: 0o600 })
    const socket = `unix:${join(adapters.socketFolder, 'rpc.sock')}`
    rmSync(socket.slice('unix:'.length), { force: true })
    let gatewayUrl = ''
    const gatewayService = consoleService({
      extraRoutes: labRoutes(lab),
      onListening: (url) => {
        gatewayUrl = url
      },
    })
    const trust = trusted(folder, lab)
    const running = await startServices([control, capture, agent, transform, resolve, write, audit, gatewayService], {
      adapters: { sql: adapters.sql, bus: adapters.bus },
      rpc: { listen: [socket] },
      config: {
        agent: { name: 'standalone', hub: socket, credentials_dir: folder.credentials, trust },
        write: { credentials_dir: folder.credentials, trust },
        console: { listen: '127.0.0.1:0', token_file: tokenFile },
      },
      ...(options.log ? { log: options.log } : {}),
    })
    closers.push(() => running.stop())
    await applyConfiguration(running, source ?? lab?.configuration ?? '', options.config)
    const gateway = { url: gatewayUrl, token }
    writeFileSync(folder.gateway, `${JSON.stringify(gateway)}\n`, { mode: 0o600 })
    return { folder, lab, running, bus: adapters.bus, gateway, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The database, which is also what keeps a second Canopy off the folder, and the lab where it is wanted. */
async function startGround(
  folder: DataFolder,
  options: StandaloneStart,
  closers: (() => Promise<unknown>)[],
): Promise<{ adapters: EmbeddedAdapters; lab: LabWorld | undefined }> {
  const startAdapters = async (): Promise<EmbeddedAdapters> => {
    const adapters = await embeddedAdapters(folder.database)
    closers.push(() => adapters.close())
    return adapters
  }
  const startLab = async (): Promise<LabWorld | undefined> => {
    if (options.config !== undefined) return undefined
    const population = options.population ? { population: options.population } : {}
    const lab = await startLabWorld({ dir: folder.lab, credentials: folder.credentials, ...population })
    closers.push(() => lab.close())
    return lab
  }
  // Where a database runs already, another Canopy may own the lab's files too.
  if (mayBeInUse(folder.database)) return { adapters: await startAdapters(), lab: await startLab() }
  const [adapters, lab] = await Promise.allSettled([startAdapters(), startLab()])
  if (adapters.status === 'rejected') throw adapters.reason
  if (lab.status === 'rejected') throw lab.reason
  return { adapters: adapters.value, lab: lab.value }
}

const mayBeInUse = (database: string): boolean => existsSync(join(database, 'pg', 'data', 'postmaster.pid'))

/** Refused with Failure CANOPY-SQL-0004 while another Canopy runs on the folder; a database left behind is stopped. */
async function becomeOwner(data: string): Promise<void> {
  const dir = join(data, 'database')
  if (!mayBeInUse(dir)) return
  const database = await startEmbeddedPostgres({ dir })
  await database.close()
}

async function recordTelemetry(options: StandaloneStart, closers: (() => Promise<unknown>)[]): Promise<void> {
  if (options.otlpEndpoint === undefined) return
  const telemetry = await startTelemetry({
    service: 'canopy',
    instance: `standalone-${process.pid}`,
    version,
    log: options.log ?? silentLog,
    otlpEndpoint: options.otlpEndpoint,
    ...(options.metricIntervalMs === undefined ? {} : { metricIntervalMs: options.metricIntervalMs }),
  })
  closers.push(() => telemetry.shutdown())
}

/** Certificate authorities in <data>/trust, and the lab's. */
function trusted(folder: DataFolder, lab: LabWorld | undefined): string[] {
  const own = readdirSync(folder.trust)
    .filter((name) => name.endsWith('.pem'))
    .map((name) => join(folder.trust, name))
  return lab ? [...own, lab.trust] : own
}

/** Looked through before anything is started. */
function readConfiguration(file: string): string {
  const source = readText(file)
  refuseProblems(compileConfiguration(source).problems, file)
  return source
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-CONFIG-0001',
      message: `the configuration ${file} cannot be read`,
      at: '--config',
      mend: 'name a file; deploy/config holds two examples',
      cause,
    })
  }
}

/** The same source as before makes no new version. */
async function applyConfiguration(running: Running, source: string, file: string | undefined): Promise<void> {
  const client = running.channels.client('control', controlRpc.ControlClient)
  const answer = await call(client, 'applyConfiguration', { source, who: 'standalone' })
  refuseProblems(answer.problems, file)
}

interface Problem {
  readonly code: string
  readonly message: string
  readonly path: string
  readonly line: number
  readonly column: number
  readonly mend?: string | undefined
  readonly warning?: boolean | undefined
}

/** Problems are one Failure that names the first, with its place. */
function refuseProblems(problems: readonly Problem[], file: string | undefined): void {
  const problem = problems.find((each) => !each.warning)
  if (!problem) return
  const more = problems.filter((each) => !each.warning).length - 1
  throw new Failure({
    kind: 'permanent',
    code: problem.code,
    message: more > 0 ? `${problem.message} (and ${more} more)` : problem.message,
    at: `${file ?? 'configuration'}:${problem.line}:${problem.column} ${problem.path}`.trimEnd(),
    ...(problem.mend ? { mend: problem.mend } : {}),
  })
}
