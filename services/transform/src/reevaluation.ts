/** Evaluates every object again under an epoch: a newer configuration version, or a scope that was bound since. */
import type { Bus, BusBatch, Consumer, RunningStage, Sql, StoredRecord } from '@canopy/chassis'
import { change, topics } from '@canopy/proto'
import { evaluationPosition, moveEvaluation } from './adapters/active.sql.ts'
import type { Desk } from './desk.ts'
import { mapBatch, type ObjectRecord } from './mapper.ts'

export interface Reevaluation {
  readonly objects: number
  readonly published: number
  /** False: another epoch began meanwhile, which evaluates everything itself. */
  readonly isComplete: boolean
}

/**
 * Reads canopy.changes up to its present end, behind live changes, partition by partition from where it was left: how far it
 * came is stored with what it published. Publishing goes through the live stage, so that two contributions of one object can
 * never overtake each other in their output partition.
 */
export async function reevaluate(of: {
  readonly bus: Pick<Bus, 'endOffsets' | 'consume'>
  readonly sql: Sql
  readonly stage: Pick<RunningStage, 'publish'>
  readonly desk: Desk
  readonly epoch: bigint
  readonly now: () => Date
  readonly signal: AbortSignal
}): Promise<Reevaluation> {
  const { bus, epoch, sql, signal } = of
  const behind = new Map<number, bigint>()
  for (const [partition, end] of (await bus.endOffsets(topics.changes)).entries()) {
    if ((await evaluationPosition(sql, epoch, partition)) < end) behind.set(partition, end)
  }
  const sum = { objects: 0, published: 0, isComplete: true }
  if (behind.size === 0) return sum
  // A signal that was aborted while the positions were asked for tells nobody any more.
  signal.throwIfAborted()
  const finished = Promise.withResolvers<void>()
  const stop = (): void => finished.resolve()
  signal.addEventListener('abort', stop, { once: true })
  const handle = async ({ partition, records }: BusBatch): Promise<void> => {
    const end = behind.get(partition)
    if (end === undefined || !sum.isComplete || signal.aborted) return
    const next = (records.at(-1)?.offset ?? -1n) + 1n
    const objects = decode(records)
    const published = await evaluate(of, { partition, next, objects })
    if (published === undefined) {
      sum.isComplete = false
      return finished.resolve()
    }
    sum.objects += objects.length
    sum.published += published
    if (next >= end) behind.delete(partition)
    if (behind.size === 0) finished.resolve()
  }
  let consumer: Consumer | undefined
  try {
    const position = (_: unknown, partition: number): Promise<bigint> => evaluationPosition(sql, epoch, partition)
    consumer = await bus.consume({ group: 'canopy.transform.evaluate', topics: [topics.changes], position, handle })
    await finished.promise
  } finally {
    signal.removeEventListener('abort', stop)
    await consumer?.close()
  }
  signal.throwIfAborted()
  return sum
}

/** Undefined where the epoch is over. */
async function evaluate(
  of: {
    readonly stage: Pick<RunningStage, 'publish'>
    readonly desk: Desk
    readonly epoch: bigint
    readonly now: () => Date
  },
  chunk: { readonly partition: number; readonly next: bigint; readonly objects: readonly ObjectRecord[] },
): Promise<number | undefined> {
  const { epoch } = of
  return of.stage.publish(async (tx, out) => {
    const active = await of.desk.enter(tx)
    if (active.epoch !== epoch) return undefined
    await moveEvaluation(tx, { epoch, partition: chunk.partition, next: chunk.next })
    return mapBatch({ tx, out, active, records: chunk.objects, now: of.now(), isAgain: true })
  })
}

function decode(records: readonly StoredRecord[]): ObjectRecord[] {
  const decoded: ObjectRecord[] = []
  for (const { key, value, headers } of records) {
    if (value === undefined || value.length === 0 || key.startsWith('~')) continue
    const object = objectOf(value)
    if (object) decoded.push({ object, headers: headers.traceparent ? { traceparent: headers.traceparent } : {} })
  }
  return decoded
}

/** A record that cannot be read was parked by the live stage. */
function objectOf(value: Uint8Array): change.DirectoryObject | undefined {
  try {
    return change.DirectoryObject.decode(value)
  } catch {
    return undefined
  }
}
