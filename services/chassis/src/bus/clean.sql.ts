/** The statements that keep the PostgreSQL bus from growing: each touches few rows, none waits for an append. */
import type { Queryable, Sql } from '../sql/sql.ts'

export interface CleanPartition {
  readonly topic: string
  readonly partition: number
  readonly cleanup: 'compact' | 'delete'
  /** Everything before it was compacted by a run that came to its end. */
  readonly cleaned: bigint
}

export interface StoredSegmentRow {
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly count: number
  readonly bytes: number
  readonly createdAt: Date
  readonly data: Buffer
}

type At = Pick<CleanPartition, 'topic' | 'partition'>
const columns = `base_offset as "baseOffset", last_offset as "lastOffset", count, bytes, created_at as "createdAt", data`

export function cleanPartitions(sql: Queryable): Promise<readonly CleanPartition[]> {
  return sql.query<{ topic: string; partition: number; cleanup: 'compact' | 'delete'; cleaned: bigint }>(
    `select p.topic, p.partition, t.cleanup, p.cleaned_offset as cleaned
       from bus_partition p join bus_topic t on t.name = p.topic order by p.topic, p.partition`,
  )
}

/** Deletes at most 200 segments from before `before`; says how many. */
export async function deleteSegments(sql: Queryable, at: At, before: Date): Promise<number> {
  const gone = await sql.query(
    `delete from bus_segment where topic = $1 and partition = $2 and last_offset in (
       select last_offset from bus_segment where topic = $1 and partition = $2 and created_at < $3
         order by last_offset limit 200) returning 1`,
    [at.topic, at.partition, before],
  )
  return gone.length
}

/** The last offset that may be compacted, and what the partition holds; undefined when nothing may be. */
export async function compactable(
  sql: Queryable,
  at: At,
  limits: { readonly before: Date; readonly keepNewest: number },
): Promise<{ readonly to: bigint; readonly records: number } | undefined> {
  const rows = await sql.query<{ old: bigint | null; behind: bigint | null; records: bigint | null }>(
    `select
       (select max(last_offset) from bus_segment where topic = $1 and partition = $2 and created_at < $3) as old,
       (select last_offset from bus_segment where topic = $1 and partition = $2
         order by last_offset desc offset $4 limit 1) as behind,
       (select sum(count) from bus_segment where topic = $1 and partition = $2)::bigint as records`,
    [at.topic, at.partition, limits.before, limits.keepNewest],
  )
  const { old, behind, records } = rows[0] ?? {}
  if (old == null || behind == null) return undefined
  // biome-ignore lint/complexity/useMathMinMax: these are bigints
  const to = old < behind ? old : behind
  return { to, records: Number(records ?? 0n) }
}

/** Segments before `before`, newest first: at least one, otherwise about 1 MiB. */
export function segmentsBackwards(sql: Queryable, at: At, before: bigint): Promise<readonly StoredSegmentRow[]> {
  return sql.query<StoredSegmentRow & Record<string, unknown>>(
    `select ${columns} from (
       select *, sum(bytes) over (order by last_offset desc) as total from (
         select * from bus_segment where topic = $1 and partition = $2 and last_offset < $3
           order by last_offset desc limit 200) page) summed
     where total <= 1048576 or total = bytes order by last_offset desc`,
    [at.topic, at.partition, before],
  )
}

/** Sizes of segments from `from` to `to`, oldest first, at most 2,000. */
export function segmentSizes(
  sql: Queryable,
  at: At,
  range: { readonly from: bigint; readonly to: bigint },
): Promise<readonly Pick<StoredSegmentRow, 'lastOffset' | 'bytes'>[]> {
  return sql.query<{ lastOffset: bigint; bytes: number }>(
    `select last_offset as "lastOffset", bytes from bus_segment
       where topic = $1 and partition = $2 and last_offset >= $3 and last_offset <= $4 order by last_offset limit 2000`,
    [at.topic, at.partition, range.from, range.to],
  )
}

/** Replaces what a segment holds, if nobody else did meanwhile; no data: the segment goes. */
export async function rewriteSegment(
  sql: Queryable,
  at: At,
  change: { readonly of: StoredSegmentRow; readonly count: number; readonly data: Buffer | undefined },
): Promise<boolean> {
  const { of, count, data } = change
  const key = [at.topic, at.partition, of.lastOffset, of.count, of.bytes] as const
  const where = 'topic = $1 and partition = $2 and last_offset = $3 and count = $4 and bytes = $5'
  const done =
    data === undefined
      ? await sql.query(`delete from bus_segment where ${where} returning 1`, key)
      : await sql.query(`update bus_segment set count = $6, bytes = $7, data = $8 where ${where} returning 1`, [
          ...key,
          count,
          data.length,
          data,
        ])
  return done.length === 1
}

/** Puts one segment in the place of several neighbours; `merge` makes it of them. */
export function mergeSegments(
  sql: Sql,
  at: At,
  of: { readonly lastOffsets: readonly bigint[]; readonly merge: (rows: readonly StoredSegmentRow[]) => Buffer },
): Promise<void> {
  return sql.tx(async (tx) => {
    const rows = await tx.query<StoredSegmentRow & Record<string, unknown>>(
      `with gone as (delete from bus_segment where topic = $1 and partition = $2 and last_offset = any($3::bigint[])
         returning *) select ${columns} from gone order by last_offset`,
      [at.topic, at.partition, of.lastOffsets],
    )
    const first = rows[0]
    const last = rows.at(-1)
    if (first === undefined || last === undefined) return
    const data = of.merge(rows)
    const count = rows.reduce((sum, row) => sum + row.count, 0)
    await tx.query(
      `insert into bus_segment (topic, partition, base_offset, last_offset, count, bytes, created_at, data)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [at.topic, at.partition, first.baseOffset, last.lastOffset, count, data.length, last.createdAt, data],
    )
  })
}

export async function markCleaned(sql: Queryable, at: At, cleaned: bigint): Promise<void> {
  await sql.query(
    'update bus_partition set cleaned_offset = greatest(cleaned_offset, $3) where topic = $1 and partition = $2',
    [at.topic, at.partition, cleaned],
  )
}
