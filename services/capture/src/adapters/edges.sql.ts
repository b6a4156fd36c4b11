/** Statements over memberships. Each returns the edges whose presence changed, with their new version. */
import type { Queryable } from '@canopy/chassis'
import { firstVersion } from '../ports.ts'

export interface EdgeChange {
  readonly group: string
  readonly member: string
  readonly present: boolean
  readonly version: bigint
}

export interface EdgeAdd {
  readonly group: string
  readonly member: string
  readonly seen: bigint
}

interface EdgeRow extends Record<string, unknown> {
  group_guid: string
  member: string
  version: bigint
}

const changes = (rows: readonly EdgeRow[], present: boolean): EdgeChange[] =>
  rows.map((row) => ({ group: row.group_guid, member: row.member, present, version: row.version }))

/** No (group, member) twice. What was present keeps its version and is only seen. */
export async function addEdges(tx: Queryable, forest: string, adds: readonly EdgeAdd[]): Promise<EdgeChange[]> {
  if (adds.length === 0) return []
  const rows = await tx.query<EdgeRow & { flip: boolean }>(
    `insert into edge as e (forest, group_guid, member, present, version, seen)
     select $1, g, m, true, $5, s from unnest($2::uuid[], $3::text[], $4::int8[]) as t(g, m, s)
     on conflict (forest, group_guid, member) do update
       set present = true, version = e.version + (not e.present)::int, seen = excluded.seen, flip = not e.present
       where not e.present or e.seen < excluded.seen
     returning group_guid, member, version, flip`,
    [forest, adds.map((a) => a.group), adds.map((a) => a.member), adds.map((a) => a.seen), firstVersion],
  )
  return changes(
    rows.filter((row) => row.flip),
    true,
  )
}

const retract = 'set present = false, version = e.version + 1, flip = true'

export async function removeEdges(
  tx: Queryable,
  forest: string,
  pairs: readonly { readonly group: string; readonly member: string }[],
): Promise<EdgeChange[]> {
  if (pairs.length === 0) return []
  const rows = await tx.query<EdgeRow>(
    `update edge e ${retract} from unnest($2::uuid[], $3::text[]) as t(g, m)
     where e.forest = $1 and e.group_guid = t.g and e.member = t.m and e.present
     returning e.group_guid, e.member, e.version`,
    [forest, pairs.map((p) => p.group), pairs.map((p) => p.member)],
  )
  return changes(rows, false)
}

/** The groups' lists are exactly `keep`: the rest goes. */
export async function keepOnly(
  tx: Queryable,
  forest: string,
  groups: readonly string[],
  keep: readonly { readonly group: string; readonly member: string }[],
): Promise<EdgeChange[]> {
  if (groups.length === 0) return []
  const rows = await tx.query<EdgeRow>(
    `update edge e ${retract}
     where e.forest = $1 and e.group_guid = any($2::uuid[]) and e.present
       and not exists (select 1 from unnest($3::uuid[], $4::text[]) as k(g, m) where k.g = e.group_guid and k.m = e.member)
     returning e.group_guid, e.member, e.version`,
    [forest, groups, keep.map((k) => k.group), keep.map((k) => k.member)],
  )
  return changes(rows, false)
}

/** At the end of a list that came in parts: what none of them named goes. */
export async function closeLists(tx: Queryable, forest: string, groups: readonly string[]): Promise<EdgeChange[]> {
  if (groups.length === 0) return []
  const rows = await tx.query<EdgeRow>(
    `update edge e ${retract} from object o
     where o.forest = $1 and o.guid = any($2::uuid[]) and e.forest = $1 and e.group_guid = o.guid
       and e.present and e.seen < o.list_mark
     returning e.group_guid, e.member, e.version`,
    [forest, groups],
  )
  return changes(rows, false)
}

/** Edges of these groups and to these members, at most `limit` of them. */
export async function retractAround(
  tx: Queryable,
  of: {
    readonly forest: string
    readonly groups: readonly string[]
    readonly members: readonly string[]
    readonly limit: number
  },
): Promise<EdgeChange[]> {
  if (of.groups.length === 0 && of.members.length === 0) return []
  const rows = await tx.query<EdgeRow>(
    `with doomed as (
       (select group_guid, member from edge where forest = $1 and present and group_guid = any($2::uuid[]) limit $4)
       union
       (select group_guid, member from edge where forest = $1 and present and member = any($3::text[]) limit $4)
     )
     update edge e ${retract} from (select * from doomed limit $4) d
     where e.forest = $1 and e.group_guid = d.group_guid and e.member = d.member
     returning e.group_guid, e.member, e.version`,
    [of.forest, of.groups, of.members, of.limit],
  )
  return changes(rows, false)
}

/** Edges of a partition's groups that a reading did not see, behind `after` ("<group>/<member>"). */
export async function retractStale(
  tx: Queryable,
  of: {
    readonly forest: string
    readonly domain: string
    readonly mark: bigint
    readonly after: string
    readonly limit: number
  },
): Promise<{ readonly changes: EdgeChange[]; readonly last: string | undefined }> {
  const slash = of.after.indexOf('/')
  const rows = await tx.query<EdgeRow & { stale: boolean }>(
    `with part as (
       select e.group_guid, e.member, e.seen < $3 as stale from edge e join object o on o.forest = e.forest and o.guid = e.group_guid
       where e.forest = $1 and o.domain = $2 and e.present and o.seen >= $3
         and (e.group_guid, e.member) > (coalesce(nullif($4, ''), '00000000-0000-0000-0000-000000000000')::uuid, $5)
       order by e.group_guid, e.member limit $6
     ), gone as (
       update edge e ${retract} from part p
       where p.stale and e.forest = $1 and e.group_guid = p.group_guid and e.member = p.member
       returning e.group_guid, e.member, e.version
     )
     select p.group_guid, p.member, p.stale, coalesce(g.version, 0) as version
     from part p left join gone g using (group_guid, member) order by p.group_guid, p.member`,
    [of.forest, of.domain, of.mark, of.after.slice(0, Math.max(slash, 0)), of.after.slice(slash + 1), of.limit],
  )
  const last = rows.at(-1)
  return {
    changes: changes(
      rows.filter((row) => row.stale),
      false,
    ),
    last: rows.length < of.limit || !last ? undefined : `${last.group_guid}/${last.member}`,
  }
}
