/** Records what became of requests: links, applied values, states, tickets and counters, set by set. */
import type { Tx } from '@canopy/chassis'

export interface ObjectOutcome {
  readonly anchor: string
  /** Version that was planned; a newer one makes the row due again. */
  readonly version: bigint
  readonly state: 'done' | 'due' | 'verify' | 'conflict' | 'refused' | 'held'
  readonly code?: string
  readonly reason?: string
  readonly attempts: number
  readonly delayMs: number
}

export const recordObjects = (tx: Tx, outcomes: readonly ObjectOutcome[]): Promise<unknown> =>
  tx.query(
    `update desired set
       state = case when desired.version > v.version and v.state <> 'verify' then
                 case when desired.gone then 'guarded' else 'due' end else v.state end,
       applied_version = case when v.state = 'done' then v.version else applied_version end,
       code = v.code, reason = v.reason, attempts = v.attempts, due_at = now() + v.delay * interval '1 millisecond',
       differs_since = case when v.state = 'done' and desired.version = v.version then null else differs_since end
     from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::int[], $7::double precision[])
       as v(anchor, version, state, code, reason, attempts, delay)
     where desired.anchor = v.anchor`,
    [
      outcomes.map((o) => o.anchor),
      outcomes.map((o) => o.version),
      outcomes.map((o) => o.state),
      outcomes.map((o) => o.code ?? null),
      outcomes.map((o) => o.reason ?? null),
      outcomes.map((o) => o.attempts),
      outcomes.map((o) => o.delayMs),
    ],
  )

export interface LinkChange {
  readonly anchor: string
  readonly kind: string
  readonly cloudId: string
  readonly origin: 'created' | 'adopted'
  readonly state: 'live' | 'deleted'
  readonly display: string
  readonly applied: Readonly<Record<string, readonly string[]>>
}

/** Writes links; the memberships of what was deleted rest. */
export async function recordLinks(tx: Tx, links: readonly LinkChange[]): Promise<void> {
  await tx.query(
    `insert into link (anchor, kind, cloud_id, origin, state, display, applied, deleted_at)
     select v.anchor, v.kind, v.cloud_id, v.origin, v.state, v.display, v.applied::jsonb, case when v.state = 'deleted' then now() end
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       as v(anchor, kind, cloud_id, origin, state, display, applied)
     on conflict (anchor) do update set cloud_id = excluded.cloud_id, origin = excluded.origin, state = excluded.state,
       display = excluded.display, applied = excluded.applied, deleted_at = excluded.deleted_at`,
    [
      links.map((l) => l.anchor),
      links.map((l) => l.kind),
      links.map((l) => l.cloudId),
      links.map((l) => l.origin),
      links.map((l) => l.state),
      links.map((l) => l.display),
      links.map((l) => JSON.stringify(l.applied)),
    ],
  )
  const deleted = links.filter((link) => link.state === 'deleted').map((link) => link.anchor)
  if (deleted.length > 0) await restEdges(tx, deleted)
}

/** The directory drops the memberships of what is deleted by itself. */
async function restEdges(tx: Tx, anchors: readonly string[]): Promise<void> {
  for (const column of ['owner', 'other'] as const) {
    await tx.query(
      `update edge set applied_owner = null, applied_other = null, differs_since = null,
         state = case when present then 'waiting' else 'done' end
       where relation in ('member', 'manager') and ${column} = any($1) and state <> 'sending'`,
      [anchors],
    )
  }
}

export interface EdgeOutcome {
  readonly relation: string
  readonly owner: string
  readonly other: string
  readonly version: bigint
  readonly state: 'done' | 'due' | 'waiting' | 'refused'
  readonly appliedOwner: string | undefined
  readonly appliedOther: string | undefined
  readonly code?: string
  readonly reason?: string
  readonly attempts: number
  readonly delayMs: number
}

export const recordEdges = (tx: Tx, outcomes: readonly EdgeOutcome[]): Promise<unknown> =>
  tx.query(
    `update edge set
       state = case when edge.version > v.version then case when edge.present then 'due' else 'guarded' end else v.state end,
       applied_owner = v.applied_owner, applied_other = v.applied_other, code = v.code, reason = v.reason, attempts = v.attempts,
       due_at = now() + v.delay * interval '1 millisecond',
       differs_since = case when v.state = 'done' and edge.version = v.version then null else differs_since end
     from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
       $10::int[], $11::double precision[])
       as v(relation, owner, other, version, state, applied_owner, applied_other, code, reason, attempts, delay)
     where edge.relation = v.relation and edge.owner = v.owner and edge.other = v.other`,
    [
      outcomes.map((o) => o.relation),
      outcomes.map((o) => o.owner),
      outcomes.map((o) => o.other),
      outcomes.map((o) => o.version),
      outcomes.map((o) => o.state),
      outcomes.map((o) => o.appliedOwner ?? null),
      outcomes.map((o) => o.appliedOther ?? null),
      outcomes.map((o) => o.code ?? null),
      outcomes.map((o) => o.reason ?? null),
      outcomes.map((o) => o.attempts),
      outcomes.map((o) => o.delayMs),
    ],
  )

export interface TicketAnswer {
  readonly id: bigint
  readonly outcome: string
  readonly code: string | undefined
  readonly cloudId: string | undefined
}

export const closeTickets = (tx: Tx, answers: readonly TicketAnswer[]): Promise<unknown> =>
  tx.query(
    `update journal set answered_at = now(), outcome = v.outcome, code = v.code, cloud_id = coalesce(v.cloud_id, journal.cloud_id)
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as v(id, outcome, code, cloud_id) where journal.id = v.id`,
    [
      answers.map((a) => a.id),
      answers.map((a) => a.outcome),
      answers.map((a) => a.code ?? null),
      answers.map((a) => a.cloudId ?? null),
    ],
  )

/** What was there before Canopy's first change; later changes do not touch it. */
export const keepBeforeImages = (
  tx: Tx,
  images: readonly { readonly anchor: string; readonly attribute: string; readonly values: readonly string[] }[],
): Promise<unknown> =>
  tx.query(
    `insert into before_image (anchor, attribute, "values")
     select v.anchor, v.attribute, v.image::jsonb from unnest($1::text[], $2::text[], $3::text[]) as v(anchor, attribute, image)
     on conflict do nothing`,
    [images.map((i) => i.anchor), images.map((i) => i.attribute), images.map((i) => JSON.stringify(i.values))],
  )

export const addCounts = (tx: Tx, target: string, counts: Readonly<Record<string, number>>): Promise<unknown> =>
  tx.query(
    `insert into counter (target, name, value) select $1, * from unnest($2::text[], $3::bigint[])
     on conflict (target, name) do update set value = counter.value + excluded.value`,
    [
      target,
      Object.keys(counts).sort(),
      Object.keys(counts)
        .sort()
        .map((name) => BigInt(counts[name] ?? 0)),
    ],
  )
