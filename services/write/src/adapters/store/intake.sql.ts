/** Records what is desired; a row that is on its way to the cloud keeps its state and is looked at again afterwards. */
import { type Incoming, type Tx, traceOf } from '@canopy/chassis'
import type { desired } from '@canopy/proto'
import { laneOf } from '../../core/desire.ts'
import { shardOf } from '../../core/shard.ts'

type DesiredIncoming = Incoming<desired.DesiredObject>
type EdgeIncoming = Incoming<desired.DesiredEdge>

/** Later records of a key in one batch win. */
const newest = <M extends { version: bigint }>(records: readonly Incoming<M>[]): Incoming<M>[] => {
  const byKey = new Map<string, Incoming<M>>()
  for (const record of records) {
    const known = byKey.get(record.key)
    if (!known || record.message.version > known.message.version) byKey.set(record.key, record)
  }
  return [...byKey.values()]
}

/** due, guarded (takes something away from a linked object), conflict (held by resolve), or done (nothing ever was). */
function stateOf(object: desired.DesiredObject, linked: boolean): string {
  const leaving = object.gone || (object.leftScope && object.onLeave !== 'keep')
  if (leaving) return linked ? 'guarded' : 'done'
  if (object.holds.length > 0 && !linked) return 'conflict'
  return 'due'
}

export async function storeDesired(tx: Tx, incoming: readonly DesiredIncoming[]): Promise<void> {
  const rows = newest(incoming)
  const anchors = rows.map((row) => row.message.anchor)
  const links = await tx.query<{ anchor: string }>(
    `select anchor from link where anchor = any($1) and state = 'live'`,
    [anchors],
  )
  const linked = new Set(links.map((link) => link.anchor))
  await tx.query(
    `insert into desired (anchor, kind, version, gone, body, shard, lane, state, code, reason, observed_at, traceparent, differs_since)
     select *, now() from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::bytea[], $6::smallint[],
       $7::smallint[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[])
     on conflict (anchor) do update set kind = excluded.kind, version = excluded.version, gone = excluded.gone,
       body = excluded.body, lane = excluded.lane, code = excluded.code, reason = excluded.reason, attempts = 0, due_at = now(),
       state = case when desired.state in ('sending', 'verify') then desired.state else excluded.state end,
       observed_at = excluded.observed_at, differs_since = coalesce(desired.differs_since, now()),
       traceparent = excluded.traceparent
     where excluded.version > desired.version`,
    [
      anchors,
      rows.map((row) => row.message.kind),
      rows.map((row) => row.message.version),
      rows.map((row) => row.message.gone),
      rows.map((row) => row.bytes),
      anchors.map(shardOf),
      rows.map((row) => laneOf(row.message, linked.has(row.message.anchor))),
      rows.map((row) => stateOf(row.message, linked.has(row.message.anchor))),
      rows.map((row) => row.message.holds[0]?.reason ?? null),
      rows.map((row) => row.message.holds[0]?.message ?? null),
      rows.map((row) => row.message.observedAt ?? null),
      rows.map((row) => traceOf(row).traceparent ?? null),
    ],
  )
  await voidGroups(tx, rows)
  await storeManagers(tx, rows)
}

/** A group that is gone or was raised to a new incarnation voids the memberships of the older one. */
async function voidGroups(tx: Tx, rows: readonly DesiredIncoming[]): Promise<void> {
  const groups = rows.filter((row) => row.message.kind === 'group' && (row.message.gone || row.message.leftScope))
  if (groups.length === 0) return
  await tx.query(
    `update edge set present = false, state = 'done' from unnest($1::text[]) as v(owner)
     where edge.relation = 'member' and edge.owner = v.owner and edge.state <> 'done'`,
    [groups.map((row) => row.message.anchor)],
  )
}

/** A manager is an edge of a user: one is present at a time. */
async function storeManagers(tx: Tx, rows: readonly DesiredIncoming[]): Promise<void> {
  const users = rows.filter((row) => row.message.kind === 'user')
  if (users.length === 0) return
  const wanted = users.map((row) =>
    row.message.gone || row.message.leftScope ? '' : (row.message.references.manager ?? ''),
  )
  const anchors = users.map((row) => row.message.anchor)
  const versions = users.map((row) => row.message.version)
  await tx.query(
    `update edge set present = false, version = v.version,
       state = case when edge.state in ('sending', 'verify') then edge.state
                    when edge.applied_owner is not null and v.manager = '' and not v.leaves then 'due' else 'done' end,
       due_at = now(), attempts = 0, differs_since = coalesce(edge.differs_since, now())
     from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[]) as v(owner, manager, version, leaves)
     where edge.relation = 'manager' and edge.owner = v.owner and edge.other <> v.manager and edge.present and v.version > edge.version`,
    [anchors, wanted, versions, users.map((row) => row.message.gone || row.message.leftScope)],
  )
  const managed = users.map((_, i) => i).filter((i) => wanted[i] !== '')
  await upsertEdges(
    tx,
    managed.map((i) => ({
      relation: 'manager',
      owner: anchors[i]!,
      other: wanted[i]!,
      version: versions[i]!,
      present: true,
      incarnation: 0n,
      observedAt: users[i]!.message.observedAt,
    })),
  )
}

export async function storeEdges(tx: Tx, incoming: readonly EdgeIncoming[]): Promise<void> {
  const edges = newest(incoming).map(({ message }) => ({
    relation: 'member',
    owner: message.groupAnchor,
    other: message.memberAnchor,
    version: message.version,
    present: message.present,
    incarnation: message.incarnation,
    observedAt: message.observedAt,
  }))
  await upsertEdges(tx, edges)
}

interface EdgeRow {
  readonly relation: string
  readonly owner: string
  readonly other: string
  readonly version: bigint
  readonly present: boolean
  readonly incarnation: bigint
  readonly observedAt: Date | undefined
}

/**
 *   present, both ends linked   → due       absent, applied      → guarded
 *   present, an end not linked  → waiting   absent, never applied → done
 */
async function upsertEdges(tx: Tx, edges: readonly EdgeRow[]): Promise<void> {
  if (edges.length === 0) return
  await tx.query(
    `insert into edge (relation, owner, other, version, present, incarnation, shard, observed_at, state, differs_since)
     select v.*, case when not v.present then 'done'
                      when lo.anchor is not null and lm.anchor is not null then 'due' else 'waiting' end, now()
     from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::bigint[], $7::smallint[], $8::timestamptz[])
       as v(relation, owner, other, version, present, incarnation, shard, observed_at)
     left join link lo on lo.anchor = v.owner and lo.state = 'live'
     left join link lm on lm.anchor = v.other and lm.state = 'live'
     on conflict (relation, owner, other) do update set version = excluded.version, present = excluded.present,
       incarnation = excluded.incarnation, observed_at = excluded.observed_at, attempts = 0, due_at = now(), code = null, reason = null,
       differs_since = coalesce(edge.differs_since, now()),
       state = case when edge.state in ('sending', 'verify') then edge.state
                    when excluded.present then excluded.state
                    when edge.applied_owner is not null then 'guarded' else 'done' end
     where excluded.version > edge.version or (excluded.relation = 'manager' and not edge.present)`,
    [
      edges.map((edge) => edge.relation),
      edges.map((edge) => edge.owner),
      edges.map((edge) => edge.other),
      edges.map((edge) => edge.version),
      edges.map((edge) => edge.present),
      edges.map((edge) => edge.incarnation),
      edges.map((edge) => shardOf(edge.owner)),
      edges.map((edge) => edge.observedAt ?? null),
    ],
  )
}
