/** Composes resolve: contributions and source edges become desired objects, desired edges and decisions. */
import {
  type Component,
  type Consumer,
  type Context,
  defineService,
  type Out,
  type RunningStage,
  type StageBatch,
  type Tx,
  unary,
} from '@canopy/chassis'
import { configuration, type record, resolve as rpc, topics } from '@canopy/proto'
import { readBarrier, readWatermarks, writeWatermark } from './adapters/barrier.sql.ts'
import { markEvaluated } from './adapters/configuration.sql.ts'
import { countConflicts, findIdentities, listConflicts } from './adapters/find.sql.ts'
import { hasBacklog, tally } from './adapters/work.sql.ts'
import { Config } from './config.ts'
import { knownForests } from './core/rules.ts'
import { missingForests } from './decide.ts'
import { events } from './events.ts'
import { type Gate, gate } from './gate.ts'
import { askRescopeOfForest } from './group-scope.ts'
import { takeContributions } from './intake-contributions.ts'
import { takeEdges } from './intake-edges.ts'
import { readTopic, restoreStore } from './restore.ts'
import { type RulesDesk, rulesDesk } from './rules-desk.ts'
import { type Worker, worker } from './worker.ts'

interface Parts {
  readonly context: Context<Config>
  readonly desk: RulesDesk
  readonly gate: Gate
  stage?: RunningStage
  worker?: Worker
}

export const resolve = defineService({
  name: 'resolve',
  config: Config,
  migrations: new URL('../migrations/', import.meta.url),
  compose: async (context) => {
    const parts: Parts = { context, desk: rulesDesk(context), gate: gate() }
    const work = worker({
      ...context,
      gate: parts.gate,
      pollMs: context.config.poll_ms,
      parts: () => {
        const rules = parts.desk.rules()
        return parts.stage && rules ? { stage: parts.stage, rules, versions: parts.desk.versions } : undefined
      },
      refresh: parts.desk.refresh,
    })
    parts.worker = work
    context.rpc.addService(rpc.ResolveService, {
      getResolveStatus: unary(() => status(parts)),
      findIdentities: unary(async ({ who, limit }) => ({
        identities: await findIdentities(context.sql, who, limit || 10),
      })),
      listConflicts: unary(({ limit }) => listConflicts(context.sql, limit || 100)),
    })
    return [stageComponent(parts), work]
  },
})

/** The stage starts with the first configuration: nothing can be decided without one. */
function stageComponent(parts: Parts): Component {
  const { context, desk } = parts
  let consumer: Consumer | undefined
  let name: string | undefined
  let newest = -1n
  return {
    name: 'resolve stage',
    start: async () => {
      context.waiting('configuration', 'waits for a configuration')
      const onRecords = async (records: readonly { readonly value: Uint8Array | undefined }[]): Promise<void> => {
        for (const { value } of records) {
          if (value === undefined || value.length === 0) continue
          const version = configuration.Configuration.decode(value)
          name ??= version.name
          if (version.name !== name || version.version <= newest) continue
          newest = version.version
          await desk.offer(version)
        }
        if (!desk.rules()) return
        if (!parts.stage) await restoreStore({ sql: context.sql, read: readTopic(context.bus) })
        parts.stage ??= await startStage(parts)
        context.waiting('configuration', undefined)
        parts.worker?.wake()
      }
      consumer = await context.bus.follow({ topic: topics.config, onRecords })
    },
    stop: async () => {
      await consumer?.close()
      await parts.stage?.close()
    },
  }
}

const startStage = (parts: Parts): Promise<RunningStage> =>
  parts.context.stage({
    name: 'resolve',
    inputs: [topics.contributions, topics.edges],
    outputs: [topics.desired, topics.desiredEdges, topics.decisions],
    handle: (batch) => handle(parts, batch),
    onWatermark: (tx, out, watermark) => onWatermark(parts, { tx, out, watermark }),
  })

/** Says that everything before it in its partition was evaluated under a configuration version. */
const isMarker = (key: string): boolean => key.startsWith('=configuration/')

async function handle(parts: Parts, batch: StageBatch): Promise<void> {
  const startedMs = performance.now()
  const { tx, out, topic } = batch
  const state = await parts.gate.enter(tx)
  const versions = await parts.desk.versions(tx)
  const rules = versions.used
  const now = parts.context.now()
  const markers = batch.records.filter((record) => isMarker(record.key))
  const records = markers.length > 0 ? batch.records.filter((record) => !isMarker(record.key)) : batch.records
  const intake = { tx, out, rules, versions, now, state, records }
  let isWorkLeft: boolean
  if (topic.name === topics.edges.name) isWorkLeft = await takeEdges(intake)
  else isWorkLeft = await takeContributions(intake)
  const marker = markers.at(-1)
  if (marker) {
    const { configurationVersion } = marker.message as { configurationVersion: bigint }
    await markEvaluated(tx, batch.partition, configurationVersion)
  }
  if (marker || isWorkLeft) tx.afterCommit(() => parts.worker?.wake())
  events.batchTaken({ topic: topic.name, records: records.length, duration: performance.now() - startedMs })
}

/** A watermark goes on when everything up to it was resolved: not before the barrier, nor past work left for later. */
async function onWatermark(
  parts: Parts,
  { tx, watermark }: { readonly tx: Tx; readonly out: Out; readonly watermark: record.Watermark },
): Promise<boolean> {
  const rules = parts.desk.rules()!
  const before = knownForests(rules, await readWatermarks(tx))
  await writeWatermark(tx, watermark)
  const { state } = await readBarrier(tx)
  if (state !== 'waiting' && !before.has(watermark.forest)) {
    if (knownForests(rules, await readWatermarks(tx)).has(watermark.forest))
      await askRescopeOfForest(tx, watermark.forest)
  }
  if (state === 'open' && !(await hasBacklog(tx))) return true
  tx.afterCommit(() => parts.worker?.wake())
  return false
}

async function status(parts: Parts): Promise<rpc.ResolveStatus> {
  const { sql } = parts.context
  const { users, groups, contacts, joined, edges } = await tally(sql)
  const { state } = await readBarrier(sql)
  const rules = parts.desk.rules()
  const isWaiting = state === 'waiting' && rules !== undefined
  return {
    identities: users + groups + contacts,
    users,
    groups,
    contacts,
    joined,
    edges,
    conflicts: await countConflicts(sql),
    barrierOpen: state === 'open',
    waitingFor: isWaiting ? missingForests(rules, await readWatermarks(sql)) : [],
  }
}
