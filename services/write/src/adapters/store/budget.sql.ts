/** Pacing: a bucket of writes per target, one row shared by all processes. */
import type { Sql } from '@canopy/chassis'

/** What a target lets one application write, times the share Canopy takes (source: Graph throttling limits, 3,000 / 150 s). */
export const publishedWritesPerSecond = 20

/** Takes up to `wanted` tokens; leavers may use the tenth that others leave. Answers how many were taken. */
export async function takeTokens(
  sql: Sql,
  options: { readonly target: string; readonly perSecond: number; readonly wanted: number; readonly leavers: boolean },
): Promise<number> {
  const capacity = Math.max(20, options.perSecond * 10)
  const reserve = options.leavers ? 0 : Math.min(capacity, options.perSecond * 10) * 0.1
  return sql.tx(async (tx) => {
    await tx.query('insert into budget (target, tokens) values ($1, $2) on conflict do nothing', [
      options.target,
      capacity,
    ])
    const [row] = await tx.query<{ tokens: number }>(
      `select least($2, tokens + $3 * extract(epoch from now() - refilled_at)::double precision) as tokens
       from budget where target = $1 for update`,
      [options.target, capacity, options.perSecond],
    )
    const available = Math.max(0, Math.floor((row?.tokens ?? 0) - reserve))
    const taken = Math.min(options.wanted, available)
    await tx.query('update budget set tokens = $2, refilled_at = now() where target = $1', [
      options.target,
      (row?.tokens ?? 0) - taken,
    ])
    return taken
  })
}
