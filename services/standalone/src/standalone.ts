/** All services in one process on embedded adapters, with the lab or your own forests as the outside world. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { audit } from '@canopy/audit'
import { capture } from '@canopy/capture'
import { call, Failure, type ProcessLog, type Running, startServices } from '@canopy/chassis'
import { consoleService } from '@canopy/console'
import { control } from '@canopy/control'
import { control as controlRpc } from '@canopy/proto'
import { resolve } from '@canopy/resolve'
import { transform } from '@canopy/transform'
import { write } from '@canopy/write'
import { embeddedAdapters } from './adapters.ts'
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
  readonly otlpEndpoint?: string
}

export interface Standalone {
  readonly folder: DataFolder
  readonly lab: LabWorld | undefined
  readonly running: Running
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
    const folder = openDataFolder(options.data, options.reset ?? false)
    const source = options.config === undefined ? undefined : readConfiguration(options.config)
    const [adapters, lab] = await Promise.all([
      embeddedAdapters(folder.database),
      source === undefined
        ? startLabWorld({
            dir: folder.lab,
            credentials: folder.credentials,
            ...(options.population ? { population: options.population } : {}),
          })
        : undefined,
    ])
    closers.push(() => adapters.close())
    if (lab) closers.push(() => lab.close())
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
    return { folder, lab, running, gateway, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Certificate authorities in <data>/trust, and the lab's. */
function trusted(folder: DataFolder, lab: LabWorld | undefined): string[] {
  const own = readdirSync(folder.trust)
    .filter((name) => name.endsWith('.pem'))
    .map((name) => join(folder.trust, name))
  return lab ? [...own, lab.trust] : own
}

function readConfiguration(file: string): string {
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

/** The same source as before makes no new version. Problems are one Failure that names the first, with its place. */
async function applyConfiguration(running: Running, source: string, file: string | undefined): Promise<void> {
  const client = running.channels.client('control', controlRpc.ControlClient)
  const answer = await call(client, 'applyConfiguration', { source, who: 'standalone' })
  const problem = answer.problems.find((each) => !each.warning)
  if (!problem) return
  const more = answer.problems.filter((each) => !each.warning).length - 1
  throw new Failure({
    kind: 'permanent',
    code: problem.code,
    message: more > 0 ? `${problem.message} (and ${more} more)` : problem.message,
    at: `${file ?? 'configuration'}:${problem.line}:${problem.column} ${problem.path}`,
    mend: problem.mend,
  })
}
