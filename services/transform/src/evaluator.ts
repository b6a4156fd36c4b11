/** Sees to it that every object is evaluated under the active configuration version, by one process at a time. */
import {
  type Component,
  type Context,
  classify,
  type LeasePool,
  partitionOf,
  type RunningStage,
  type Sql,
} from '@canopy/chassis'
import { contribution, topics } from '@canopy/proto'
import { evaluated, markEvaluated } from './adapters/evaluated.sql.ts'
import type { Config } from './config.ts'
import { events } from './events.ts'
import type { Active } from './mapper.ts'
import { reevaluate } from './reevaluation.ts'

export interface Evaluator extends Component {
  /** Looks now rather than at the next interval. */
  wake(): void
}

const lease = 'evaluate'

export function evaluator(of: {
  readonly context: Context<Config>
  readonly running: () => { readonly stage: RunningStage; readonly active: Active } | undefined
}): Evaluator {
  const { context } = of
  const stop = new AbortController()
  let pool: LeasePool | undefined
  let poke = (): void => undefined
  let loop: Promise<void> | undefined
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const pause = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, context.config.binding_retry_ms)
        poke = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      try {
        const running = of.running()
        if (running && pool?.holds(lease)) await look({ context, signal: stop.signal, ...running })
      } catch (error) {
        const failure = classify(error)
        if (failure.kind !== 'cancelled')
          context.log.warn({ code: failure.code }, 'evaluation interrupted, goes on later')
      }
      await pause
    }
  }
  return {
    name: 'transform evaluator',
    start: async () => {
      pool = await context.leases({ pool: lease, names: [lease], onAcquired: () => poke() })
      loop = run()
    },
    stop: async () => {
      stop.abort()
      poke()
      await loop
      await pool?.close()
    },
    wake: () => poke(),
  }
}

async function look(of: {
  readonly context: Context<Config>
  readonly signal: AbortSignal
  readonly stage: RunningStage
  readonly active: Active
}): Promise<void> {
  const { context, active } = of
  const { name, version } = active.config
  for (const { forest } of active.bindings.unbound()) await active.bindings.of(forest)
  const known = await evaluated(context.sql, name)
  if (known && known.version >= version && known.done >= known.asked) return
  if (known) {
    const counts = await reevaluate({ ...of, bus: context.bus, now: context.now })
    events.reevaluated({ version: String(version), ...counts })
  }
  await markEvaluated(context.sql, { configuration: name, version, asked: known?.asked ?? 0n })
  await announce(of)
}

/**
 * One record in every partition of canopy.contributions says that what comes before it was evaluated under this version:
 * with the last of them resolve may use the version's own rules.
 */
async function announce(of: {
  readonly context: { readonly bus: Context<Config>['bus']; readonly sql: Sql }
  readonly stage: RunningStage
  readonly active: Active
}): Promise<void> {
  const { version } = of.active.config
  const partitions = of.context.bus.partitions(topics.contributions)
  await of.stage.publish(async (_tx, out) => {
    const missing = new Set(Array.from({ length: partitions }, (_, partition) => partition))
    for (let n = 0; missing.size > 0; n++) {
      const key = `=configuration/${n}`
      if (!missing.delete(partitionOf(topics.contributions, key, partitions))) continue
      const marker = { kind: 'configuration', version, configurationVersion: version }
      out.put(topics.contributions, key, contribution.Contribution.fromPartial(marker))
    }
  })
}
