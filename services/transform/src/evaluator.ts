/** Binds scopes, makes newer versions active, and sees to it that every object is evaluated: one process at a time. */
import { type Component, type Context, classify, type LeasePool, partitionOf, type RunningStage } from '@canopy/chassis'
import { type configuration, contribution, topics } from '@canopy/proto'
import { type Active, unboundOf } from './active.ts'
import { bind, markEvaluated, readBindings, switchTo } from './adapters/active.sql.ts'
import { type AskCapture, findBindings } from './adapters/bindings.ts'
import type { Config } from './config.ts'
import { configured } from './core/configured.ts'
import type { Desk } from './desk.ts'
import { events } from './events.ts'
import { reevaluate } from './reevaluation.ts'

export interface Evaluator extends Component {
  /** Looks now rather than at the next interval. */
  wake(): void
}

const lease = 'evaluate'

export interface EvaluatorOptions {
  readonly context: Context<Config>
  readonly desk: Desk
  readonly ask: AskCapture
  /** Undefined until there is a configuration. */
  readonly stage: () => RunningStage | undefined
}

export function evaluator(of: EvaluatorOptions): Evaluator {
  const { context } = of
  const stop = new AbortController()
  const pending: Pending = { version: 0n }
  let pool: LeasePool | undefined
  let isWanted = false
  let poke = (): void => undefined
  let loop: Promise<void> | undefined
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      if (isWanted || stop.signal.aborted) return resolve()
      const timer = setTimeout(resolve, context.config.binding_retry_ms)
      poke = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      isWanted = false
      try {
        const stage = of.stage()
        if (stage && pool?.holds(lease)) await look({ ...of, stage, signal: stop.signal, pending })
      } catch (error) {
        const failure = classify(error)
        if (failure.kind !== 'cancelled')
          context.log.warn({ code: failure.code }, 'evaluation interrupted, goes on later')
      }
      await pause()
    }
  }
  const wake = (): void => {
    isWanted = true
    poke()
  }
  return {
    name: 'transform evaluator',
    start: async () => {
      pool = await context.leases({ pool: lease, names: [lease], onAcquired: wake })
      loop = run()
    },
    stop: async () => {
      stop.abort()
      poke()
      await loop
      await pool?.close()
    },
    wake,
  }
}

/** The last version that was told to be pending. */
interface Pending {
  version: bigint
}

interface Look extends Omit<EvaluatorOptions, 'stage'> {
  readonly stage: RunningStage
  readonly signal: AbortSignal
  readonly pending: Pending
}

async function look(of: Look): Promise<void> {
  const { context, desk } = of
  const before = await desk.refresh()
  await bindMissing(of, before)
  const offered = desk.offered()
  if (offered && offered.name === before.config.name && offered.version > before.config.version) {
    await makeActive(of, before, offered)
  }
  const active = await desk.refresh()
  if (active.evaluated >= active.epoch) return
  const done = await reevaluate({ ...of, sql: context.sql, bus: context.bus, now: context.now, epoch: active.epoch })
  if (!done.isComplete) return
  events.reevaluated({ version: String(active.config.version), objects: done.objects, published: done.published })
  await announce(of, active)
}

/** What is found is kept, and what was judged without it is judged again. */
async function bindMissing(of: Look, active: Active): Promise<void> {
  if (active.unbound.length === 0) return
  const bindings = await found(of, active.unbound)
  if (bindings.length === 0) return
  await of.context.sql.tx((tx) => bind(tx, { configuration: active.config.name, bindings, raises: true }))
}

/** Not to be asked is not to be found. */
async function found(of: Look, unbound: Active['unbound']): ReturnType<typeof findBindings> {
  try {
    return await findBindings(of.ask, unbound)
  } catch (error) {
    events.bindingFailed({ reason: classify(error).code })
    return []
  }
}

/**
 * A version is pending while its scope names what is not found in a forest that is read already: it never counts as a scope
 * that is empty there. A forest that comes with the version is not waited for; what depends on it is unknown until then.
 */
async function makeActive(of: Look, before: Active, version: configuration.Configuration): Promise<void> {
  const { sql } = of.context
  const config = configured(version)
  const bindings = await found(of, unboundOf(config, await readBindings(sql, config.name)))
  if (bindings.length > 0) await sql.tx((tx) => bind(tx, { configuration: config.name, bindings, raises: false }))
  const missing = unboundOf(config, await readBindings(sql, config.name)).filter((one) =>
    before.config.forests.has(one.forest),
  )
  if (missing.length > 0) {
    const forests = missing.map((one) => one.forest).join(', ')
    if (of.pending.version !== version.version) events.versionPending({ version: String(version.version), forests })
    of.pending.version = version.version
    of.context.waiting('scope', `version ${version.version} waits for a name of its scope to be found in ${forests}`)
    return
  }
  of.context.waiting('scope', undefined)
  await sql.tx((tx) => switchTo(tx, version))
}

/**
 * One record in every partition of canopy.contributions says that what comes before it was evaluated under this version:
 * with the last of them resolve may use the version's own rules.
 */
async function announce(of: Look, { epoch, config }: Active): Promise<void> {
  const { version } = config
  const partitions = of.context.bus.partitions(topics.contributions)
  await of.stage.publish(async (tx, out) => {
    if ((await of.desk.enter(tx)).epoch !== epoch) return
    await markEvaluated(tx, epoch)
    const missing = new Set(Array.from({ length: partitions }, (_, partition) => partition))
    for (let n = 0; missing.size > 0; n++) {
      const key = `=configuration/${n}`
      if (!missing.delete(partitionOf(topics.contributions, key, partitions))) continue
      const marker = { kind: 'configuration', version, configurationVersion: version }
      out.put(topics.contributions, key, contribution.Contribution.fromPartial(marker))
    }
  })
}
