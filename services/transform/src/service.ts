/** Composes transform: maps canopy.changes to canopy.contributions under the active configuration. */
import {
  type Component,
  type Consumer,
  type Context,
  classify,
  defineService,
  type RunningStage,
  type StageBatch,
  traceOf,
} from '@canopy/chassis'
import { type change, type configuration, transform as rpc, topics } from '@canopy/proto'
import { bindings } from './adapters/bindings.ts'
import { askCapture } from './adapters/capture.ts'
import { storedChance } from './adapters/chance.sql.ts'
import { clock } from './clock.ts'
import { Config } from './config.ts'
import { configurations } from './configurations.ts'
import { configured } from './core/configured.ts'
import { type Evaluator, evaluator } from './evaluator.ts'
import { events } from './events.ts'
import { type Active, mapBatch } from './mapper.ts'
import { transformServer } from './rpc.ts'

interface State {
  active?: Active
  stage?: RunningStage
  consumer?: Consumer
}

export const transform = defineService({
  name: 'transform',
  config: Config,
  migrations: new URL('../migrations/', import.meta.url),
  compose: async (context) => {
    const state: State = {}
    const running = () => (state.stage && state.active ? { stage: state.stage, active: state.active } : undefined)
    const evaluation = evaluator({ context, running })
    const ask = askCapture(context.channels)
    context.rpc.addService(rpc.TransformService, transformServer({ active: () => state.active, ask, now: context.now }))
    return [stageComponent(context, state, evaluation), evaluation, clock({ context, running, find: ask.object })]
  },
})

/** The stage starts with the first configuration: without one nothing can be said about an object. */
function stageComponent(context: Context<Config>, state: State, evaluation: Evaluator): Component {
  return {
    name: 'transform stage',
    start: async () => {
      context.waiting('configuration', 'waits for a configuration')
      state.consumer = await configurations(context.bus).follow(async (version) => {
        state.active = await activate(context, version, () => evaluation.wake())
        state.stage ??= await startStage(context, state)
        context.waiting('configuration', undefined)
        evaluation.wake()
      })
    },
    stop: async () => {
      await state.consumer?.close()
      await state.stage?.close()
    },
  }
}

async function activate(
  context: Context<Config>,
  version: configuration.Configuration,
  onBound: () => void,
): Promise<Active> {
  const config = configured(version)
  for (const { rule, message, position } of config.problems) events.ruleUnreadable({ rule, problem: message, position })
  events.configured({ configuration: config.name, version: String(config.version) })
  return {
    config,
    chance: await storedChance(context.sql),
    bindings: await bindings({
      sql: context.sql,
      config,
      ask: askCapture(context.channels),
      nowMs: () => performance.now(),
      onBound,
      onFailure: (error) => events.bindingFailed({ reason: classify(error).code }),
    }),
  }
}

const startStage = (context: Context<Config>, state: State): Promise<RunningStage> =>
  context.stage({
    name: 'transform',
    inputs: [topics.changes],
    outputs: [topics.contributions],
    handle: (batch) => handle(context, state, batch),
  })

async function handle(context: Context<Config>, state: State, batch: StageBatch): Promise<void> {
  const startedMs = performance.now()
  const records = batch.records.map((record) => ({
    object: record.message as change.DirectoryObject,
    headers: traceOf(record),
  }))
  const { tx, out } = batch
  const published = await mapBatch({ tx, out, active: state.active!, records, now: context.now() })
  events.batchMapped({ objects: records.length, published, duration: performance.now() - startedMs })
}
