/** Composes transform: maps canopy.changes to canopy.contributions under the active configuration. */
import {
  type Component,
  type Consumer,
  type Context,
  classify,
  defineService,
  Failure,
  type RunningStage,
  type StageBatch,
  traceOf,
  unary,
} from '@canopy/chassis'
import { type change, type configuration, transform as rpc, topics } from '@canopy/proto'
import { bindings } from './adapters/bindings.ts'
import { askCapture } from './adapters/capture.ts'
import { Config } from './config.ts'
import { configurations } from './configurations.ts'
import { configured } from './core/configured.ts'
import { contribute } from './core/contribute.ts'
import { type Evaluator, evaluator } from './evaluator.ts'
import { events } from './events.ts'
import { type Active, mapBatch } from './mapper.ts'

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
    const evaluation = evaluator({
      context,
      running: () => (state.stage && state.active ? { stage: state.stage, active: state.active } : undefined),
    })
    context.rpc.addService(rpc.TransformService, {
      preview: unary((request) => preview(context, state, request.object)),
    })
    return [stageComponent(context, state, evaluation), evaluation]
  },
})

/** The stage starts with the first configuration: without one nothing can be said about an object. */
function stageComponent(context: Context<Config>, state: State, evaluation: Evaluator): Component {
  return {
    name: 'transform stage',
    start: async () => {
      context.waiting('configuration', 'waits for a configuration')
      state.consumer = await configurations(context.bus).follow(async (version) => {
        state.active = await activate(context, version)
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

async function activate(context: Context<Config>, version: configuration.Configuration): Promise<Active> {
  const config = configured(version)
  for (const { rule, message, position } of config.problems) events.ruleUnreadable({ rule, problem: message, position })
  events.configured({ configuration: config.name, version: String(config.version) })
  return {
    config,
    bindings: await bindings({
      sql: context.sql,
      config,
      ask: askCapture(context.channels),
      nowMs: () => performance.now(),
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

async function preview(context: Context<Config>, state: State, object: change.DirectoryObject | undefined) {
  if (!state.active) {
    const message = 'there is no configuration yet'
    throw new Failure({
      kind: 'transient',
      code: 'CANOPY-TRANSFORM-0001',
      message,
      mend: 'apply a configuration first',
    })
  }
  if (!object) {
    throw new Failure({ kind: 'permanent', code: 'CANOPY-TRANSFORM-0002', message: 'the request names no object' })
  }
  const bound = await state.active.bindings.of(object.forest)
  const made = contribute({ object, config: state.active.config, bound, now: context.now() })
  if (!made) {
    const message = `the configuration has no forest ${object.forest}`
    throw new Failure({ kind: 'permanent', code: 'CANOPY-TRANSFORM-0003', message })
  }
  return made.contribution
}
