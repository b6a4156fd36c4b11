/** Finds, at a start after a standstill, results that retention removed before they were read. */
import { randomUUID } from 'node:crypto'
import type { Bus, Sql } from '@canopy/chassis'
import { topics } from '@canopy/proto'

export interface Gap {
  readonly chain: number
  readonly from: bigint
  /** Not included. */
  readonly to: bigint
}

export interface ProbeOptions {
  readonly sql: Sql
  readonly bus: Bus
  readonly stage: string
  readonly probeAfterMs: number
  readonly signal: AbortSignal
}

/** Until when the log is asked for its first record; then the start goes on without an answer for that partition. */
const patienceMs = 15_000

/**
 * Offsets alone do not tell: watermarks take some and a stage is not given them. So where a partition stood still, its
 * first record from the stored offset on is looked at before the stage starts.
 */
export async function findGaps(options: ProbeOptions): Promise<readonly Gap[]> {
  const suspects = await standing(options)
  if (suspects.size === 0) return []
  const gaps: Gap[] = []
  const found = Promise.withResolvers<void>()
  const consumer = await options.bus.consume({
    group: `canopy.audit-probe.${randomUUID()}`,
    topics: [topics.results],
    position: async (_, partition) => suspects.get(partition) ?? (await endOf(options.bus, partition)),
    handle: async ({ partition, records }) => {
      const from = suspects.get(partition)
      const first = records[0]
      if (from === undefined || !first) return
      suspects.delete(partition)
      if (first.offset > from) gaps.push({ chain: partition, from, to: first.offset })
      if (suspects.size === 0) found.resolve()
    },
  })
  const timer = setTimeout(() => found.resolve(), patienceMs)
  options.signal.addEventListener('abort', () => found.resolve(), { once: true })
  await found.promise
  clearTimeout(timer)
  await consumer.close()
  return gaps
}

/** Partitions with unread records whose position has not moved for long, and that position. */
async function standing({ sql, bus, stage, probeAfterMs }: ProbeOptions): Promise<Map<number, bigint>> {
  const rows = await sql.query<{ partition: number; next_offset: bigint; fresh: boolean }>(
    `select partition, next_offset, changed_at > now() - $3 * interval '1 millisecond' as fresh
     from consumer_offset where stage = $1 and topic = $2`,
    [stage, topics.results.name, probeAfterMs],
  )
  const known = new Map(rows.map((row) => [row.partition, row]))
  const suspects = new Map<number, bigint>()
  for (const [partition, end] of (await bus.endOffsets(topics.results)).entries()) {
    const position = known.get(partition)
    if (position?.fresh || end <= (position?.next_offset ?? 0n)) continue
    suspects.set(partition, position?.next_offset ?? 0n)
  }
  return suspects
}

const endOf = async (bus: Bus, partition: number): Promise<bigint> =>
  (await bus.endOffsets(topics.results))[partition] ?? 0n
