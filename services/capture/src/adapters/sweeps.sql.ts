/** Statements over sweeps: work that follows a transaction in chunks. */
import type { Queryable } from '@canopy/chassis'

export type SweepKind = 'path' | 'edges' | 'missing' | 'stale'

export interface NewSweep {
  readonly forest: string
  readonly domain: string
  readonly kind: SweepKind
  readonly guid?: string
  readonly mark?: bigint
}

export interface Sweep extends Required<Omit<NewSweep, 'guid'>> {
  readonly id: bigint
  readonly guid: string
  readonly after: string
}

export async function addSweeps(tx: Queryable, sweeps: readonly NewSweep[]): Promise<void> {
  if (sweeps.length === 0) return
  await tx.query(
    `insert into sweep (forest, domain, kind, guid, mark)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::int8[])`,
    [
      sweeps.map((s) => s.forest),
      sweeps.map((s) => s.domain),
      sweeps.map((s) => s.kind),
      sweeps.map((s) => s.guid ?? null),
      sweeps.map((s) => s.mark ?? 0n),
    ],
  )
}

interface SweepRow extends Record<string, unknown> {
  id: bigint
  forest: string
  domain: string
  kind: SweepKind
  guid: string | null
  mark: bigint
  after: string
}

/** The oldest sweep of a partition; the partition's lock is held. */
export async function firstSweep(tx: Queryable, forest: string, domain: string): Promise<Sweep | undefined> {
  const [row] = await tx.query<SweepRow>('select * from sweep where forest = $1 and domain = $2 order by id limit 1', [
    forest,
    domain,
  ])
  return row && { ...row, guid: row.guid ?? '' }
}

export const partitionsToSweep = (sql: Queryable): Promise<{ forest: string; domain: string }[]> =>
  sql.query<{ forest: string; domain: string }>('select distinct forest, domain from sweep')

export async function anySweep(tx: Queryable, forest: string, domain: string): Promise<boolean> {
  const rows = await tx.query('select 1 from sweep where forest = $1 and domain = $2 limit 1', [forest, domain])
  return rows.length > 0
}

export async function moveSweep(tx: Queryable, id: bigint, after: string | undefined): Promise<void> {
  if (after === undefined) await tx.query('delete from sweep where id = $1', [id])
  else await tx.query('update sweep set after = $2 where id = $1', [id, after])
}
