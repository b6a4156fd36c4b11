/** The due table: which objects are to be evaluated again, and when. */
import type { Queryable, Tx } from '@canopy/chassis'
import type { contribution } from '@canopy/proto'

export interface Due extends Record<string, unknown> {
  readonly forest: string
  readonly guid: string
  readonly at: Date
}

/** Of published contributions: the newest of an object alone says when it changes. */
export async function putDue(tx: Tx, published: readonly contribution.Contribution[]): Promise<void> {
  if (published.length === 0) return
  const sorted = published.toSorted((a, b) => (`${a.forest}/${a.guid}` < `${b.forest}/${b.guid}` ? -1 : 1))
  const later = sorted.filter((one) => one.changesAt !== undefined)
  const never = sorted.filter((one) => one.changesAt === undefined)
  if (never.length > 0) {
    await tx.query(
      'delete from due using unnest($1::text[], $2::uuid[]) as b(forest, guid) where due.forest = b.forest and due.guid = b.guid',
      [never.map((one) => one.forest), never.map((one) => one.guid)],
    )
  }
  if (later.length > 0) {
    await tx.query(
      `insert into due (forest, guid, at) select * from unnest($1::text[], $2::uuid[], $3::timestamptz[])
       on conflict (forest, guid) do update set at = excluded.at`,
      [later.map((one) => one.forest), later.map((one) => one.guid), later.map((one) => one.changesAt)],
    )
  }
}

/** The oldest first. */
export const dueNow = (sql: Queryable, now: Date, limit: number): Promise<Due[]> =>
  sql.query<Due>('select forest, guid, at from due where at <= $1 order by at limit $2', [now, limit])

/** What was evaluated; a row that was put anew since stays. */
export async function doneDue(sql: Queryable, done: readonly Due[]): Promise<void> {
  await sql.query(
    `delete from due using unnest($1::text[], $2::uuid[], $3::timestamptz[]) as b(forest, guid, at)
     where due.forest = b.forest and due.guid = b.guid and due.at = b.at`,
    [done.map((one) => one.forest), done.map((one) => one.guid), done.map((one) => one.at)],
  )
}
