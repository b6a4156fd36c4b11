/** Canopy under measurement: a standalone process, or the distributed stack. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { addressIn, Gateway } from './gateway.ts'
import type { BenchOptions } from './main.ts'
import { figures, processesWith, sumCpu } from './process-figures.ts'
import { prepareData, stop, type World } from './world.ts'

/** One change as the provisioning log has it. */
export interface Applied {
  readonly cloudId: string
  readonly display: string
  readonly action: string
  readonly atMs: number
}

export interface Pipeline {
  /** Of Kafka, where there is one. */
  readonly brokers?: readonly string[]
  /** When the process was started, and when it first said "in sync", in milliseconds of performance.now(). */
  inSync(): Promise<{ startedMs: number; readyMs: number }>
  /** Objects equal in the cloud, as last said. */
  written(): number
  /** The first change from now on that fits. */
  arrival(fits: (applied: Applied) => boolean, withinMs: number): Promise<Applied>
  /** Epochs of the directory partitions. */
  epochs(): Promise<bigint[]>
  /** The cloud equals the forests now. */
  equal(): Promise<boolean>
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>
  figures(): Record<string, unknown>
  close(): Promise<void>
}

/** As `npm start` runs it. */
const startFlags = '--max-semi-space-size=16 --max-old-space-size=384'
const root = fileURLToPath(new URL('../../', import.meta.url))

export async function startPipeline(world: World, options: Pick<BenchOptions, 'mode' | 'progress'>): Promise<Pipeline> {
  if (options.mode === 'distributed') {
    const { startDistributed } = await import('./distributed.ts')
    return startDistributed(world, options.progress)
  }
  return startStandalone(world, options.progress)
}

interface ProgressLine {
  readonly state: string
  readonly read: number
  readonly resolved: number
  readonly written: number
}

function startStandalone(world: World, progress: (line: string) => void): Pipeline {
  prepareData(world)
  const startedMs = performance.now()
  const entry = join(root, 'services/standalone/src/main.ts')
  const flags = ['--data', world.data, '--config', world.configuration, '--json']
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--conditions=@canopy/source',
      '--disable-warning=ExperimentalWarning',
      ...(process.env.CANOPY_BENCH_NODE ?? startFlags).split(' '),
      entry,
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  process.on('exit', () => child.kill('SIGKILL'))
  const changes = new EventTarget()
  let written = 0
  const ready = new Promise<{ startedMs: number; readyMs: number }>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const said = JSON.parse(line) as Partial<ProgressLine>
      if (said.state === undefined) return
      written = said.written ?? 0
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      progress(`${seconds} s  ${said.state}  read ${said.read}  resolved ${said.resolved}  written ${written}`)
      if (said.state === 'inSync') resolve({ startedMs, readyMs: performance.now() })
    })
    child.once('exit', (code) => reject(new Error(`standalone ended with ${code}`)))
  })
  ready.catch(() => undefined)
  const gateway = new Gateway(addressIn(world.data))
  // Followed only where arrivals are asked for: telling every change costs the process that is measured.
  let log: { stop(): void } | undefined
  const follow = (): void => {
    log ??= gateway.follow((applied) => changes.dispatchEvent(new CustomEvent('applied', { detail: applied })))
  }
  return {
    inSync: () => ready,
    written: () => written,
    arrival: (fits, withinMs) => {
      follow()
      return arrival(changes, fits, withinMs)
    },
    epochs: () => gateway.epochs(),
    equal: () => gateway.equal(),
    ask: (method, path, body) => gateway.ask(method, path, body),
    figures: () => {
      const database = processesWith(world.data)
      return {
        canopy: figures(child.pid ?? 0),
        databaseCpuSeconds: Math.round(sumCpu(database.filter((pid) => pid !== child.pid))),
        forest: figures(world.forest.process.pid ?? 0),
        cloud: figures(world.cloud.process.pid ?? 0),
      }
    },
    close: async () => {
      log?.stop()
      await stop(child)
    },
  }
}

export function arrival(changes: EventTarget, fits: (applied: Applied) => boolean, withinMs: number): Promise<Applied> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      changes.removeEventListener('applied', look)
      reject(new Error(`a change did not arrive within ${withinMs} ms`))
    }, withinMs)
    const look = (event: Event): void => {
      const { detail } = event as CustomEvent<Applied>
      if (!fits(detail)) return
      clearTimeout(timer)
      changes.removeEventListener('applied', look)
      resolve(detail)
    }
    changes.addEventListener('applied', look)
  })
}
