/** Takes due rows for sending: marked and journaled in one transaction, so that a kill leaves an open ticket behind. */
import type { Sql, Tx } from '@canopy/chassis'

export interface ObjectRow extends Record<string, unknown> {
  readonly anchor: string
  readonly kind: string
  readonly version: bigint
  readonly body: Buffer
  readonly state: string
  readonly attempts: number
  readonly observed_at: Date | null
  readonly traceparent: string | null
  readonly cloud_id: string | null
  readonly link_state: string | null
  readonly origin: string | null
  readonly applied: Record<string, string[]> | null
  /** A create of ours went without an answer: what is found may be its effect. */
  readonly maybe_ours?: boolean
}

export interface EdgeRow extends Record<string, unknown> {
  readonly relation: string
  readonly owner: string
  readonly other: string
  readonly version: bigint
  readonly present: boolean
  readonly attempts: number
  readonly observed_at: Date | null
  readonly applied_owner: string | null
  readonly applied_other: string | null
  readonly owner_id: string | null
  readonly other_id: string | null
  readonly owner_display: string | null
  readonly other_display: string | null
}

const objectColumns = `d.anchor, d.kind, d.version, d.body, d.state, d.attempts, d.observed_at, d.traceparent,
  l.cloud_id, l.state as link_state, l.origin, l.applied`

export interface Pick {
  readonly shards: readonly number[]
  readonly kinds: readonly string[]
  readonly lanes: readonly number[]
  readonly limit: number
}

/** Due objects, leavers first. Rows are locked; another process' pick skips them. */
export const pickObjects = (tx: Tx, pick: Pick): Promise<ObjectRow[]> =>
  tx.query<ObjectRow>(
    `select ${objectColumns} from desired d left join link l on l.anchor = d.anchor
     where d.state = 'due' and d.lane = any($1) and d.due_at <= now() and d.shard = any($2) and d.kind = any($3)
     order by d.lane, d.due_at limit $4 for update of d skip locked`,
    [pick.lanes, pick.shards, pick.kinds, pick.limit],
  )

/** Objects whose last request is unsettled and may be looked at now. */
export const pickUnsettled = (tx: Tx, pick: Omit<Pick, 'lanes'>): Promise<ObjectRow[]> =>
  tx.query<ObjectRow>(
    `select ${objectColumns}, exists (select from journal j where j.anchor = d.anchor and j.action = 'create' and j.outcome = 'unknown') as maybe_ours
     from desired d left join link l on l.anchor = d.anchor
     where d.state = 'verify' and d.due_at <= now() and d.shard = any($1) and d.kind = any($2)
     order by d.due_at limit $3 for update of d skip locked`,
    [pick.shards, pick.kinds, pick.limit],
  )

/** Due memberships, or managers; removals first, whole groups together, none of a busy owner. */
export const pickEdges = (
  tx: Tx,
  pick: {
    readonly relation: 'member' | 'manager'
    readonly shards: readonly number[]
    readonly busy: readonly string[]
    readonly limit: number
  },
): Promise<EdgeRow[]> =>
  tx.query<EdgeRow>(
    `select e.relation, e.owner, e.other, e.version, e.present, e.attempts, e.observed_at, e.applied_owner, e.applied_other,
       lo.cloud_id as owner_id, lm.cloud_id as other_id, lo.display as owner_display, lm.display as other_display
     from edge e left join link lo on lo.anchor = e.owner and lo.state = 'live'
       left join link lm on lm.anchor = e.other and lm.state = 'live'
     where e.state = 'due' and e.relation = $1 and e.due_at <= now() and e.shard = any($2) and e.owner <> all($3::text[])
     order by e.present, e.owner, e.other limit $4 for update of e skip locked`,
    [pick.relation, pick.shards, pick.busy, pick.limit],
  )

export const markObjectsSending = (tx: Tx, anchors: readonly string[]): Promise<unknown> =>
  tx.query(`update desired set state = 'sending' where anchor = any($1)`, [anchors])

export const markEdgesSending = (tx: Tx, edges: readonly EdgeRow[]): Promise<unknown> =>
  tx.query(
    `update edge set state = 'sending' from unnest($1::text[], $2::text[], $3::text[]) as v(relation, owner, other)
     where edge.relation = v.relation and edge.owner = v.owner and edge.other = v.other`,
    [edges.map((e) => e.relation), edges.map((e) => e.owner), edges.map((e) => e.other)],
  )

export interface Ticket {
  readonly anchor: string
  readonly other: string | undefined
  readonly action: string
  readonly cloudId: string | undefined
  readonly changes: unknown
  readonly version: bigint
}

/** Opens tickets; answers their numbers in order. */
export async function openTickets(tx: Tx, tickets: readonly Ticket[], deadlineMs: number): Promise<bigint[]> {
  const rows = await tx.query<{ id: bigint }>(
    `insert into journal (anchor, other, action, cloud_id, changes, desired_version, deadline_at)
     select v.anchor, v.other, v.action, v.cloud_id, v.changes::jsonb, v.version, now() + $7 * interval '1 millisecond'
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
       with ordinality as v(anchor, other, action, cloud_id, changes, version, n) order by v.n returning id`,
    [
      tickets.map((t) => t.anchor),
      tickets.map((t) => t.other ?? null),
      tickets.map((t) => t.action),
      tickets.map((t) => t.cloudId ?? null),
      tickets.map((t) => JSON.stringify(t.changes ?? null)),
      tickets.map((t) => t.version),
      deadlineMs,
    ],
  )
  return rows.map((row) => row.id)
}

/** Tickets past their deadline without an answer: their sender is gone. Their rows are read back before anything else. */
export async function settleAbandoned(sql: Sql): Promise<number> {
  return sql.tx(async (tx) => {
    const open = await tx.query<{ anchor: string; other: string | null }>(
      `update journal set answered_at = now(), outcome = 'unknown'
       where answered_at is null and deadline_at < now() - interval '1 second' returning anchor, other`,
    )
    if (open.length === 0) return 0
    const anchors = [...new Set(open.map((ticket) => ticket.anchor))]
    await tx.query(`update desired set state = 'verify', due_at = now() where state = 'sending' and anchor = any($1)`, [
      anchors,
    ])
    // An addition that may have arrived, of what is not wanted any more, is taken back as if it had.
    await tx.query(
      `update edge set applied_owner = lo.cloud_id, applied_other = lm.cloud_id from link lo, link lm
       where edge.state = 'sending' and not edge.present and edge.applied_owner is null and edge.owner = any($1)
         and lo.anchor = edge.owner and lo.state = 'live' and lm.anchor = edge.other and lm.state = 'live'`,
      [anchors],
    )
    // Memberships and managers are idempotent: they are planned again.
    await tx.query(
      `update edge set state = 'due', due_at = now() where state = 'sending' and relation in ('member', 'manager') and owner = any($1)`,
      [anchors],
    )
    return open.length
  })
}

/** Refused and conflicting rows are looked at again once their pause is over. */
export async function reopenPaused(sql: Sql): Promise<void> {
  await sql.query(
    `update desired set state = 'due' where state in ('refused', 'conflict') and due_at < now() and code not in ('conflict', 'deletedInCloud')`,
  )
  await sql.query(`update edge set state = 'due' where state = 'refused' and due_at < now()`)
}
