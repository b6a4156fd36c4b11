/** Changed memberships, and the groups whose members are to be looked at because of them, as rows. */
import type { Queryable, Tx } from '@canopy/chassis'
import { isGuid } from '@canopy/domain'

export interface Membership {
  readonly forest: string
  readonly group: string
  /** GUID of an object of the same forest, or a SID. */
  readonly member: string
}

/** Stands for everything of a forest that groups decide about. */
export const wholeForest = '00000000-0000-0000-0000-000000000000'

export async function hasScopingGroups(sql: Queryable): Promise<boolean> {
  const [row] = await sql.query<{ there: boolean }>('select exists (select from scope_group) as there')
  return row?.there ?? false
}

interface Group {
  readonly forest: string
  readonly guid: string
}

/** Of these groups those that no contribution named before. */
export async function unnamedGroups(sql: Queryable, groups: readonly Group[]): Promise<Group[]> {
  return sql.query<Group & Record<string, unknown>>(
    `select g.forest, g.guid from unnest($1::text[], $2::uuid[]) as g(forest, guid)
     where not exists (select from scope_group s where s.forest = g.forest and s.guid = g.guid)`,
    [groups.map((one) => one.forest), groups.map((one) => one.guid)],
  )
}

export async function addScopingGroups(tx: Tx, groups: readonly Group[]): Promise<void> {
  await tx.query(
    'insert into scope_group (forest, guid) select * from unnest($1::text[], $2::uuid[]) on conflict do nothing',
    [groups.map((one) => one.forest), groups.map((one) => one.guid)],
  )
}

export async function tellChangedMemberships(tx: Tx, changed: readonly Membership[]): Promise<void> {
  await tx.query(
    'insert into edge_news (forest, group_guid, member) select * from unnest($1::text[], $2::uuid[], $3::text[])',
    [changed.map((one) => one.forest), changed.map((one) => one.group), changed.map((one) => one.member)],
  )
}

/** Takes the oldest; rows another process took are passed over. */
export async function takeChangedMemberships(tx: Tx, limit: number): Promise<Membership[]> {
  return tx.query<Membership & Record<string, unknown>>(
    `delete from edge_news where seq in (select seq from edge_news order by seq limit $1 for update skip locked)
     returning forest, group_guid as "group", member`,
    [limit],
  )
}

/** Asks for the members of these groups to be looked at, each once; without `run` under a new one. */
export async function askRescope(tx: Tx, groups: readonly Group[], run?: bigint): Promise<void> {
  if (groups.length === 0) return
  await tx.query(
    `insert into rescope (run, forest, group_guid)
     select r.run, g.forest, g.guid
     from (select coalesce($3::bigint, nextval('rescope_run')) as run) r
       cross join unnest($1::text[], $2::uuid[]) as g(forest, guid)
     on conflict do nothing`,
    [groups.map((one) => one.forest), groups.map((one) => one.guid), run],
  )
}

export interface RescopeWork {
  readonly run: bigint
  readonly forest: string
  readonly group: string
  /** The last member that was looked at. */
  readonly cursor: string
}

/** The row is locked until the transaction ends. */
export async function takeRescope(tx: Tx): Promise<RescopeWork | undefined> {
  const [row] = await tx.query<RescopeWork & Record<string, unknown>>(
    `select run, forest, group_guid as "group", cursor from rescope where not done order by run limit 1
     for update skip locked`,
  )
  return row
}

/** Without a cursor the group is done; a run of which nothing is left is forgotten. */
export async function putRescope(tx: Tx, work: RescopeWork, cursor: string | undefined): Promise<void> {
  const key = [work.run, work.forest, work.group]
  if (cursor !== undefined) {
    await tx.query('update rescope set cursor = $4 where run = $1 and forest = $2 and group_guid = $3', [
      ...key,
      cursor,
    ])
    return
  }
  await tx.query('update rescope set done = true where run = $1 and forest = $2 and group_guid = $3', key)
  await tx.query(
    'delete from rescope where run = $1 and not exists (select from rescope r where r.run = $1 and not r.done)',
    [work.run],
  )
}

/** The next members of a group, also those it no longer has: they may be out because of what went with them. */
export async function nextMembers(sql: Queryable, work: RescopeWork, limit: number): Promise<string[]> {
  const rows = await sql.query<{ member: string }>(
    `select member from source_edge where forest = $1 and group_guid = $2 and member > $3
     order by member limit $4`,
    [work.forest, work.group, work.cursor, limit],
  )
  return rows.map((row) => row.member)
}

/** The next objects of a forest that groups decide about. */
export async function nextGrouped(
  sql: Queryable,
  of: { readonly forest: string; readonly after: string; readonly limit: number },
): Promise<{ guid: string; anchor: string }[]> {
  return sql.query(
    `select guid, anchor from contribution where forest = $1 and guid > $2::uuid and grouped order by guid limit $3`,
    [of.forest, of.after || wholeForest, of.limit],
  )
}

/** Identities of members that groups decide about, and the members that are groups themselves. */
export async function membersAsTheyAre(
  sql: Queryable,
  members: readonly Pick<Membership, 'forest' | 'member'>[],
): Promise<{ readonly anchors: string[]; readonly groups: Group[] }> {
  const params = [
    members.map((one) => one.forest),
    members.map((one) => (isGuid(one.member) ? one.member : undefined)),
    members.map((one) => (isGuid(one.member) ? undefined : one.member)),
  ]
  const here = `select b.forest, b.guid from unnest($1::text[], $2::uuid[], $3::text[]) as b(forest, guid, sid)
                where b.guid is not null
                union
                select c.forest, c.guid from unnest($1::text[], $2::uuid[], $3::text[]) as b(forest, guid, sid)
                  join contribution c on c.sid = b.sid`
  const anchors = await sql.query<{ anchor: string }>(
    `select distinct c.anchor from (${here}) h join contribution c on c.guid = h.guid and c.forest = h.forest
     where c.grouped`,
    params,
  )
  const groups = await sql.query<Group & Record<string, unknown>>(
    `select h.forest, h.guid from (${here}) h
     where exists (select from source_edge e where e.forest = h.forest and e.group_guid = h.guid)`,
    params,
  )
  return { anchors: anchors.map((row) => row.anchor), groups }
}
