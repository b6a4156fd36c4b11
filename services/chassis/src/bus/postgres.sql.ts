/** The statements of the PostgreSQL bus. */
import type { Topic } from '@canopy/proto'
import type { Queryable } from '../sql/sql.ts'
import type { Segment } from './recent.ts'

export interface PartitionEnd {
  readonly topic: string
  readonly partition: number
  readonly end: bigint
}

/** Creates what is missing and returns the partition count that the store has. */
export async function ensureTopic(sql: Queryable, topic: Topic): Promise<number> {
  const partitions = topic.partitions.embedded
  await sql.query('insert into bus_topic (name, partitions, cleanup) values ($1, $2, $3) on conflict do nothing', [
    topic.name,
    partitions,
    topic.cleanup,
  ])
  const rows = await sql.query<{ partitions: number }>('select partitions from bus_topic where name = $1', [topic.name])
  const stored = rows[0]?.partitions ?? 0
  if (stored === partitions) {
    await sql.query(
      'insert into bus_partition (topic, partition) select $1, n from generate_series(0, $2::integer - 1) n on conflict do nothing',
      [topic.name, partitions],
    )
  }
  return stored
}

/** The first offset, null behind the deadline, -1 for an unknown partition. */
export async function appendSegment(
  sql: Queryable,
  segment: { topic: string; partition: number; count: number; deadlineMs: number; data: Uint8Array },
): Promise<bigint | null> {
  const rows = await sql.query<{ base: bigint | null }>('select bus_append($1, $2, $3, $4, $5) as base', [
    segment.topic,
    segment.partition,
    segment.count,
    segment.deadlineMs,
    segment.data,
  ])
  return rows[0]?.base ?? null
}

/** Milliseconds since the epoch by the server's clock. */
export async function serverClockMs(sql: Queryable): Promise<number> {
  const rows = await sql.query<{ ms: number }>('select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms')
  return rows[0]?.ms ?? 0
}

/** Where each partition of the topics ends. */
export async function partitionEnds(sql: Queryable, topics: readonly string[]): Promise<readonly PartitionEnd[]> {
  return sql.query<{ topic: string; partition: number; end: bigint }>(
    'select topic, partition, next_offset as end from bus_partition where topic = any($1::text[]) order by topic, partition',
    [topics],
  )
}

/** Segments from the one that holds `offset`, or the next after it, on: at least one, otherwise about `maxBytes`. */
export async function segmentsFrom(
  sql: Queryable,
  from: { topic: string; partition: number; offset: bigint; maxBytes: number },
): Promise<readonly Segment[]> {
  return sql.query<{ baseOffset: bigint; lastOffset: bigint; data: Buffer }>(
    `select base_offset as "baseOffset", last_offset as "lastOffset", data from (
       select base_offset, last_offset, data, bytes, sum(bytes) over (order by last_offset) as total from (
         select base_offset, last_offset, data, bytes from bus_segment
           where topic = $1 and partition = $2 and last_offset >= $3 order by last_offset limit 200) page) summed
     where total <= $4 or total = bytes order by last_offset`,
    [from.topic, from.partition, from.offset, from.maxBytes],
  )
}
