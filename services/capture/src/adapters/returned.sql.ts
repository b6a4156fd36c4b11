/** Statements over objects that came back in one domain, of which the groups of the forest's other domains are asked. */
import type { Queryable } from '@canopy/chassis'
import type { PartitionName } from './readings.sql.ts'

export interface ReturnedRow extends Record<string, unknown> {
  readonly guid: string
  readonly dn: string
  /** How often that was done. */
  readonly asked: number
}

/** Seconds from one asking to the next: links to other domains come back as controllers replicate. */
const againAfterSeconds = [60, 900, 7_200, 86_400] as const

/** Notes them for every other domain of the forest. */
export async function noteReturned(
  tx: Queryable,
  of: PartitionName,
  objects: readonly { readonly guid: string; readonly dn: string }[],
): Promise<void> {
  if (objects.length === 0) return
  await tx.query(
    `insert into returned (forest, domain, guid, dn)
     select p.forest, p.domain, t.guid, t.dn from partition p, unnest($3::uuid[], $4::text[]) as t(guid, dn)
     where p.forest = $1 and p.domain <> $2
     on conflict (forest, domain, guid) do update set dn = excluded.dn, asked = 0, due_at = excluded.due_at`,
    [of.forest, of.domain, objects.map(({ guid }) => guid), objects.map(({ dn }) => dn)],
  )
}

/** Those whose time has come. */
export const nextReturned = (sql: Queryable, of: PartitionName, limit: number): Promise<ReturnedRow[]> =>
  sql.query<ReturnedRow>(
    `select guid, dn, asked from returned where forest = $1 and domain = $2 and due_at <= clock_timestamp()
     order by guid limit $3`,
    [of.forest, of.domain, limit],
  )

/** It was asked for: again later, or never more. One that was noted anew meanwhile stays as it is. */
export async function answerReturned(
  tx: Queryable,
  of: PartitionName,
  { guid, dn, asked }: ReturnedRow,
): Promise<void> {
  const row = [of.forest, of.domain, guid, dn, asked]
  const same = 'forest = $1 and domain = $2 and guid = $3::uuid and dn = $4 and asked = $5'
  const seconds = againAfterSeconds[asked]
  if (seconds === undefined) await tx.query(`delete from returned where ${same}`, row)
  else
    await tx.query(
      `update returned set asked = asked + 1, due_at = clock_timestamp() + make_interval(secs => $6::float8) where ${same}`,
      [...row, seconds],
    )
}

/** It is gone again. */
export async function dropReturned(tx: Queryable, of: PartitionName, guid: string): Promise<void> {
  await tx.query('delete from returned where forest = $1 and domain = $2 and guid = $3::uuid', [
    of.forest,
    of.domain,
    guid,
  ])
}

/** Whether the object is there; until the end of the transaction it cannot go unnoticed. */
export async function isThere(tx: Queryable, forest: string, guid: string): Promise<boolean> {
  const rows = await tx.query('select 1 from object where forest = $1 and guid = $2::uuid and not gone for share', [
    forest,
    guid,
  ])
  return rows.length > 0
}
