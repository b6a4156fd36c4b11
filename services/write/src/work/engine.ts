/** Keeps rounds going for one target: two general slots and one that is kept free for leavers. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log, RunningStage, Sql } from '@canopy/chassis'
import { classify } from '@canopy/chassis'
import { publishedWritesPerSecond, takeTokens } from '../adapters/store/budget.sql.ts'
import { lanes } from '../core/desire.ts'
import { round } from './round.ts'
import type { Target } from './target.ts'

export interface EngineOptions {
  readonly sql: Sql
  readonly stage: Pick<RunningStage, 'publish'>
  readonly target: Target
  readonly shards: () => readonly number[]
  readonly barrierOpen: () => boolean
  readonly now: () => Date
  readonly log: Log
  /** One change arrived in the cloud; `observedAt`: when the agent saw it. */
  readonly applied: (action: string, observedAt: Date | undefined) => void
}

export interface Engine {
  /** Something may be due. */
  wake(): void
  stop(): Promise<void>
}

const idleMs = 500
/** Wakes within it are one: intake commits many batches in a row. */
const gatherMs = 5
/** A look that found nothing is not repeated sooner: before the barrier opens every batch of intake is a wake for nothing. */
const emptyPauseMs = 50
/** Unsettled rows wait for seconds: no need to look in every round. */
const settleEveryMs = 500
/** Calls of `send` that a round keeps busy, over and over. */
const callsPerLane = 2
/** Above this rate nothing is paced. */
const unpaced = 1_000

export function startEngine(options: EngineOptions): Engine {
  const { target } = options
  const busyOwners = new Set<string>()
  const looks = { settledMs: Number.NEGATIVE_INFINITY }
  let wakeUps: (() => void)[] = []
  let stopped = false
  let generation = 0

  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wakeUps.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  const wakeNow = (): void => {
    generation++
    const all = wakeUps
    wakeUps = []
    for (const up of all) up()
  }
  let gathering: NodeJS.Timeout | undefined
  const wake = (): void => {
    if (gathering !== undefined) return
    gathering = setTimeout(() => {
      gathering = undefined
      wakeNow()
    }, gatherMs)
  }

  const slot = async (leavers: boolean): Promise<void> => {
    let emptyMs = Number.NEGATIVE_INFINITY
    while (!stopped) {
      const tooSoonMs = emptyMs + emptyPauseMs - performance.now()
      if (tooSoonMs > 0) await sleep(tooSoonMs)
      const before = generation
      const worked = await turn(options, leavers, busyOwners, looks).catch((error: unknown) => {
        const failure = classify(error)
        options.log.warn({ target: target.name, code: failure.code }, `round failed: ${failure.message}`)
        return -1
      })
      if (stopped) return
      emptyMs = worked === 0 ? performance.now() : Number.NEGATIVE_INFINITY
      if (worked < 0) await rest(1_000)
      else if (worked === 0 && before === generation) await rest(target.health.paused() ? 200 : idleMs)
      else if (worked > 0 && !leavers) wake()
    }
  }
  // Contacts have no leavers' lane: nothing of theirs signs in.
  const leavers = target.directory.capabilities.kinds.includes('user') ? [slot(true)] : []
  const slots = [slot(false), slot(false), ...leavers]
  return {
    wake,
    stop: async () => {
      stopped = true
      wakeNow()
      await Promise.all(slots)
    },
  }
}

async function turn(
  options: EngineOptions,
  leavers: boolean,
  busyOwners: Set<string>,
  looks: { settledMs: number },
): Promise<number> {
  const { target } = options
  const shards = options.shards()
  if (target.mode === 'observe' || shards.length === 0 || target.health.paused()) return 0
  const { batch, concurrency } = target.directory.capabilities
  const limit = await paced(options, leavers, batch * concurrency * callsPerLane)
  if (limit === 0) return 0
  const settle = !leavers && performance.now() - looks.settledMs > settleEveryMs
  if (settle) looks.settledMs = performance.now()
  const open = options.barrierOpen() ? [lanes.creates] : []
  return round({
    sql: options.sql,
    stage: options.stage,
    target,
    shards,
    lanes: leavers ? [lanes.leavers] : [lanes.leavers, ...open, lanes.attributes],
    everything: !leavers,
    settle,
    limit,
    busyOwners,
    now: options.now,
    applied: options.applied,
  })
}

/** How many writes the round may do. Tokens a round did not use are lost: the target saw fewer writes than it may. */
async function paced(options: EngineOptions, leavers: boolean, wanted: number): Promise<number> {
  const { configuration, name } = options.target
  const share = configuration.maxShare > 0 ? configuration.maxShare : 0.7
  const perSecond = configuration.writesPerSecond > 0 ? configuration.writesPerSecond : publishedWritesPerSecond * share
  if (perSecond >= unpaced) return wanted
  if (!(await anythingDue(options))) return 0
  return takeTokens(options.sql, { target: name, perSecond, wanted: Math.min(wanted, Math.ceil(perSecond)), leavers })
}

async function anythingDue(options: EngineOptions): Promise<boolean> {
  const [row] = await options.sql.query<{ due: boolean }>(
    `select exists (select from desired where state in ('due', 'verify') and due_at <= now() and kind = any($1))
       or exists (select from edge where state = 'due' and due_at <= now()) as due`,
    [options.target.directory.capabilities.kinds],
  )
  return row?.due ?? false
}
