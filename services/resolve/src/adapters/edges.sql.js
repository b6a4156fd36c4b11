import { isGuid } from '@canopy/domain'

const firstVersion = 1n << 40n
/** Writes the newer ones; "<forest>/<group guid>/<member>" of those that were. */
export async function writeSourceEdges(tx, edges) {
  const rows = await tx.query(
    `insert into source_edge as e (forest, group_guid, member, member_guid, member_sid, present, version)
     select * from unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bool[], $7::bigint[])
     on conflict (forest, group_guid, member) do update set present = excluded.present, version = excluded.version
       where e.version < excluded.version
     returning e.forest, e.group_guid, e.member`,
    [
      edges.map((edge) => edge.forest),
      edges.map((edge) => edge.groupGuid),
      edges.map((edge) => edge.member),
      edges.map((edge) => (isGuid(edge.member) ? edge.member : undefined)),
      edges.map((edge) => (isGuid(edge.member) ? undefined : edge.member)),
      edges.map((edge) => edge.present),
      edges.map((edge) => edge.version),
    ],
  )
  return new Set(rows.map((row) => `${row.forest}/${row.group_guid}/${row.member}`))
}
/**
 * Every `pair(g, m)` as it is, and what speaks for it: who is live, and one source edge that maps to it. The innermost
 * select is limited so that it stays one look by the whole key: joined, a plan may read the whole group for each member.
 */
const judgement = `
  select p.g, p.m, ig.incarnation, ig.state = 1 and im.state = 1 and p.g <> p.m as live, s.source,
    o.present, o.version, o.incarnation as of_incarnation
  from pair p
    join identity ig on ig.anchor = p.g
    join identity im on im.anchor = p.m
    left join desired_edge o on o.group_anchor = p.g and o.member_anchor = p.m
    left join lateral (
      select e.source
      from contribution cg
        cross join contribution cm
        cross join lateral (values (case when cm.forest = cg.forest then cm.guid::text end), (cm.sid)) as x(member)
        cross join lateral (
          select e.forest || '/' || e.group_guid || '/' || e.member as source from source_edge e
          where e.forest = cg.forest and e.group_guid = cg.guid and e.member = x.member and e.present
          limit 1) e
      where cg.anchor = p.g and cm.anchor = p.m
      limit 1
    ) s on true`
/** A desired edge exists while a source edge maps to it and both ends are live; undefined where it is so already. */
function edgeChange(row) {
  const present = row.live && row.source !== null
  const wasPresent = row.present ?? false
  if (present === wasPresent && (!present || row.incarnation === row.of_incarnation)) return undefined
  const version = row.version === null ? firstVersion : row.version + 1n
  const { g: group, m: member, incarnation } = row
  return { group, member, present, incarnation, version, source: row.source ?? '', wasPresent }
}
/** The caller has the locks of one end of each at least. */
async function writeDesiredEdges(tx, judged) {
  const changes = judged.map(edgeChange).filter((change) => change !== undefined)
  if (changes.length === 0) return []
  await tx.query(
    `insert into desired_edge (group_anchor, member_anchor, present, incarnation, version)
     select * from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::bigint[], $5::bigint[])
     on conflict (group_anchor, member_anchor) do update
       set present = excluded.present, incarnation = excluded.incarnation, version = excluded.version`,
    [
      changes.map((change) => change.group),
      changes.map((change) => change.member),
      changes.map((change) => change.present),
      changes.map((change) => change.incarnation),
      changes.map((change) => change.version),
    ],
  )
  return changes
}
const pairsOf = (edges) => `
  select cg.anchor as g, cm.anchor as m
  from ${edges} e
    join contribution cg on cg.forest = e.forest and cg.guid = e.group_guid
    join contribution cm on cm.forest = e.forest and cm.guid = e.member_guid
  union
  select cg.anchor, cm.anchor
  from ${edges} e
    join contribution cg on cg.forest = e.forest and cg.guid = e.group_guid
    join contribution cm on cm.sid = e.member_sid`
/** Derives what source edges map to. */
export async function deriveEdges(tx, keys) {
  const rows = await tx.query(
    `with b as (
       select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[]) as b(forest, group_guid, member_guid, member_sid)
     ), pair as (${pairsOf('b')}) ${judgement}`,
    [
      keys.map((key) => key.forest),
      keys.map((key) => key.group),
      keys.map((key) => (isGuid(key.member) ? key.member : undefined)),
      keys.map((key) => (isGuid(key.member) ? undefined : key.member)),
    ],
  )
  return writeDesiredEdges(tx, rows)
}
/** Derives desired edges by their ends. */
export async function derivePairs(tx, pairs) {
  if (pairs.length === 0) return []
  const rows = await tx.query(
    `with pair as (select distinct g, m from unnest($1::uuid[], $2::uuid[]) as p(g, m)) ${judgement}`,
    [pairs.map((pair) => pair.group), pairs.map((pair) => pair.member)],
  )
  return writeDesiredEdges(tx, rows)
}
/** Desired edges, present or possible, of identities at either end; at most `limit`. */
export async function pairsAt(sql, of) {
  const rows = await sql.query(
    `(select cg.anchor as g, cm.anchor as m from unnest($1::uuid[]) a(anchor)
        join contribution cg on cg.anchor = a.anchor
        join source_edge e on e.forest = cg.forest and e.group_guid = cg.guid and e.present
        join contribution cm on cm.forest = e.forest and cm.guid = e.member_guid limit $3)
     union
     (select cg.anchor, cm.anchor from unnest($1::uuid[]) a(anchor)
        join contribution cg on cg.anchor = a.anchor
        join source_edge e on e.forest = cg.forest and e.group_guid = cg.guid and e.present
        join contribution cm on cm.sid = e.member_sid limit $3)
     union
     (select cg.anchor, cm.anchor from unnest($2::uuid[]) a(anchor)
        join contribution cm on cm.anchor = a.anchor
        join source_edge e on e.member = cm.guid::text and e.forest = cm.forest and e.present
        join contribution cg on cg.forest = e.forest and cg.guid = e.group_guid limit $3)
     union
     (select cg.anchor, cm.anchor from unnest($2::uuid[]) a(anchor)
        join contribution cm on cm.anchor = a.anchor
        join source_edge e on e.member = cm.sid and e.present
        join contribution cg on cg.forest = e.forest and cg.guid = e.group_guid limit $3)
     union
     (select d.group_anchor, d.member_anchor from unnest($1::uuid[]) a(anchor)
        join desired_edge d on d.group_anchor = a.anchor and d.present limit $3)
     union
     (select d.group_anchor, d.member_anchor from unnest($2::uuid[]) a(anchor)
        join desired_edge d on d.member_anchor = a.anchor and d.present limit $3)`,
    [of.groups, of.members, of.limit],
  )
  return rows.map((row) => ({ group: row.g, member: row.m }))
}
/** The next source edges in the order of their keys: of one group identity, or of everything. */
export async function nextSourceEdges(sql, of) {
  const { after } = of
  const rows = of.anchor
    ? await sql.query(
        `select e.forest, e.group_guid, e.member
         from (select forest, guid from contribution c where c.anchor = $5) c
           join source_edge e on e.forest = c.forest and e.group_guid = c.guid
         where (e.forest, e.group_guid, e.member) > ($1, $2::uuid, $3)
         order by 1, 2, 3 limit $4`,
        [after?.forest ?? '', after?.group ?? noGuid, after?.member ?? '', of.limit, of.anchor],
      )
    : await sql.query(
        `select e.forest, e.group_guid, e.member from source_edge e
         where (e.forest, e.group_guid, e.member) > ($1, $2::uuid, $3) order by 1, 2, 3 limit $4`,
        [after?.forest ?? '', after?.group ?? noGuid, after?.member ?? '', of.limit],
      )
  return rows.map((row) => ({ pass: 'source', forest: row.forest, group: row.group_guid, member: row.member }))
}
const noGuid = '00000000-0000-0000-0000-000000000000'
/** The next desired edges of a group, in the order of their members. */
export async function nextDesiredEdges(sql, of) {
  const rows = await sql.query(
    `select member_anchor as m from desired_edge
     where group_anchor = $1 and member_anchor > $2::uuid order by 1 limit $3`,
    [of.anchor, of.after || noGuid, of.limit],
  )
  return rows.map((row) => row.m)
}
//# sourceMappingURL=edges.sql.js.map
