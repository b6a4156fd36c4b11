import { record } from '@canopy/proto'

const states = ['waiting', 'deciding', 'deriving', 'open']
/** There is one, whatever configuration is active. */
const name = 'first'
export async function readBarrier(sql) {
  const [row] = await sql.query('select state, cursor from barrier where name = $1', [name])
  return { state: states[row?.state ?? 0] ?? 'waiting', cursor: row?.cursor ?? {} }
}
export async function writeBarrier(tx, barrier) {
  await tx.query(
    `insert into barrier (name, state, cursor, opened_at) values ($1, $2::smallint, $3, case when $2::smallint = 3 then now() end)
     on conflict (name) do update set state = excluded.state, cursor = excluded.cursor, opened_at = excluded.opened_at`,
    [name, states.indexOf(barrier.state), JSON.stringify(barrier.cursor)],
  )
}
export async function writeWatermark(tx, of) {
  await tx.query(
    `insert into input_watermark values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (forest, partition) do update set epoch = excluded.epoch, checkpoint = excluded.checkpoint,
       observed_at = excluded.observed_at, objects = excluded.objects, edges = excluded.edges`,
    [of.forest, of.partition, of.epoch, of.checkpoint, of.observedAt, of.objects, of.edges],
  )
}
export async function readWatermarks(sql) {
  const rows = await sql.query('select * from input_watermark order by forest, partition')
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
/** The next objects of a kind in a forest, oldest first, and whether their identities are decided already. */
export async function nextUndecided(tx, of) {
  return tx.query(
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
export async function knownForests(sql) {
  const rows = await sql.query('select distinct forest from contribution order by 1')
  return rows.map((row) => row.forest)
}
/** Objects of one forest that would fall into one identity, the first of each excepted. */
export async function crowded(tx) {
  return tx.query(`select forest, guid, kind, source_anchor from (
       select forest, guid, kind, source_anchor,
         row_number() over (partition by forest, anchor order by created_at, guid) as place
       from contribution where not gone) c
     where place > 1 order by forest, guid`)
}
export async function moveTo(tx, moved) {
  if (moved.length === 0) return
  await tx.query(
    `update contribution c set anchor = b.anchor from unnest($1::text[], $2::uuid[], $3::uuid[]) b(forest, guid, anchor)
     where c.forest = b.forest and c.guid = b.guid`,
    [moved.map((one) => one.forest), moved.map((one) => one.guid), moved.map((one) => one.anchor)],
  )
}
/** The store was empty a moment ago: plans are made for what is in it now. */
export async function refreshStatistics(tx) {
  await tx.query('analyze contribution, source_edge, identity, desired_edge, reference, claim')
}
//# sourceMappingURL=barrier.sql.js.map
