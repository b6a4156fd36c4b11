/** Composes transform: maps canopy.changes to canopy.contributions under the active configuration. */
import {
  type Component,
  type Consumer,
  type Context,
  defineService,
  type RunningStage,
  type StageBatch,
  traceOf,
} from '@canopy/chassis'
import { type change, transform as rpc, topics } from '@canopy/proto'
import { askCapture } from './adapters/capture.ts'
import { clock } from './clock.ts'
import { Config } from './config.ts'
import { configurations } from './configurations.ts'
import { type Desk, desk } from './desk.ts'
import { type Evaluator, evaluator } from './evaluator.ts'
import { events } from './events.ts'
import { mapBatch } from './mapper.ts'
import { transformServer } from './rpc.ts'

interface State {
  readonly desk: Desk
  stage?: RunningStage
  consumer?: Consumer
}

export const transform = defineService({
  name: 'transform',
  config: Config,
  migrations: new URL('../migrations/', import.meta.url),
  compose: async (context) => {
    const state: State = { desk: desk(context.sql) }
    const stage = () => state.stage
    const ask = askCapture(context.channels)
    const evaluation = evaluator({ context, desk: state.desk, ask, stage })
    const server = transformServer({ active: state.desk.current, ask, page: ask.page, now: context.now })
    context.rpc.addService(rpc.TransformService, server)
    const due = clock({ context, desk: state.desk, stage, find: ask.object })
    return [stageComponent(context, state, evaluation), evaluation, due]
  },
})

/** The stage starts with the first configuration: without one nothing can be said about an object. */
function stageComponent(context: Context<Config>, state: State, evaluation: Evaluator): Component {
  return {
    name: 'transform stage',
    start: async () => {
      context.waiting('configuration', 'waits for a configuration')
      state.consumer = await configurations(context.bus).follow(async (version) => {
        await state.desk.offer(version)
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
  const published = await mapBatch({ tx, out, active: await state.desk.enter(tx), records, now: context.now() })
  events.batchMapped({ objects: records.length, published, duration: performance.now() - startedMs })
}
