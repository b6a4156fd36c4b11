/** References as rows: which identity refers to which object, known or not. */
import type { Queryable, Tx } from '@canopy/chassis'

export interface Reference {
  readonly anchor: string
  readonly attribute: string
  readonly forest: string
  readonly guid: string
}

/**
 * Anchor and liveness of objects, by "forest/guid". While everything is decided for the first time an identity without a
 * row yet is live when one of its objects is in scope.
 */
export async function targets(
  sql: Queryable,
  of: { readonly forests: readonly string[]; readonly guids: readonly string[]; readonly isDeciding: boolean },
): Promise<Map<string, { readonly anchor: string; readonly isLive: boolean }>> {
  if (of.guids.length === 0) return new Map()
  const undecided = of.isDeciding
    ? 'exists (select from contribution m where m.anchor = c.anchor and not m.gone and m.scope = 1)'
    : 'false'
  const rows = await sql.query<{ forest: string; guid: string; anchor: string; live: boolean }>(
    `select c.forest, c.guid, c.anchor, coalesce(i.state = 1, ${undecided}) as live
     from unnest($1::text[], $2::uuid[]) b(forest, guid)
       join contribution c on c.forest = b.forest and c.guid = b.guid
       left join identity i on i.anchor = c.anchor`,
    [of.forests, of.guids],
  )
  return new Map(rows.map((row) => [`${row.forest}/${row.guid}`, { anchor: row.anchor, isLive: row.live }]))
}

/** Makes the references of `anchors` be exactly these. */
export async function writeReferences(
  tx: Tx,
  anchors: readonly string[],
  references: readonly Reference[],
  isFirst: boolean,
): Promise<void> {
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
export async function referrers(sql: Queryable, anchors: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ anchor: string }>(
    `select distinct r.anchor from unnest($1::uuid[]) a(anchor)
       join contribution c on c.anchor = a.anchor
       join reference r on r.forest = c.forest and r.guid = c.guid order by 1`,
    [anchors],
  )
  return rows.map((row) => row.anchor)
}
