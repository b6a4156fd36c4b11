/** The loop behind intake: opens the barrier, drains what is left for later, lets watermarks go on. */
import { type Component, classify, type Log, type RunningStage, type Sql, type Tx } from '@canopy/chassis'
import { readBarrier, readWatermarks } from './adapters/barrier.sql.ts'
import { foldTally, hasBacklog } from './adapters/work.sql.ts'
import { deriveAgain, resolveAgain } from './again.ts'
import type { Rules } from './core/rules.ts'
import type { Versions } from './core/versions.ts'
import { missingForests, step } from './decide.ts'
import { events } from './events.ts'
import type { Gate } from './gate.ts'
import { rescopeAgain } from './group-scope.ts'

export interface Worker extends Component {
  /** There may be something to do. */
  wake(): void
}

export interface WorkerParts {
  readonly stage: RunningStage
  readonly rules: Rules
  readonly versions: (tx: Tx) => Promise<Versions>
}

export interface WorkerOptions {
  readonly sql: Sql
  readonly log: Log
  readonly now: () => Date
  readonly gate: Gate
  readonly pollMs: number
  /** Undefined until there is a configuration. */
  readonly parts: () => WorkerParts | undefined
  /** Looks for rules that may be used from now on. */
  readonly refresh: () => Promise<void>
}

export function worker(options: WorkerOptions): Worker {
  let isStopped = false
  let isWanted = false
  let poke = (): void => undefined
  let loop: Promise<void> | undefined
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      if (isWanted || isStopped) return resolve()
      const timer = setTimeout(resolve, options.pollMs)
      poke = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async (): Promise<void> => {
    while (!isStopped) {
      isWanted = false
      try {
        await options.refresh()
        const parts = options.parts()
        if (parts) await drain(options, parts, () => isStopped)
      } catch (error) {
        const { kind, code, message, at } = classify(error)
        if (kind !== 'cancelled') options.log.warn({ code, at }, `resolving interrupted, goes on: ${message}`)
      }
      await pause()
    }
  }
  return {
    name: 'resolve worker',
    start: async () => {
      loop = run()
    },
    stop: async () => {
      isStopped = true
      poke()
      await loop
    },
    wake: () => {
      isWanted = true
      poke()
    },
  }
}

/** Everything there is to do now. Watermarks go on once nothing is left. */
export async function drain(options: WorkerOptions, parts: WorkerParts, isStopped = () => false): Promise<void> {
  const { sql, gate } = options
  const { stage, rules } = parts
  if (!(await pass(options, parts, isStopped))) return
  const publish = (work: typeof resolveAgain): Promise<boolean> =>
    stage.publish(async (tx, out) =>
      work({ tx, out, rules, versions: await parts.versions(tx), gate, now: options.now() }),
    )
  let count = 0
  const rescope = (): Promise<boolean> => stage.publish((tx) => rescopeAgain({ tx, gate }))
  while (!isStopped() && ((await rescope()) || (await publish(resolveAgain)) || (await publish(deriveAgain)))) count++
  if (isStopped()) return
  if (count > 0) await foldTally(sql)
  await stage.publish(async (tx, out) => {
    if (!(await hasBacklog(tx))) await stage.releaseWatermarks(tx, out)
  })
}

/** True when the barrier is open. */
async function pass(options: WorkerOptions, parts: WorkerParts, isStopped: () => boolean): Promise<boolean> {
  const { stage, rules } = parts
  const before = await readBarrier(options.sql)
  if (before.state === 'open') return true
  if (before.state === 'waiting' && missingForests(rules, await readWatermarks(options.sql)).length > 0) return false
  const startedMs = performance.now()
  while (!isStopped()) {
    const state = await stage.publish((tx, out) => step({ tx, out, rules, now: options.now() }))
    if (state === 'blocked') return false
    if (state !== 'open') continue
    events.barrierOpened({ duration: performance.now() - startedMs })
    return true
  }
  return false
}
