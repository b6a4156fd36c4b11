/** Work left for later: identities to resolve again, edges to derive again, counts to fold. */
import type { Queryable, Tx } from '@canopy/chassis'

export async function askRework(tx: Queryable, anchors: readonly string[]): Promise<void> {
  if (anchors.length > 0) await tx.query('insert into rework (anchor) select unnest($1::uuid[])', [anchors])
}

/** Resolved again once every object was evaluated under the newer version. */
export async function defer(tx: Queryable, anchors: readonly string[]): Promise<void> {
  if (anchors.length === 0) return
  await tx.query('insert into deferred (anchor) select unnest($1::uuid[]) on conflict do nothing', [anchors])
}

export async function askReworkOfDeferred(tx: Queryable): Promise<void> {
  await tx.query(
    'with d as (delete from deferred returning anchor) insert into rework (anchor) select anchor from d order by 1',
  )
}

/** Takes the oldest; rows another process took are passed over. */
export async function takeRework(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx.query<{ anchor: string }>(
    `delete from rework where seq in (select seq from rework order by seq limit $1 for update skip locked) returning anchor`,
    [limit],
  )
  return [...new Set(rows.map((row) => row.anchor))]
}

export async function askRederive(tx: Queryable, anchors: readonly string[]): Promise<void> {
  if (anchors.length > 0) await tx.query('insert into rederive (anchor) select unnest($1::uuid[])', [anchors])
}

export interface EdgeCursor {
  /** Source edges first (where they are of a group, in the order of their keys), then the desired edges there were. */
  readonly pass: 'source' | 'desired'
  readonly forest: string
  readonly group: string
  readonly member: string
}

export interface RederiveWork {
  readonly seq: bigint
  readonly anchor: string
  readonly cursor: EdgeCursor | undefined
}

export async function takeRederive(tx: Tx): Promise<RederiveWork | undefined> {
  const [row] = await tx.query<{ seq: bigint; anchor: string; cursor: Partial<EdgeCursor> }>(
    'select seq, anchor, cursor from rederive order by seq limit 1 for update skip locked',
  )
  if (!row) return undefined
  return { seq: row.seq, anchor: row.anchor, cursor: row.cursor.pass ? (row.cursor as EdgeCursor) : undefined }
}

export async function putRederive(tx: Tx, seq: bigint, cursor: EdgeCursor | undefined): Promise<void> {
  if (cursor) await tx.query('update rederive set cursor = $2 where seq = $1', [seq, JSON.stringify(cursor)])
  else await tx.query('delete from rederive where seq = $1', [seq])
}

export async function hasBacklog(tx: Queryable): Promise<boolean> {
  const [row] = await tx.query<{ busy: boolean }>(
    `select exists (select from rework) or exists (select from rederive) or exists (select from edge_news)
       or exists (select from rescope where not done) as busy`,
  )
  return row?.busy ?? false
}

export interface Tally {
  readonly users: number
  readonly groups: number
  readonly contacts: number
  readonly joined: number
  readonly edges: number
}

export async function addTally(tx: Queryable, by: Tally): Promise<void> {
  const { users, groups, contacts, joined, edges } = by
  if (users || groups || contacts || joined || edges) {
    await tx.query('insert into tally values ($1, $2, $3, $4, $5)', [users, groups, contacts, joined, edges])
  }
}

const sums = `coalesce(sum(users), 0)::bigint as users, coalesce(sum(groups), 0)::bigint as groups,
  coalesce(sum(contacts), 0)::bigint as contacts, coalesce(sum(joined), 0)::bigint as joined,
  coalesce(sum(edges), 0)::bigint as edges`

export async function tally(sql: Queryable): Promise<Tally> {
  const [row] = await sql.query<Record<keyof Tally, bigint>>(`select ${sums} from tally`)
  const number = (of: keyof Tally): number => Number(row?.[of] ?? 0n)
  return {
    users: number('users'),
    groups: number('groups'),
    contacts: number('contacts'),
    joined: number('joined'),
    edges: number('edges'),
  }
}

/** Many small rows become one. */
export async function foldTally(sql: Queryable): Promise<void> {
  await sql.query(
    `with old as (delete from tally where (select count(*) from tally) > 500 returning *)
     insert into tally select ${sums} from old having count(*) > 0`,
  )
}
