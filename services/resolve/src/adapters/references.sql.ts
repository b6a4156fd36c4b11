/** References as rows: which identity refers to which object, known or not. */
import type { Queryable, Tx } from '@canopy/chassis'

export interface Reference {
  readonly anchor: string
  readonly attribute: string
  readonly forest: string
  readonly guid: string
}

export interface ReferenceTarget {
  readonly anchor: string
  readonly isLive: boolean
  /** Not decided yet, and whether it will be live is said by groups. */
  readonly isGrouped: boolean
}

/**
 * Anchor and liveness of objects, by "forest/guid". While everything is decided for the first time an identity without a
 * row yet is live when one of its objects is in scope.
 */
export async function targets(
  sql: Queryable,
  of: { readonly forests: readonly string[]; readonly guids: readonly string[]; readonly isDeciding: boolean },
): Promise<Map<string, ReferenceTarget>> {
  if (of.guids.length === 0) return new Map()
  const undecided = of.isDeciding
    ? 'exists (select from contribution m where m.anchor = c.anchor and not m.gone and not m.grouped and m.scope = 1)'
    : 'false'
  const grouped = of.isDeciding
    ? 'i.anchor is null and exists (select from contribution m where m.anchor = c.anchor and m.grouped)'
    : 'false'
  const rows = await sql.query<{ forest: string; guid: string; anchor: string; live: boolean; grouped: boolean }>(
    `select c.forest, c.guid, c.anchor, coalesce(i.state = 1, ${undecided}) as live, ${grouped} as grouped
     from unnest($1::text[], $2::uuid[]) b(forest, guid)
       join contribution c on c.forest = b.forest and c.guid = b.guid
       left join identity i on i.anchor = c.anchor`,
    [of.forests, of.guids],
  )
  return new Map(
    rows.map((row) => [`${row.forest}/${row.guid}`, { anchor: row.anchor, isLive: row.live, isGrouped: row.grouped }]),
  )
}

/** Makes the references of `anchors` be exactly these. */
export async function writeReferences(
  tx: Tx,
  anchors: readonly string[],
  references: readonly Reference[],
  isFirst: boolean,
): Promise<void> {
  const key = (one: Pick<Reference, 'anchor' | 'attribute'>): string => `${one.anchor}/${one.attribute}`
  const before = new Map(isFirst ? [] : (await referencesOf(tx, anchors)).map((one) => [key(one), one]))
  const now = new Map(references.map((one) => [key(one), one]))
  const stale = [...before.values()].filter((one) => !now.has(key(one)))
  if (stale.length > 0) {
    await tx.query(
      `delete from reference r using unnest($1::uuid[], $2::text[]) s(anchor, attribute)
       where r.anchor = s.anchor and r.attribute = s.attribute`,
      [stale.map((one) => one.anchor), stale.map((one) => one.attribute)],
    )
  }
  const changed = references.filter((one) => {
    const known = before.get(key(one))
    return known?.guid !== one.guid || known.forest !== one.forest
  })
  if (changed.length === 0) return
  await tx.query(
    `insert into reference (anchor, attribute, forest, guid)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
     on conflict (anchor, attribute) do update set forest = excluded.forest, guid = excluded.guid`,
    [
      changed.map((one) => one.anchor),
      changed.map((one) => one.attribute),
      changed.map((one) => one.forest),
      changed.map((one) => one.guid),
    ],
  )
}

const referencesOf = (sql: Queryable, anchors: readonly string[]): Promise<(Reference & Record<string, unknown>)[]> =>
  sql.query('select r.* from unnest($1::uuid[]) a(anchor) join reference r on r.anchor = a.anchor', [anchors])

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
