/** Claim → holder, of the wanted claims and of everything that `anchors` hold. */
export async function heldClaims(sql, wanted, anchors) {
  const rows = await sql.query(
    `select c.claim, c.anchor from unnest($1::text[]) w(claim) join claim c on c.claim = w.claim
     union select c.claim, c.anchor from unnest($2::uuid[]) a(anchor) join claim c on c.anchor = a.anchor`,
    [wanted, anchors],
  )
  return new Map(rows.map((row) => [row.claim, row.anchor]))
}
/** Returns the identities that wait for what was released: they are resolved again. */
export async function writeClaims(tx, changes) {
  const { taken, released } = changes
  let waiting = []
  if (released.size > 0) {
    const claims = [...released.keys()]
    await tx.query('delete from claim c using unnest($1::text[]) r(claim) where c.claim = r.claim', [claims])
    const rows = await tx.query(
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
  }
  return waiting
}
/** Replaces the conflicts that `losers` had; returns the claims that are contested now and were not contested by them. */
export async function writeConflicts(tx, losers, losses) {
  const claims = losses.map((loss) => loss.claim)
  const names = losses.map((loss) => loss.loser)
  await tx.query(
    `delete from conflict x using unnest($1::uuid[]) l(loser)
     where x.loser = l.loser and not exists (
       select from unnest($2::text[], $3::uuid[]) n(claim, loser) where n.claim = x.claim and n.loser = x.loser)`,
    [losers, claims, names],
  )
  if (losses.length === 0) return []
  const rows = await tx.query(
    `insert into conflict as x (claim, loser, attribute, effect) select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
     on conflict (claim, loser) do update set effect = excluded.effect where x.effect <> excluded.effect
     returning x.claim, x.loser, (xmax = 0) as is_new`,
    [claims, names, losses.map((loss) => loss.attribute), losses.map((loss) => loss.effect)],
  )
  const fresh = new Set(rows.filter((row) => row.is_new).map((row) => `${row.claim}\0${row.loser}`))
  return losses.filter((loss) => fresh.has(`${loss.claim}\0${loss.loser}`))
}
//# sourceMappingURL=claims.sql.js.map
