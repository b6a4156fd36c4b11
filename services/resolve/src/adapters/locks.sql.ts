/** Advisory locks of a transaction, always taken in the order class, bucket. */
import type { Queryable } from '@canopy/chassis'

/**
 * | class | what                                                                                         |
 * |-------|----------------------------------------------------------------------------------------------|
 * | 0     | the barrier: shared by everyone until it is open, exclusive to a step of deciding            |
 * | 1     | objects, SIDs, source anchors, claims: exclusive to who resolves, shared by who brings edges |
 * | 2     | groups: exclusive to who brings their edges                                                  |
 * | 3     | the names of scoping groups: shared by who brings edges, exclusive to who brings a new name   |
 * | 4     | memberships as scope: shared by who decides scope by them, exclusive to who looks at changes  |
 * | 5     | the one change of who is live at a time: two ends of an edge cannot come alive unseen        |
 *
 * Plans are steered on the way: joins in the order in which they are written, by index. A store that fills has no
 * statistics yet, or old ones, and a plan guessed from them is off by the size of the directory.
 */
const steer = `set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true), set_config('join_collapse_limit', '1', true),
  set_config('from_collapse_limit', '1', true), set_config('plan_cache_mode', 'force_custom_plan', true)`

/** For a transaction that needs no locks of its own. */
export async function steerPlans(tx: Queryable): Promise<void> {
  await tx.query(`select ${steer}`)
}

export async function lockExclusive(tx: Queryable, buckets: readonly number[]): Promise<void> {
  await steerPlans(tx)
  await tx.query('select pg_advisory_xact_lock(1, k)::text from unnest($1::int[]) k', [buckets])
}

export async function lockShared(tx: Queryable, buckets: readonly number[]): Promise<void> {
  await steerPlans(tx)
  await tx.query('select pg_advisory_xact_lock_shared(1, k)::text from unnest($1::int[]) k', [buckets])
}

/** Two source groups that are one group write the same desired edges. */
export async function lockGroups(tx: Queryable, forests: readonly string[], groups: readonly string[]): Promise<void> {
  await tx.query(
    `select pg_advisory_xact_lock(2, k)::text from (
       select distinct hashtext(c.anchor::text) as k
       from unnest($1::text[], $2::uuid[]) b(forest, guid) join contribution c on c.forest = b.forest and c.guid = b.guid
       order by 1) s`,
    [forests, groups],
  )
}

export async function lockLiveness(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(5, 0)::text')
}

export async function lockScopingGroups(tx: Queryable, mode: 'shared' | 'exclusive'): Promise<void> {
  await tx.query(
    mode === 'shared' ? 'select pg_advisory_xact_lock_shared(3, 0)::text' : 'select pg_advisory_xact_lock(3, 0)::text',
  )
}

/** For who decides scope by memberships. */
export async function lockMembershipsRead(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock_shared(4, 0)::text')
}

/** Waits until all who decided scope by memberships are done. */
export async function lockMembershipsSettled(tx: Queryable): Promise<void> {
  await steerPlans(tx)
  await tx.query('select pg_advisory_xact_lock(4, 0)::text')
}

export async function lockBarrier(tx: Queryable, mode: 'shared' | 'exclusive'): Promise<void> {
  await tx.query(
    mode === 'shared' ? 'select pg_advisory_xact_lock_shared(0, 0)::text' : 'select pg_advisory_xact_lock(0, 0)::text',
  )
}
