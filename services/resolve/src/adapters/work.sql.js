export async function askRework(tx, anchors) {
  if (anchors.length > 0) await tx.query('insert into rework (anchor) select unnest($1::uuid[])', [anchors])
}
/** Takes the oldest; rows another process took are passed over. */
export async function takeRework(tx, limit) {
  const rows = await tx.query(
    `delete from rework where seq in (select seq from rework order by seq limit $1 for update skip locked) returning anchor`,
    [limit],
  )
  return [...new Set(rows.map((row) => row.anchor))]
}
export async function askRederive(tx, anchors) {
  if (anchors.length > 0) await tx.query('insert into rederive (anchor) select unnest($1::uuid[])', [anchors])
}
export async function takeRederive(tx) {
  const [row] = await tx.query('select seq, anchor, cursor from rederive order by seq limit 1 for update skip locked')
  if (!row) return undefined
  return { seq: row.seq, anchor: row.anchor, cursor: row.cursor.pass ? row.cursor : undefined }
}
export async function putRederive(tx, seq, cursor) {
  if (cursor) await tx.query('update rederive set cursor = $2 where seq = $1', [seq, JSON.stringify(cursor)])
  else await tx.query('delete from rederive where seq = $1', [seq])
}
export async function hasBacklog(tx) {
  const [row] = await tx.query('select exists (select from rework) or exists (select from rederive) as busy')
  return row?.busy ?? false
}
export async function addTally(tx, by) {
  const { users, groups, contacts, joined, edges } = by
  if (users || groups || contacts || joined || edges) {
    await tx.query('insert into tally values ($1, $2, $3, $4, $5)', [users, groups, contacts, joined, edges])
  }
}
const sums = `coalesce(sum(users), 0)::bigint as users, coalesce(sum(groups), 0)::bigint as groups,
  coalesce(sum(contacts), 0)::bigint as contacts, coalesce(sum(joined), 0)::bigint as joined,
  coalesce(sum(edges), 0)::bigint as edges`
export async function tally(sql) {
  const [row] = await sql.query(`select ${sums} from tally`)
  const number = (of) => Number(row?.[of] ?? 0n)
  return {
    users: number('users'),
    groups: number('groups'),
    contacts: number('contacts'),
    joined: number('joined'),
    edges: number('edges'),
  }
}
/** Many small rows become one. */
export async function foldTally(sql) {
  await sql.query(`with old as (delete from tally where (select count(*) from tally) > 500 returning *)
     insert into tally select ${sums} from old having count(*) > 0`)
}
//# sourceMappingURL=work.sql.js.map
