/** The statements of parked records. */
import { randomBytes } from 'node:crypto'
import type { introspection } from '@canopy/proto'
import type { StoredRecord } from '../bus/bus.ts'
import type { Failure } from '../failure.ts'
import type { Queryable } from '../sql/sql.ts'
import type { Partition } from './tables.sql.ts'

export interface ParkedRecord {
  readonly topic: string
  readonly partition: number
  readonly raw: StoredRecord
}

export async function park(
  tx: Queryable,
  { stage, topic, partition }: Partition,
  items: readonly { raw: StoredRecord; failure: Failure }[],
): Promise<void> {
  // One statement cannot touch a row twice: the last of a key is the one that counts.
  const last = [...new Map(items.map((item) => [item.raw.key, item])).values()]
  await tx.query(
    `insert into parked (id, stage, topic, partition, record_offset, key, value, headers, record_time, code, reason)
     select i, $1, $2, $3, o, k, v, h::jsonb, t, c, r
     from unnest($4::text[], $5::bigint[], $6::text[], $7::bytea[], $8::text[], $9::timestamptz[], $10::text[], $11::text[])
       as p (i, o, k, v, h, t, c, r)
     on conflict (stage, topic, key) do update set record_offset = excluded.record_offset, value = excluded.value,
       headers = excluded.headers, record_time = excluded.record_time, code = excluded.code, reason = excluded.reason,
       partition = excluded.partition, parked_at = now()`,
    [
      stage,
      topic,
      partition,
      last.map(() => `park_${randomBytes(5).toString('hex')}`),
      last.map(({ raw }) => raw.offset),
      last.map(({ raw }) => raw.key),
      last.map(({ raw }) => raw.value),
      last.map(({ raw }) => JSON.stringify(raw.headers)),
      last.map(({ raw }) => new Date(raw.timeMs)),
      last.map(({ failure }) => failure.code),
      last.map(({ failure }) => failure.message),
    ],
  )
}

export async function countParkedOf(sql: Queryable, { stage, topic, partition }: Partition): Promise<number> {
  const rows = await sql.query<{ n: number }>(
    'select count(*)::int as n from parked where stage = $1 and topic = $2 and partition = $3',
    [stage, topic, partition],
  )
  return rows[0]?.n ?? 0
}

export async function countParked(sql: Queryable, stage: string): Promise<number> {
  const rows = await sql.query<{ n: number }>('select count(*)::int as n from parked where stage = $1', [stage])
  return rows[0]?.n ?? 0
}

/** Newer records of these keys have come. */
export async function supersede(tx: Queryable, { stage, topic }: Partition, keys: readonly string[]): Promise<void> {
  await tx.query('delete from parked where stage = $1 and topic = $2 and key = any($3::text[])', [stage, topic, keys])
}

export async function listParked(sql: Queryable, stage: string, limit: number): Promise<introspection.Parked[]> {
  return sql.query<introspection.Parked & Record<string, unknown>>(
    `select id, topic, partition, record_offset as "offset", key, code, reason, parked_at as at from parked
     where stage = $1 order by parked_at desc, id limit $2`,
    [stage, limit],
  )
}

/** Takes the row out: it comes back when the transaction fails. */
export async function takeParked(tx: Queryable, stage: string, id: string): Promise<ParkedRecord | undefined> {
  const rows = await tx.query<{
    topic: string
    partition: number
    record_offset: bigint
    key: string
    value: Buffer | null
    headers: Record<string, string>
    record_time: Date
  }>('delete from parked where stage = $1 and id = $2 returning *', [stage, id])
  const row = rows[0]
  if (!row) return undefined
  const { topic, partition, key, headers } = row
  const value = row.value ?? undefined
  return {
    topic,
    partition,
    raw: { offset: row.record_offset, key, value, headers, timeMs: row.record_time.getTime() },
  }
}

export async function noteParked(
  sql: Queryable,
  { stage, id, failure }: { stage: string; id: string; failure: Failure },
): Promise<void> {
  await sql.query('update parked set code = $3, reason = $4, parked_at = now() where stage = $1 and id = $2', [
    stage,
    id,
    failure.code,
    failure.message,
  ])
}
