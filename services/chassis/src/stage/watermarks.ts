/** Takes the watermarks of a batch to the store and passes on the minimum over all input partitions when it rose. */
import type { record } from '@canopy/proto'
import { classify, Failure } from '../failure.ts'
import type { Tx } from '../sql/sql.ts'
import type { Collector } from './out.ts'
import type { StageDefinition } from './stage.ts'
import type { Partition } from './tables.sql.ts'
import { lockReached, readMinima, storeIncoming, storeReached } from './watermarks.sql.ts'

export interface WatermarkRequest {
  readonly definition: StageDefinition
  readonly at: Partition
  /** In the order in which they stood in the batch. */
  readonly watermarks: readonly record.Watermark[]
  /** Partitions of all inputs together: each must have told its own before there is a minimum. */
  readonly inputPartitions: number
  readonly out: Collector
}

/** -1, 0, 1 by (epoch, checkpoint). */
export function compareWatermarks(
  a: Pick<record.Watermark, 'epoch' | 'checkpoint'>,
  b: Pick<record.Watermark, 'epoch' | 'checkpoint'>,
): number {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  if (a.checkpoint !== b.checkpoint) return a.checkpoint < b.checkpoint ? -1 : 1
  return 0
}

/**
 * The lock on `watermark_out` makes one transaction after the other look at all partitions; the statement that reads the
 * minimum starts after the lock is had, so it sees everything that was committed under the lock before. Two partitions
 * that tell their last watermark at the same moment therefore cannot both miss that the minimum rose.
 */
export async function passWatermarks(tx: Tx, request: WatermarkRequest): Promise<void> {
  const { definition, at, out } = request
  const newest = newestOfEach(request.watermarks)
  await storeIncoming(tx, at, newest)
  const reached = await lockReached(tx, at.stage, newest)
  const topics = definition.inputs.map((topic) => topic.name)
  for (const { watermark, partitions } of await readMinima(tx, { stage: at.stage, topics, watermarks: newest })) {
    if (partitions < request.inputPartitions) continue
    const before = reached.find(({ forest, nc }) => forest === watermark.forest && nc === watermark.partition)
    if (!before || compareWatermarks(watermark, before) <= 0) continue
    const passed = await mayPass(tx, request, watermark)
    await storeReached(tx, { stage: at.stage, watermark, passed })
    if (passed) out.putWatermark(watermark)
  }
}

/** A failure here is nobody's record: it is retried, never parked. */
async function mayPass(tx: Tx, { definition, out }: WatermarkRequest, watermark: record.Watermark): Promise<boolean> {
  if (!definition.onWatermark) return true
  try {
    return await definition.onWatermark(tx, out, watermark)
  } catch (error) {
    const { kind, code, message, mend } = classify(error)
    if (kind !== 'permanent') throw error
    throw new Failure({ kind: 'transient', code, message, at: `watermark of ${watermark.forest}`, mend, cause: error })
  }
}

function newestOfEach(watermarks: readonly record.Watermark[]): record.Watermark[] {
  const newest = new Map<string, record.Watermark>()
  for (const watermark of watermarks) {
    const key = `${watermark.forest}\n${watermark.partition}`
    const known = newest.get(key)
    if (!known || compareWatermarks(watermark, known) > 0) newest.set(key, watermark)
  }
  return [...newest.values()]
}
