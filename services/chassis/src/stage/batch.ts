/** One transaction of a stage: handle, park, pass on watermarks, write the outbox, move the offset. */
import type { Topic } from '@canopy/proto'
import type { Bus } from '../bus/bus.ts'
import { Failure } from '../failure.ts'
import type { Sql, Tx } from '../sql/sql.ts'
import type { Entry } from './decode.ts'
import type { BatchInfo, StageObserver } from './observer.ts'
import { Collector, type Segment, type WrittenSegment } from './out.ts'
import { park, supersede } from './parked.sql.ts'
import type { Publisher } from './publisher.ts'
import type { StageDefinition } from './stage.ts'
import { insertOutbox, moveOffset, type Partition } from './tables.sql.ts'
import { passWatermarks } from './watermarks.ts'

export interface StageGround {
  readonly definition: StageDefinition
  readonly sql: Sql
  readonly bus: Bus
  readonly observer: StageObserver
  readonly publisher: Publisher
}

/** A run of a partition that is committed together. */
export interface Slice {
  readonly topic: Topic
  readonly partition: number
  readonly entries: readonly Entry[]
  /** The stored offset that this slice goes on from. */
  readonly expected: bigint
  /** The offset behind it. */
  readonly next: bigint
  readonly endOffset: bigint
  /** Whether older records of this partition may be parked. */
  readonly superseding: boolean
  readonly signal: AbortSignal
}

/** Thrown when another process has moved the offset: this one has lost the partition, or did not learn of its own commit. */
export const offsetTaken = 'CANOPY-STAGE-0002'

export async function commitSlice(ground: StageGround, slice: Slice): Promise<void> {
  const { definition, observer, publisher } = ground
  const records = slice.entries.flatMap((entry) => (entry.kind === 'record' ? [entry.incoming] : []))
  const at: Partition = { stage: definition.name, topic: slice.topic.name, partition: slice.partition }
  const info: BatchInfo = { ...at, records }
  const startedMs = performance.now()
  const run = (): Promise<readonly Segment[]> =>
    ground.sql.tx(async (tx) => {
      const out = new Collector(ground.bus, definition.outputs)
      await parkAndSupersede(tx, at, slice)
      if (records.length > 0) {
        await definition.handle({ tx, out, records, topic: slice.topic, partition: slice.partition })
      }
      const watermarks = slice.entries.flatMap((entry) => (entry.kind === 'watermark' ? [entry.watermark] : []))
      if (watermarks.length > 0) {
        await passWatermarks(tx, { definition, at, watermarks, out, inputPartitions: inputPartitions(ground) })
      }
      const segments = await writeOutbox(tx, definition.name, out)
      if (slice.signal.aborted) throw takenAway(at)
      if (!(await moveOffset(tx, { ...at, expected: slice.expected, next: slice.next }))) throw takenAway(at)
      tx.afterCommit(() => publisher.committed(segments))
      return segments
    })
  observer.batchStarted?.(info)
  const segments = await (observer.around ? observer.around(info, run) : run())
  for (const entry of slice.entries) {
    if (entry.kind === 'parked') observer.recordParked?.({ ...at, offset: entry.raw.offset, code: entry.failure.code })
  }
  observer.batchCommitted?.({
    ...info,
    durationMs: performance.now() - startedMs,
    produced: segments.reduce((sum, segment) => sum + segment.count, 0),
    lag: Math.max(0, Number(slice.endOffset - slice.next)),
  })
}

/**
 * Last but for the offset, so that `seq` is drawn when all row locks of the transaction are held. Of two transactions that
 * change the row behind one key, the second gets the row's lock when the first is committed, and draws its `seq` after
 * that: per key, `seq` rises with the row's version, and whoever sees the second row of the outbox sees the first. Rows
 * of other keys may appear late with a lower `seq`; they are still unsent then, and found.
 */
export async function writeOutbox(tx: Tx, stage: string, out: Collector): Promise<readonly WrittenSegment[]> {
  const segments = out.segments()
  if (segments.length === 0) return []
  const seqs = await insertOutbox(tx, stage, segments)
  return segments.map((segment, index) => ({ ...segment, seq: seqs[index] as bigint }))
}

export const inputPartitions = ({ bus, definition }: Pick<StageGround, 'bus' | 'definition'>): number =>
  definition.inputs.reduce((sum, topic) => sum + bus.partitions(topic), 0)

/** First, so that its locks come before the service's own: releasing a parked record takes them in the same order. */
async function parkAndSupersede(tx: Tx, at: Partition, { entries, superseding }: Slice): Promise<void> {
  if (superseding) {
    const keys = entries.flatMap((entry) => (entry.kind === 'watermark' ? [] : [entry.raw.key]))
    if (keys.length > 0) await supersede(tx, at, keys)
  }
  const parked = entries.filter((entry) => entry.kind === 'parked')
  if (parked.length > 0) await park(tx, at, parked)
}

const takenAway = (at: Partition): Failure =>
  new Failure({
    kind: 'cancelled',
    code: offsetTaken,
    message: 'the partition went on without this process',
    at: `${at.topic}/${at.partition}`,
  })
