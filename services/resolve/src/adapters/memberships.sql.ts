/** Who is in which group, nested ones too: asked upwards from the members, by index, never kept. */
import type { Queryable } from '@canopy/chassis'

/** An object that may be in groups. */
export interface GroupMember {
  readonly forest: string
  readonly guid: string
  /** Empty: none. */
  readonly sid: string
}

type Edges = 'present' | 'ever'

/**
 * Every group above each start. A member is named by its GUID within its forest, or by its SID from any; `union` meets a group
 * once per start, so that groups may be in one another.
 */
const above = (start: string, edges: Edges): string => `
  with recursive up(n, forest, guid) as (
    select s.n, e.forest, e.group_guid
    from (${start}) s
      cross join lateral (values (s.guid::text, s.forest), (s.sid, null)) as x(member, forest)
      join source_edge e on e.member = x.member${edges === 'present' ? ' and e.present' : ''}
        and (x.forest is null or e.forest = x.forest)
    union
    select up.n, e.forest, e.group_guid
    from up
      left join contribution c on c.guid = up.guid and c.forest = up.forest
      cross join lateral (values (up.guid::text, up.forest), (c.sid, null)) as x(member, forest)
      join source_edge e on e.member = x.member${edges === 'present' ? ' and e.present' : ''}
        and (x.forest is null or e.forest = x.forest)
  )`

/** Of the named groups those that each object is in, by "<forest>/<guid>" of the object: GUIDs of groups of its forest. */
export async function groupsAbove(
  sql: Queryable,
  objects: readonly GroupMember[],
  groups: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await sql.query<{ n: bigint; guid: string }>(
    `${above(
      `select o.n, o.forest, o.guid, nullif(o.sid, '') as sid
              from unnest($1::text[], $2::uuid[], $3::text[]) with ordinality as o(forest, guid, sid, n)`,
      'present',
    )}
     select up.n, up.guid from up
       join unnest($1::text[]) with ordinality as o(forest, n) on o.n = up.n and o.forest = up.forest
     where up.guid = any ($4::uuid[])`,
    [objects.map((one) => one.forest), objects.map((one) => one.guid), objects.map((one) => one.sid), groups],
  )
  const found = new Map<string, Set<string>>()
  for (const { n, guid } of rows) {
    const { forest, guid: object } = objects[Number(n) - 1]!
    const key = `${forest}/${object}`
    const known = found.get(key)
    if (known) known.add(guid)
    else found.set(key, new Set([guid]))
  }
  return found
}

/**
 * Of these groups those that are scoping groups, or are in one or ever were: where two memberships of a chain go at once, each
 * is looked at when the other is gone already.
 */
export async function groupsInScopingGroups(
  sql: Queryable,
  groups: readonly { readonly forest: string; readonly guid: string }[],
): Promise<ReadonlySet<string>> {
  const rows = await sql.query<{ n: bigint }>(
    `${above(
      `select g.n, g.forest, g.guid, c.sid
              from unnest($1::text[], $2::uuid[]) with ordinality as g(forest, guid, n)
                left join contribution c on c.guid = g.guid and c.forest = g.forest`,
      'ever',
    )}
     select distinct up.n from up join scope_group s on s.forest = up.forest and s.guid = up.guid
     union
     select g.n from unnest($1::text[], $2::uuid[]) with ordinality as g(forest, guid, n)
       join scope_group s on s.forest = g.forest and s.guid = g.guid`,
    [groups.map((one) => one.forest), groups.map((one) => one.guid)],
  )
  return new Set(rows.map(({ n }) => `${groups[Number(n) - 1]!.forest}/${groups[Number(n) - 1]!.guid}`))
}
