/** The statements of a lease pool. The database's clock decides what has expired. */
import type { Queryable } from '../sql/sql.ts'

export interface Owner {
  readonly pool: string
  readonly owner: string
  readonly ttlMs: number
}

export interface Renewal {
  readonly renewed: readonly string[]
  /** Every live member, this one too, in an order that is the same for all. */
  readonly members: readonly string[]
  /** Until the first lease of another owner could be free. */
  readonly nextFreeMs: number | undefined
}

/** Makes the rows of the pool; forgets members that died long ago. */
export async function enter(sql: Queryable, pool: string, names: readonly string[]): Promise<void> {
  await sql.query(
    'insert into lease (pool, name) select $1, n from unnest($2::text[]) n order by n on conflict do nothing',
    [pool, names],
  )
  await sql.query(
    `delete from lease_member m using (
       select pool, owner from lease_member where pool = $1 and seen_until < now() - interval '1 minute' for update skip locked
     ) dead where m.pool = dead.pool and m.owner = dead.owner`,
    [pool],
  )
}

/** One statement: this member is alive, all its leases live on, who else is there. */
export async function renew(
  sql: Queryable,
  { pool, owner, ttlMs, held, names }: Owner & { held: readonly string[]; names: readonly string[] },
): Promise<Renewal> {
  const rows = await sql.query<{ renewed: string[] | null; others: string[] | null; next_free_ms: number | null }>(
    `with me as (
       insert into lease_member (pool, owner, seen_until) values ($1, $2, now() + $3::int * interval '1 ms')
       on conflict (pool, owner) do update set seen_until = excluded.seen_until
     ), renewed as (
       update lease set expires_at = now() + $3::int * interval '1 ms'
       where pool = $1 and name = any($4::text[]) and owner = $2 and expires_at > now()
       returning name
     )
     select (select array_agg(name) from renewed) as renewed,
       (select array_agg(owner) from lease_member where pool = $1 and owner <> $2 and seen_until > now()) as others,
       (select extract(epoch from min(expires_at) - now())::float8 * 1000 from lease
        where pool = $1 and name = any($5::text[]) and owner <> $2 and expires_at > now()) as next_free_ms`,
    [pool, owner, ttlMs, held, names],
  )
  const row = rows[0]
  return {
    renewed: row?.renewed ?? [],
    members: [...(row?.others ?? []), owner],
    nextFreeMs: row?.next_free_ms ?? undefined,
  }
}

/** Takes up to `limit` leases that nobody has. */
export async function acquire(
  sql: Queryable,
  { pool, owner, ttlMs, names, limit }: Owner & { names: readonly string[]; limit: number },
): Promise<{ name: string; epoch: bigint }[]> {
  return sql.query(
    `with free as (
       select name from lease where pool = $1 and name = any($4::text[]) and expires_at <= now()
       order by name limit $5 for update skip locked
     )
     update lease l set owner = $2, epoch = epoch + 1, expires_at = now() + $3::int * interval '1 ms'
     from free where l.pool = $1 and l.name = free.name
     returning l.name, l.epoch`,
    [pool, owner, ttlMs, names, limit],
  )
}

/** By epoch: a statement that was held up must not free what the same owner has got anew meanwhile. */
export async function release(
  sql: Queryable,
  { pool, owner }: Owner,
  leases: readonly { readonly name: string; readonly epoch: bigint }[],
): Promise<void> {
  await sql.query(
    `update lease l set expires_at = '-infinity', owner = ''
     from unnest($3::text[], $4::bigint[]) as r (name, epoch)
     where l.pool = $1 and l.owner = $2 and l.name = r.name and l.epoch = r.epoch`,
    [pool, owner, leases.map(({ name }) => name), leases.map(({ epoch }) => epoch)],
  )
}

export async function leave(sql: Queryable, { pool, owner }: Owner): Promise<void> {
  await sql.query('delete from lease_member where pool = $1 and owner = $2', [pool, owner])
}

/**
 * Makes every lease free at once. Only for a process that knows to be the only one on the store, as standalone does
 * after `startEmbeddedPostgres`: whoever held them was killed, and its sessions are ended.
 */
export async function voidLeases(sql: Queryable): Promise<void> {
  await sql.query(`update lease set expires_at = '-infinity' where expires_at > '-infinity'`)
  await sql.query('delete from lease_member')
}
