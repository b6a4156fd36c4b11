/** Guarded rows: released, or held with their reason. One transaction judges a class at a time. */
import type { Sql, Tx } from '@canopy/chassis'
import type { GuardLimit } from '../../core/guard.ts'
import { judge } from '../../core/guard.ts'

const heldId = `'held_' || substr(md5($1 || v.anchor || v.other || v.version::text), 1, 8)`

/** Deletions and disables by loss of scope of linked objects. Returns how many were released and held. */
export async function judgeDeletes(
  sql: Sql,
  target: string,
  kinds: readonly string[],
  limit: GuardLimit,
): Promise<{ released: number; held: number }> {
  return sql.tx(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtext($1))`, [`guard/${target}/delete`])
    const [guarded] = await tx.query<{ waiting: bigint }>(
      `select count(*) as waiting from desired where state = 'guarded' and kind = any($1)`,
      [kinds],
    )
    const waiting = Number(guarded?.waiting ?? 0n)
    if (waiting === 0) return { released: 0, held: 0 }
    const [counts] = await tx.query<{ done: bigint; total: bigint }>(
      `select (select coalesce(sum(count), 0)::bigint from guard_done where target = $2 and class = 'delete' and at > now() - $3 * interval '1 second') as done,
         (select count(*) from link where state = 'live' and kind = any($1)) as total`,
      [kinds, target, limit.overSeconds],
    )
    const done = Number(counts?.done ?? 0n)
    const judgement = judge(limit, { waiting, done, total: Number(counts?.total ?? 0n) + done })
    if (judgement.pass) {
      await tx.query(`update desired set state = 'due', due_at = now() where state = 'guarded' and kind = any($1)`, [
        kinds,
      ])
      return { released: waiting, held: 0 }
    }
    await tx.query(
      `with v as (
         update desired set state = 'held', code = 'guard', reason = $3 where state = 'guarded' and kind = any($2)
         returning anchor, version, '' as other)
       insert into held (id, target, class, anchor, other, version, reason)
       select ${heldId}, $1, 'delete', v.anchor, v.other, v.version, $3 from v on conflict do nothing`,
      [target, kinds, judgement.reason],
    )
    return { released: 0, held: waiting }
  })
}

/** Member removals, judged per group. */
export async function judgeRemovals(
  sql: Sql,
  target: string,
  limit: GuardLimit,
): Promise<{ released: number; held: number }> {
  return sql.tx(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtext($1))`, [`guard/${target}/memberRemoval`])
    const groups = await tx.query<{ owner: string; waiting: bigint; total: bigint }>(
      `select g.owner, g.waiting, (select count(*) from edge e where e.relation = 'member' and e.owner = g.owner and e.applied_owner is not null) as total
       from (select owner, count(*) as waiting from edge where state = 'guarded' group by owner) g`,
    )
    let released = 0
    let held = 0
    for (const group of groups) {
      const waiting = Number(group.waiting)
      const judgement = judge(limit, { waiting, done: 0, total: Number(group.total) })
      if (judgement.pass) {
        await tx.query(`update edge set state = 'due', due_at = now() where owner = $1 and state = 'guarded'`, [
          group.owner,
        ])
        released += waiting
      } else {
        await holdRemovals(tx, target, group.owner, judgement.reason)
        held += waiting
      }
    }
    return { released, held }
  })
}

const holdRemovals = (tx: Tx, target: string, owner: string, reason: string): Promise<unknown> =>
  tx.query(
    `with v as (
       update edge set state = 'held', code = 'guard', reason = $3 where owner = $2 and state = 'guarded'
       returning owner as anchor, other, version)
     insert into held (id, target, class, anchor, other, version, reason)
     select ${heldId}, $1, 'memberRemoval', v.anchor, v.other, v.version, $3 from v on conflict do nothing`,
    [target, owner, reason],
  )

export interface HeldRow extends Record<string, unknown> {
  readonly id: string
  readonly target: string
  readonly class: string
  readonly anchor: string
  readonly other: string
  readonly display: string | null
  readonly reason: string
  readonly version: bigint
  readonly at: Date
}

/** Operations that are held now; one whose row has a newer version is void and left out. */
export const listHeld = (sql: Sql, limit: number): Promise<HeldRow[]> =>
  sql.query<HeldRow>(
    `select h.id, h.target, h.class, h.anchor, h.other, l.display, h.reason, h.version, h.at
     from held h left join link l on l.anchor = h.anchor
     where h.decided is null and (
       exists (select from desired d where h.other = '' and d.anchor = h.anchor and d.state = 'held' and d.version = h.version)
       or exists (select from edge e where e.owner = h.anchor and e.other = h.other and e.state = 'held' and e.version = h.version))
     order by h.at, h.id limit $1`,
    [limit],
  )

/** Approves or rejects by id or by class; an approval names the exact versions, a newer one is not touched. */
export async function decideHeld(
  sql: Sql,
  decision: { readonly id: string; readonly approve: boolean; readonly why: string; readonly who: string },
): Promise<number> {
  return sql.tx(async (tx) => {
    const rows = await tx.query<{ anchor: string; other: string; version: bigint }>(
      `update held set decided = $2, why = $3, who = $4 where decided is null and (id = $1 or class = $1)
       returning anchor, other, version`,
      [decision.id, decision.approve ? 'approved' : 'rejected', decision.why, decision.who],
    )
    const state = decision.approve ? 'due' : 'done'
    const params = [rows.map((r) => r.anchor), rows.map((r) => r.version), rows.map((r) => r.other), state]
    await tx.query(
      `update desired d set state = $4, due_at = now() from unnest($1::text[], $2::bigint[], $3::text[]) as v(anchor, version, other)
       where v.other = '' and d.anchor = v.anchor and d.version = v.version and d.state = 'held'`,
      params,
    )
    await tx.query(
      `update edge e set state = $4, due_at = now() from unnest($1::text[], $2::bigint[], $3::text[]) as v(anchor, version, other)
       where e.owner = v.anchor and e.other = v.other and e.version = v.version and e.state = 'held'`,
      params,
    )
    return rows.length
  })
}
