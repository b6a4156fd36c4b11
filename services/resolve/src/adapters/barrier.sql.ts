/** The barrier and what it waits for, as rows. */
import type { Queryable, Tx } from '@canopy/chassis'
import { record } from '@canopy/proto'
import type { EdgeCursor } from './work.sql.ts'

export type BarrierState = 'waiting' | 'deciding' | 'deriving' | 'open'

const states: readonly BarrierState[] = ['waiting', 'deciding', 'deriving', 'open']

/** Where deciding or deriving goes on. */
export interface BarrierCursor {
  /** Lists still to be decided, in order; the first is under way. */
  readonly lists?: readonly { readonly kind: string; readonly forest: string }[]
  /** The last object of the first list that was decided. */
  readonly createdAt?: string
  readonly guid?: string
  readonly edge?: EdgeCursor
  /** The store was built again from what was published: identities are there already, and may differ. */
  readonly isRestored?: boolean
}

export interface Barrier {
  readonly state: BarrierState
  readonly cursor: BarrierCursor
}

/** There is one, whatever configuration is active. */
const name = 'first'

export async function readBarrier(sql: Queryable): Promise<Barrier> {
  const [row] = await sql.query<{ state: number; cursor: BarrierCursor }>(
    'select state, cursor from barrier where name = $1',
    [name],
  )
  return { state: states[row?.state ?? 0] ?? 'waiting', cursor: row?.cursor ?? {} }
}

export async function writeBarrier(tx: Tx, barrier: Barrier): Promise<void> {
  await tx.query(
    `insert into barrier (name, state, cursor, opened_at) values ($1, $2::smallint, $3, case when $2::smallint = 3 then now() end)
     on conflict (name) do update set state = excluded.state, cursor = excluded.cursor, opened_at = excluded.opened_at`,
    [name, states.indexOf(barrier.state), JSON.stringify(barrier.cursor)],
  )
}

export async function writeWatermark(tx: Tx, of: record.Watermark): Promise<void> {
  await tx.query(
    `insert into input_watermark values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (forest, partition) do update set epoch = excluded.epoch, checkpoint = excluded.checkpoint,
       observed_at = excluded.observed_at, objects = excluded.objects, edges = excluded.edges`,
    [of.forest, of.partition, of.epoch, of.checkpoint, of.observedAt, of.objects, of.edges],
  )
}

export async function readWatermarks(sql: Queryable): Promise<record.Watermark[]> {
  const rows = await sql.query<{
    forest: string
    partition: string
    epoch: bigint
    checkpoint: bigint
    observed_at: Date | null
    objects: bigint
    edges: bigint
  }>('select * from input_watermark order by forest, partition')
  return rows.map((row) =>
    record.Watermark.fromPartial({
      forest: row.forest,
      partition: row.partition,
      epoch: row.epoch,
      checkpoint: row.checkpoint,
      observedAt: row.observed_at ?? undefined,
      objects: Number(row.objects),
      edges: Number(row.edges),
    }),
  )
}

export interface Undecided extends Record<string, unknown> {
  readonly anchor: string
  readonly guid: string
  readonly created_at: string
}

/** The next objects of a kind in a forest, oldest first, and whether their identities are decided already. */
export async function nextUndecided(
  tx: Tx,
  of: { readonly kind: string; readonly forest: string; readonly after: BarrierCursor; readonly limit: number },
): Promise<Undecided[]> {
  return tx.query<Undecided>(
    `select anchor, guid, created_at::text as created_at from contribution
     where kind = $1 and forest = $2 and (created_at, guid) > ($3::timestamptz, $4::uuid)
     order by created_at, guid limit $5`,
    [
      of.kind,
      of.forest,
      of.after.createdAt ?? '-infinity',
      of.after.guid ?? '00000000-0000-0000-0000-000000000000',
      of.limit,
    ],
  )
}

/** Forests that objects are of. */
export async function knownForests(sql: Queryable): Promise<string[]> {
  const rows = await sql.query<{ forest: string }>('select distinct forest from contribution order by 1')
  return rows.map((row) => row.forest)
}

/** Objects of one forest that would fall into one identity, the first of each excepted. */
export async function crowded(
  tx: Tx,
): Promise<{ forest: string; guid: string; kind: string; source_anchor: string }[]> {
  return tx.query(
    `select forest, guid, kind, source_anchor from (
       select forest, guid, kind, source_anchor,
         row_number() over (partition by forest, anchor order by created_at, guid) as place
       from contribution where not gone) c
     where place > 1 order by forest, guid`,
  )
}

export async function moveTo(
  tx: Tx,
  moved: readonly { readonly forest: string; readonly guid: string; readonly anchor: string }[],
): Promise<void> {
  if (moved.length === 0) return
  await tx.query(
    `update contribution c set anchor = b.anchor from unnest($1::text[], $2::uuid[], $3::uuid[]) b(forest, guid, anchor)
     where c.forest = b.forest and c.guid = b.guid`,
    [moved.map((one) => one.forest), moved.map((one) => one.guid), moved.map((one) => one.anchor)],
  )
}

/** The store was empty a moment ago: plans are made for what is in it now. */
export async function refreshStatistics(tx: Tx): Promise<void> {
  await tx.query('analyze contribution, source_edge, identity, desired_edge, reference, claim')
}
