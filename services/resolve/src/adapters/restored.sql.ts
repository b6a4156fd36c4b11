/** Rows of a store that is built again from what was published. A newer record of a key wins, in whatever order they come. */
import type { Queryable, Tx } from '@canopy/chassis'
import type { desired } from '@canopy/proto'

/** Alone; false where it was built already. */
export async function mayRestore(tx: Tx): Promise<boolean> {
  await tx.query('select pg_advisory_xact_lock(0, 1)::text')
  const [row] = await tx.query<{ done: boolean }>('select exists (select from restored) as done')
  return !row?.done
}

export async function isRestored(sql: Queryable): Promise<boolean> {
  const [row] = await sql.query<{ done: boolean }>('select exists (select from restored) as done')
  return row?.done ?? false
}

export interface RestoredIdentity {
  readonly object: desired.DesiredObject
  readonly state: number
  readonly digest: Uint8Array
  readonly body: Uint8Array
}

export async function restoreIdentities(tx: Tx, some: readonly RestoredIdentity[]): Promise<void> {
  await tx.query(
    `insert into identity as i (anchor, kind, source_anchor, version, incarnation, state, members, digest, body)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::smallint[], $7::smallint[],
       $8::bytea[], $9::bytea[])
     on conflict (anchor) do update set version = excluded.version, incarnation = excluded.incarnation,
       state = excluded.state, members = excluded.members, digest = excluded.digest, body = excluded.body
       where i.version < excluded.version`,
    [
      some.map(({ object }) => object.anchor),
      some.map(({ object }) => object.kind),
      some.map(({ object }) => object.sourceAnchor),
      some.map(({ object }) => object.version),
      some.map(({ object }) => object.incarnation),
      some.map((one) => one.state),
      some.map(({ object }) => object.members.length),
      some.map((one) => one.digest),
      some.map((one) => one.body),
    ],
  )
  const members = some.flatMap(({ object }) =>
    object.members.map((key) => {
      const slash = key.lastIndexOf('/')
      return { forest: key.slice(0, slash), guid: key.slice(slash + 1), anchor: object.anchor }
    }),
  )
  await tx.query(
    `insert into assigned (guid, forest, anchor)
     select distinct on (guid, forest) guid, forest, anchor from unnest($1::uuid[], $2::text[], $3::uuid[]) as m(guid, forest, anchor)
     on conflict (guid, forest) do update set anchor = excluded.anchor`,
    [members.map((one) => one.guid), members.map((one) => one.forest), members.map((one) => one.anchor)],
  )
}

export async function restoreEdges(tx: Tx, edges: readonly desired.DesiredEdge[]): Promise<void> {
  await tx.query(
    `insert into desired_edge as e (group_anchor, member_anchor, present, incarnation, version)
     select * from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::bigint[], $5::bigint[])
     on conflict (group_anchor, member_anchor) do update
       set present = excluded.present, incarnation = excluded.incarnation, version = excluded.version
       where e.version < excluded.version`,
    [
      edges.map((edge) => edge.groupAnchor),
      edges.map((edge) => edge.memberAnchor),
      edges.map((edge) => edge.present),
      edges.map((edge) => edge.incarnation),
      edges.map((edge) => edge.version),
    ],
  )
}

/** Who won a value holds it; a decision that was revoked leaves it free. */
export async function restoreDecisions(tx: Tx, decisions: readonly desired.Decision[]): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    `insert into decision as d (id, version, revoked) select * from unnest($1::text[], $2::bigint[], $3::bool[])
     on conflict (id) do update set version = excluded.version, revoked = excluded.revoked
       where d.version < excluded.version
     returning id`,
    [decisions.map((one) => one.id), decisions.map((one) => one.version), decisions.map((one) => one.revoked)],
  )
  const newer = new Set(rows.map((row) => row.id))
  const claims = decisions.filter((one) => one.id.startsWith('claim/') && newer.has(one.id))
  const winner = (one: desired.Decision): string | undefined =>
    one.body?.$case === 'claimWon' && !one.revoked ? one.body.value.anchor : undefined
  await tx.query(
    `with c as (select * from unnest($1::text[], $2::uuid[]) as c(claim, anchor)),
       freed as (delete from claim using c where claim.claim = c.claim and c.anchor is null)
     insert into claim (claim, anchor) select claim, anchor from c where anchor is not null
     on conflict (claim) do update set anchor = excluded.anchor`,
    [claims.map((one) => one.id.slice('claim/'.length)), claims.map(winner)],
  )
}

/** Nothing is built again afterwards. */
export async function finishRestore(tx: Tx): Promise<void> {
  await tx.query(
    `insert into tally (users, groups, contacts, joined, edges)
     select count(*) filter (where kind = 'user'), count(*) filter (where kind = 'group'),
       count(*) filter (where kind = 'contact'), count(*) filter (where members > 1),
       (select count(*) from desired_edge where present)
     from identity where state in (1, 2)`,
  )
  await tx.query('insert into restored (one) values (true) on conflict do nothing')
}

export async function hasIdentities(sql: Queryable): Promise<boolean> {
  const [row] = await sql.query<{ there: boolean }>('select exists (select from identity) as there')
  return row?.there ?? false
}

/** The identities that objects had before the store was lost, by "<forest>/<guid>". */
export async function assignedAnchors(
  sql: Queryable,
  objects: readonly { readonly forest: string; readonly guid: string }[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.query<{ forest: string; guid: string; anchor: string }>(
    `select a.forest, a.guid, a.anchor from unnest($1::text[], $2::uuid[]) as b(forest, guid)
       join assigned a on a.guid = b.guid and a.forest = b.forest`,
    [objects.map((one) => one.forest), objects.map((one) => one.guid)],
  )
  return new Map(rows.map((row) => [`${row.forest}/${row.guid}`, row.anchor]))
}
