/** The tenant_domains table: what each target's tenant has verified, as last seen. */
import type { Queryable } from '@canopy/chassis'
import type { ObservedDomains } from '../../ports.ts'

interface Row extends Record<string, unknown> {
  readonly target: string
  readonly verified: readonly string[]
  readonly initial: string
}

export async function observeDomains(
  sql: Queryable,
  target: string,
  { verified, initial }: ObservedDomains,
): Promise<{ readonly changed: boolean }> {
  const rows = await sql.query<{ target: string }>(
    `insert into tenant_domains as t (target, verified, initial) values ($1, $2, $3)
     on conflict (target) do update set verified = excluded.verified, initial = excluded.initial, seen_at = now()
       where t.verified <> excluded.verified or t.initial <> excluded.initial
     returning target`,
    [target, verified, initial],
  )
  return { changed: rows.length > 0 }
}

export async function observedDomains(sql: Queryable): Promise<ReadonlyMap<string, ObservedDomains>> {
  const rows = await sql.query<Row>('select target, verified, initial from tenant_domains')
  return new Map(rows.map(({ target, verified, initial }) => [target, { verified, initial }]))
}
