/** Statements over readings beside the stream: places to be read again, and objects to be read whole. */
import type { Queryable } from '@canopy/chassis'

export interface PartitionName {
  readonly forest: string
  readonly domain: string
}

export interface ReadingRow extends Record<string, unknown> {
  id: string
  base: string
  mark: bigint
  entries: number
  asked_at: Date
  trouble: string
}

/** The same place is asked for once. */
export async function addReading(sql: Queryable, of: PartitionName, base: string): Promise<void> {
  await sql.query(
    `insert into reading (id, forest, domain, base) select gen_random_uuid(), $1, $2, $3
     where not exists (select 1 from reading where forest = $1 and domain = $2 and base = $3)`,
    [of.forest, of.domain, base],
  )
}

export async function firstReading(sql: Queryable, of: PartitionName): Promise<ReadingRow | undefined> {
  const [row] = await sql.query<ReadingRow>(
    'select id, base, mark, entries, asked_at, trouble from reading where forest = $1 and domain = $2 order by asked_at limit 1',
    [of.forest, of.domain],
  )
  return row
}

export const listReadings = (sql: Queryable): Promise<(ReadingRow & PartitionName)[]> =>
  sql.query<ReadingRow & PartitionName>(
    'select forest, domain, id, base, mark, entries, asked_at, trouble from reading order by forest, domain, asked_at',
  )

export async function noteTrouble(sql: Queryable, id: string, trouble: string): Promise<void> {
  await sql.query('update reading set trouble = $2 where id = $1::uuid', [id, trouble])
}

/** Blind partitions of these sessions whose last enumeration is older than `everyMs` get a reading of all of it. */
export async function scheduleBlind(
  sql: Queryable,
  sessions: readonly string[],
  everyMs: number,
): Promise<PartitionName[]> {
  if (sessions.length === 0) return []
  return sql.query<{ forest: string; domain: string }>(
    `insert into reading (id, forest, domain, base)
     select gen_random_uuid(), p.forest, p.domain, '' from partition p
     where p.session = any($1::text[]) and not p.sees_deletions and p.complete and p.caught_up
       and p.enumerated_at < clock_timestamp() - make_interval(secs => $2::float8 / 1000)
       and not exists (select 1 from reading r where r.forest = p.forest and r.domain = p.domain and r.base = '')
     returning forest, domain`,
    [sessions, everyMs],
  )
}

/** Which of these the stream touched since the mark: of them it knows better. */
export async function touchedSince(
  tx: Queryable,
  forest: string,
  guids: readonly string[],
  mark: bigint,
): Promise<Set<string>> {
  if (guids.length === 0) return new Set()
  const rows = await tx.query<{ guid: string }>(
    'select guid from object where forest = $1 and guid = any($2::uuid[]) and seen >= $3',
    [forest, guids, mark],
  )
  return new Set(rows.map((row) => row.guid))
}

/** The container and everything below it. */
export async function guidsBelow(tx: Queryable, forest: string, guid: string): Promise<string[]> {
  const rows = await tx.query<{ guid: string }>(
    `with recursive below as (
       select guid from object where forest = $1 and guid = $2::uuid and not gone
       union
       select o.guid from below join object o on o.forest = $1 and o.parent = below.guid and not o.gone
     ) select guid from below`,
    [forest, guid],
  )
  return rows.map((row) => row.guid)
}

/** Notes what a reading did not see, to be asked for one by one; held: not before a person says so. */
export async function noteAbsent(
  tx: Queryable,
  of: PartitionName & { readonly mark: bigint; readonly guids: readonly string[] | undefined; readonly held: boolean },
): Promise<void> {
  await tx.query(
    `insert into reread as r (forest, domain, guid, absent, held)
     select forest, domain, guid, true, $5 from object
     where forest = $1 and domain = $2 and not gone and seen < $3 and ($4::uuid[] is null or guid = any($4::uuid[]))
     on conflict (forest, domain, guid) do update set absent = true, held = excluded.held`,
    [of.forest, of.domain, of.mark, of.guids ?? null, of.held],
  )
}

export interface RereadRow extends Record<string, unknown> {
  guid: string
  absent: boolean
}

export const nextRereads = (sql: Queryable, of: PartitionName, after: string, limit: number): Promise<RereadRow[]> =>
  sql.query<RereadRow>(
    `select guid, absent from reread where forest = $1 and domain = $2 and not held
       and guid > coalesce(nullif($3, ''), '00000000-0000-0000-0000-000000000000')::uuid order by guid limit $4`,
    [of.forest, of.domain, after, limit],
  )

export async function dropReread(tx: Queryable, of: PartitionName, guid: string): Promise<void> {
  await tx.query('delete from reread where forest = $1 and domain = $2 and guid = $3::uuid', [
    of.forest,
    of.domain,
    guid,
  ])
}

/** Lets what was held be asked for; returns how many. */
export async function releaseHeld(tx: Queryable, of: PartitionName): Promise<number> {
  const rows = await tx.query('update reread set held = false where forest = $1 and domain = $2 and held returning 1', [
    of.forest,
    of.domain,
  ])
  return rows.length
}

/** Partitions of which something is to be read beside the stream. */
export async function partitionsWithNotes(sql: Queryable): Promise<Set<string>> {
  const rows = await sql.query<{ key: string }>(
    `select forest || '/' || domain as key from reread where not held
     union select forest || '/' || domain from reading
     union select forest || '/' || domain from returned where due_at <= clock_timestamp()`,
  )
  return new Set(rows.map((row) => row.key))
}

export async function addReread(sql: Queryable, of: PartitionName, guid: string): Promise<void> {
  await sql.query('insert into reread (forest, domain, guid) values ($1, $2, $3::uuid) on conflict do nothing', [
    of.forest,
    of.domain,
    guid,
  ])
}
