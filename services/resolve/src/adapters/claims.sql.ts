/** Claims and conflicts as rows: who holds a value, and who else wants it. */
import type { Queryable, Tx } from '@canopy/chassis'
import type { LostClaim } from '../core/claim-desk.ts'

/** Claim → holder, of the wanted claims and of everything that `anchors` hold. */
export async function heldClaims(
  sql: Queryable,
  wanted: readonly string[],
  anchors: readonly string[],
): Promise<Map<string, string>> {
  const rows = await sql.query<{ claim: string; anchor: string }>(
    `select c.claim, c.anchor from unnest($1::text[]) w(claim) join claim c on c.claim = w.claim
     union select c.claim, c.anchor from unnest($2::uuid[]) a(anchor) join claim c on c.anchor = a.anchor`,
    [wanted, anchors],
  )
  return new Map(rows.map((row) => [row.claim, row.anchor]))
}

/** Who waits for these claims, apart from `others`. */
export async function waitingFor(
  sql: Queryable,
  claims: readonly string[],
  others: readonly string[],
): Promise<readonly { readonly claim: string; readonly loser: string }[]> {
  return sql.query<{ claim: string; loser: string }>(
    `select x.claim, x.loser from unnest($1::text[]) r(claim) join conflict x on x.claim = r.claim
     where x.loser <> all ($2::uuid[])`,
    [claims, others],
  )
}

/** Returns the identities that wait for what was released: they are resolved again. */
export async function writeClaims(
  tx: Tx,
  changes: { readonly taken: ReadonlyMap<string, string>; readonly released: ReadonlyMap<string, string> },
): Promise<string[]> {
  const { taken, released } = changes
  let waiting: string[] = []
  if (released.size > 0) {
    const claims = [...released.keys()]
    await tx.query('delete from claim c using unnest($1::text[]) r(claim) where c.claim = r.claim', [claims])
    const rows = await tx.query<{ loser: string }>(
      'select distinct x.loser from unnest($1::text[]) r(claim) join conflict x on x.claim = r.claim order by 1',
      [claims],
    )
    waiting = rows.map((row) => row.loser)
  }
  if (taken.size > 0) {
    const sorted = [...taken].sort(([a], [b]) => (a < b ? -1 : 1))
    await tx.query('insert into claim (claim, anchor) select * from unnest($1::text[], $2::uuid[])', [
      sorted.map(([claim]) => claim),
      sorted.map(([, anchor]) => anchor),
    ])
    if (released.size > 0) {
      await tx.query(
        `delete from conflict x using unnest($1::text[], $2::uuid[]) t(claim, anchor)
         where x.claim = t.claim and x.loser = t.anchor`,
        [[...taken.keys()], [...taken.values()]],
      )
    }
  }
  return waiting
}

export interface Loss extends LostClaim {
  readonly loser: string
}

/** Replaces the conflicts that `losers` had; returns the claims that are contested now and were not contested by them. */
export async function writeConflicts(tx: Tx, losers: readonly string[], losses: readonly Loss[]): Promise<Loss[]> {
  const claims = losses.map((loss) => loss.claim)
  const names = losses.map((loss) => loss.loser)
  await tx.query(
    `delete from conflict x using unnest($1::uuid[]) l(loser)
     where x.loser = l.loser and not exists (
       select from unnest($2::text[], $3::uuid[]) n(claim, loser) where n.claim = x.claim and n.loser = x.loser)`,
    [losers, claims, names],
  )
  if (losses.length === 0) return []
  const rows = await tx.query<{ claim: string; loser: string; is_new: boolean }>(
    `insert into conflict as x (claim, loser, attribute, effect) select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
     on conflict (claim, loser) do update set effect = excluded.effect where x.effect <> excluded.effect
     returning x.claim, x.loser, (xmax = 0) as is_new`,
    [claims, names, losses.map((loss) => loss.attribute), losses.map((loss) => loss.effect)],
  )
  const fresh = new Set(rows.filter((row) => row.is_new).map((row) => `${row.claim}\0${row.loser}`))
  return losses.filter((loss) => fresh.has(`${loss.claim}\0${loss.loser}`))
}
