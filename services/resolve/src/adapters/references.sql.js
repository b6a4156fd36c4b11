/**
 * Anchor and liveness of objects, by "forest/guid". While everything is decided for the first time an identity without a
 * row yet is live when one of its objects is in scope.
 */
export async function targets(sql, of) {
  if (of.guids.length === 0) return new Map()
  const undecided = of.isDeciding
    ? 'exists (select from contribution m where m.anchor = c.anchor and not m.gone and m.scope = 1)'
    : 'false'
  const rows = await sql.query(
    `select c.forest, c.guid, c.anchor, coalesce(i.state = 1, ${undecided}) as live
     from unnest($1::text[], $2::uuid[]) b(forest, guid)
       join contribution c on c.forest = b.forest and c.guid = b.guid
       left join identity i on i.anchor = c.anchor`,
    [of.forests, of.guids],
  )
  return new Map(rows.map((row) => [`${row.forest}/${row.guid}`, { anchor: row.anchor, isLive: row.live }]))
}
/** Makes the references of `anchors` be exactly these. */
export async function writeReferences(tx, anchors, references, isFirst) {
  const owners = references.map((one) => one.anchor)
  const attributes = references.map((one) => one.attribute)
  if (!isFirst) {
    await tx.query(
      `delete from reference r using unnest($1::uuid[]) a(anchor)
       where r.anchor = a.anchor and not exists (
         select from unnest($2::uuid[], $3::text[]) n(anchor, attribute)
         where n.anchor = r.anchor and n.attribute = r.attribute)`,
      [anchors, owners, attributes],
    )
  }
  if (references.length === 0) return
  await tx.query(
    `insert into reference as r (anchor, attribute, forest, guid)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
     on conflict (anchor, attribute) do update set forest = excluded.forest, guid = excluded.guid
       where (r.forest, r.guid) <> (excluded.forest, excluded.guid)`,
    [owners, attributes, references.map((one) => one.forest), references.map((one) => one.guid)],
  )
}
/** Identities that refer to any object of `anchors`. */
export async function referrers(sql, anchors) {
  const rows = await sql.query(
    `select distinct r.anchor from unnest($1::uuid[]) a(anchor)
       join contribution c on c.anchor = a.anchor
       join reference r on r.forest = c.forest and r.guid = c.guid order by 1`,
    [anchors],
  )
  return rows.map((row) => row.anchor)
}
//# sourceMappingURL=references.sql.js.map
