/** The statements of watermarks: what came in per input partition, what their minimum is, what has been passed on. */
import { record } from '@canopy/proto'
import type { Queryable } from '../sql/sql.ts'
import type { Partition } from './tables.sql.ts'

export interface Minimum {
  readonly watermark: record.Watermark
  /** Input partitions that have one. */
  readonly partitions: number
}

export async function storeIncoming(
  tx: Queryable,
  at: Partition,
  watermarks: readonly record.Watermark[],
): Promise<void> {
  await tx.query(
    `insert into watermark_in as w (stage, topic, partition, forest, nc, epoch, checkpoint, body)
     select $1, $2, $3, f, n, e, c, b from unnest($4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bytea[]) as i (f, n, e, c, b)
     order by f, n
     on conflict (stage, forest, nc, topic, partition) do update
       set epoch = excluded.epoch, checkpoint = excluded.checkpoint, body = excluded.body
       where (excluded.epoch, excluded.checkpoint) > (w.epoch, w.checkpoint)`,
    [
      at.stage,
      at.topic,
      at.partition,
      watermarks.map((watermark) => watermark.forest),
      watermarks.map((watermark) => watermark.partition),
      watermarks.map((watermark) => watermark.epoch),
      watermarks.map((watermark) => watermark.checkpoint),
      watermarks.map((watermark) => record.Watermark.encode(watermark).finish()),
    ],
  )
}

/** Locks the rows of these directory partitions, in one order for all, and returns what each has reached. */
export async function lockReached(
  tx: Queryable,
  stage: string,
  watermarks: readonly record.Watermark[],
): Promise<{ forest: string; nc: string; epoch: bigint; checkpoint: bigint }[]> {
  const params = [
    stage,
    watermarks.map((watermark) => watermark.forest),
    watermarks.map((watermark) => watermark.partition),
  ]
  await tx.query(
    `insert into watermark_out (stage, forest, nc)
     select $1, f, n from unnest($2::text[], $3::text[]) as i (f, n) order by f, n on conflict do nothing`,
    params,
  )
  return tx.query(
    `select forest, nc, reached_epoch as epoch, reached_checkpoint as checkpoint from watermark_out
     where stage = $1 and (forest, nc) in (select * from unnest($2::text[], $3::text[])) order by forest, nc for update`,
    params,
  )
}

/** The lowest incoming one per directory partition. */
export async function readMinima(
  tx: Queryable,
  { stage, topics, watermarks }: { stage: string; topics: readonly string[]; watermarks: readonly record.Watermark[] },
): Promise<Minimum[]> {
  const rows = await tx.query<{ body: Buffer; partitions: number }>(
    `select distinct on (forest, nc) body, (count(*) over (partition by forest, nc))::int as partitions from watermark_in
     where stage = $1 and topic = any($2::text[]) and (forest, nc) in (select * from unnest($3::text[], $4::text[]))
     order by forest, nc, epoch, checkpoint`,
    [
      stage,
      topics,
      watermarks.map((watermark) => watermark.forest),
      watermarks.map((watermark) => watermark.partition),
    ],
  )
  return rows.map(({ body, partitions }) => ({ watermark: record.Watermark.decode(body), partitions }))
}

/** `passed`: the outputs are told in the same transaction. */
export async function storeReached(
  tx: Queryable,
  { stage, watermark, passed }: { stage: string; watermark: record.Watermark; passed: boolean },
): Promise<void> {
  await tx.query(
    `update watermark_out set reached_epoch = $4, reached_checkpoint = $5, body = $6,
       passed_epoch = case when $7 then $4 else passed_epoch end,
       passed_checkpoint = case when $7 then $5 else passed_checkpoint end
     where stage = $1 and forest = $2 and nc = $3`,
    [
      stage,
      watermark.forest,
      watermark.partition,
      watermark.epoch,
      watermark.checkpoint,
      record.Watermark.encode(watermark).finish(),
      passed,
    ],
  )
}

/** A stage without inputs mints its watermarks: they are what it has reached and passed on. */
export async function recordMinted(
  tx: Queryable,
  stage: string,
  watermarks: readonly record.Watermark[],
): Promise<void> {
  if (watermarks.length === 0) return
  await lockReached(tx, stage, watermarks)
  for (const watermark of watermarks) await storeReached(tx, { stage, watermark, passed: true })
}

/** Marks everything that was kept back as passed, and returns it. */
export async function passKept(tx: Queryable, stage: string): Promise<record.Watermark[]> {
  const rows = await tx.query<{ body: Buffer }>(
    `with kept as (
       select forest, nc from watermark_out
       where stage = $1 and (reached_epoch, reached_checkpoint) > (passed_epoch, passed_checkpoint) order by forest, nc for update
     )
     update watermark_out w set passed_epoch = reached_epoch, passed_checkpoint = reached_checkpoint
     from kept where w.stage = $1 and w.forest = kept.forest and w.nc = kept.nc returning w.body`,
    [stage],
  )
  return rows.map(({ body }) => record.Watermark.decode(body))
}

export async function readReached(sql: Queryable, stage: string): Promise<record.Watermark[]> {
  const rows = await sql.query<{ body: Buffer }>(
    'select body from watermark_out where stage = $1 and body is not null order by forest, nc',
    [stage],
  )
  return rows.map(({ body }) => record.Watermark.decode(body))
}
