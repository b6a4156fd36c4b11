/** The statements behind a stage: outbox, offsets. */
import type { Queryable } from '../sql/sql.ts'
import type { Segment } from './out.ts'

export interface Partition {
  readonly stage: string
  readonly topic: string
  readonly partition: number
}

export interface OutboxRow {
  readonly seq: bigint
  readonly count: number
  readonly bytes: number
  readonly createdAt: Date
}

/** Where the stage goes on; a partition that was never seen starts at 0. */
export async function readPosition(sql: Queryable, { stage, topic, partition }: Partition): Promise<bigint> {
  const rows = await sql.query<{ next_offset: bigint }>(
    'select next_offset from consumer_offset where stage = $1 and topic = $2 and partition = $3',
    [stage, topic, partition],
  )
  if (rows[0]) return rows[0].next_offset
  await sql.query(
    'insert into consumer_offset (stage, topic, partition, next_offset) values ($1, $2, $3, 0) on conflict do nothing',
    [stage, topic, partition],
  )
  return readPosition(sql, { stage, topic, partition })
}

/** False when the stored offset is not `expected`: somebody else has this partition. */
export async function moveOffset(
  tx: Queryable,
  { stage, topic, partition, expected, next }: Partition & { expected: bigint; next: bigint },
): Promise<boolean> {
  const rows = await tx.query(
    `update consumer_offset set next_offset = $5, changed_at = now()
     where stage = $1 and topic = $2 and partition = $3 and next_offset = $4 returning true`,
    [stage, topic, partition, expected, next],
  )
  return rows.length === 1
}

/** Answers the `seq` of each segment. */
export async function insertOutbox(tx: Queryable, stage: string, segments: readonly Segment[]): Promise<bigint[]> {
  const rows = await tx.query<{ seq: bigint }>(
    `insert into outbox (stage, topic, partition, count, bytes, records)
     select $1, t, p, n, octet_length(r), r
     from unnest($2::text[], $3::int[], $4::int[], $5::bytea[]) with ordinality as s (t, p, n, r, i) order by i returning seq`,
    [
      stage,
      segments.map((segment) => segment.topic),
      segments.map((segment) => segment.partition),
      segments.map((segment) => segment.count),
      segments.map((segment) => segment.records),
    ],
  )
  // Drawn in the order of the rows.
  return rows.map((row) => row.seq).sort((a, b) => (a < b ? -1 : 1))
}

/** The next rows to publish, about 2 MB or 2,000 records; their records are read apart. */
export async function readUnsent(sql: Queryable, { stage, topic, partition }: Partition): Promise<OutboxRow[]> {
  return sql.query<OutboxRow & Record<string, unknown>>(
    `select seq, count, bytes, created_at as "createdAt" from (
       select seq, count, bytes, created_at, sum(bytes) over w - bytes as bytes_before, sum(count) over w - count as count_before from (
         select seq, count, bytes, created_at from outbox where stage = $1 and topic = $2 and partition = $3 and sent_at is null order by seq limit 200
       ) r window w as (order by seq)
     ) r where bytes_before < 2000000 and count_before < 2000 order by seq`,
    [stage, topic, partition],
  )
}

/** The records of these rows, encoded, by row. */
export async function readRecords(sql: Queryable, seqs: readonly bigint[]): Promise<Map<bigint, Buffer>> {
  const rows = await sql.query<{ seq: bigint; records: Buffer }>(
    'select seq, records from outbox where seq = any($1::bigint[])',
    [seqs],
  )
  return new Map(rows.map((row) => [row.seq, row.records]))
}

/** The lease under which rows are sent. */
export interface Ticket {
  readonly pool: string
  readonly name: string
  readonly epoch: bigint
}

// The share lock keeps the lease from going to somebody else before the statement's transaction is over.
const holding = 'with ticket as (select from lease where pool = $1 and name = $2 and epoch = $3 for share)'

/** False when the lease has gone to somebody else. */
export async function markSent(
  sql: Queryable,
  { pool, name, epoch }: Ticket,
  seqs: readonly bigint[],
): Promise<boolean> {
  const rows = await sql.query(
    `${holding}, marked as (
       update outbox set sent_at = now() where exists (select from ticket) and seq = any($4::bigint[]) and sent_at is null
     ) select from ticket`,
    [pool, name, epoch, seqs],
  )
  return rows.length === 1
}

/** Makes what was sent in the last `windowMs` unsent again. False when the lease has gone to somebody else. */
export async function unsendWindow(
  sql: Queryable,
  { pool, name, epoch }: Ticket,
  { stage, topic, partition, windowMs }: Partition & { windowMs: number },
): Promise<boolean> {
  const rows = await sql.query(
    `${holding}, unsent as (
       update outbox set sent_at = null where exists (select from ticket)
         and stage = $4 and topic = $5 and partition = $6 and sent_at > now() - $7::int * interval '1 ms'
     ) select from ticket`,
    [pool, name, epoch, stage, topic, partition, windowMs],
  )
  return rows.length === 1
}

/** Which output partitions have something to publish, and how much. */
export async function readWaiting(
  sql: Queryable,
  stage: string,
): Promise<{ topic: string; partition: number; bytes: number; records: number }[]> {
  return sql.query(
    `select topic, partition, sum(bytes)::float8 as bytes, sum(count)::float8 as records from outbox
     where stage = $1 and sent_at is null group by topic, partition`,
    [stage],
  )
}

/** Removes a run of rows that no take-over needs any more; returns how many. */
export async function cleanOutbox(sql: Queryable, stage: string, olderThanMs: number): Promise<number> {
  const rows = await sql.query(
    `delete from outbox where seq in (
       select seq from outbox where stage = $1 and sent_at < now() - $2::int * interval '1 ms' order by sent_at limit 2000
       for update skip locked
     ) returning true`,
    [stage, olderThanMs],
  )
  return rows.length
}

export async function readOffsets(
  sql: Queryable,
  stage: string,
): Promise<{ topic: string; partition: number; next: bigint }[]> {
  return sql.query('select topic, partition, next_offset as next from consumer_offset where stage = $1', [stage])
}
