/** Reads the log: by object and time, and onwards from a position per chain. */
import type { Queryable, Sql } from '@canopy/chassis'
import { type audit, result } from '@canopy/proto'

/** Per chain, the last offset that was seen; -1: nothing. */
export type Positions = ReadonlyMap<number, bigint>

interface EntryRow extends Record<string, unknown> {
  readonly sequence: bigint
  readonly chain: number
  readonly topic_offset: bigint
  readonly body: Buffer
  readonly hash: Buffer
}

export interface Found {
  readonly entry: audit.AuditEntry
  readonly chain: number
  readonly offset: bigint
}

export type Question = Pick<audit.QueryRequest, 'object' | 'since' | 'after'> & { readonly limit: number }

const columns = 'sequence, chain, topic_offset, body, hash'
export const largestPage = 1_000

/** Ascending: the newest `limit`, or with `after` the first `limit` behind it. */
export async function queryEntries(sql: Queryable, question: Question): Promise<audit.AuditEntry[]> {
  const { where, params } = await conditions(sql, question)
  params.push(question.after)
  const after = `sequence > $${params.length}`
  params.push(Math.min(question.limit, largestPage))
  const order = question.after > 0n ? 'asc' : 'desc'
  const rows = await sql.query<EntryRow>(
    `select ${columns} from entry where ${[after, ...where].join(' and ')} order by sequence ${order} limit $${params.length}`,
    params,
  )
  const entries = rows.map((row) => entryOf(row).entry)
  return question.after > 0n ? entries : entries.reverse()
}

/** What is behind the positions, chain by chain in order: a chain's entries become visible in the order of their offsets. */
export async function entriesBehind(
  sql: Queryable,
  question: Pick<Question, 'object' | 'since'>,
  positions: Positions,
): Promise<Found[]> {
  const { where, params } = await conditions(sql, question)
  params.push([...positions.keys()], [...positions.values()])
  const rows = await sql.query<EntryRow>(
    `select entry.sequence, entry.chain, entry.topic_offset, entry.body, entry.hash
     from unnest($${params.length - 1}::int[], $${params.length}::bigint[]) as p(chain, seen)
     join entry on entry.chain = p.chain and entry.topic_offset > p.seen
     ${where.length > 0 ? `where ${where.join(' and ')}` : ''} order by entry.sequence limit 500`,
    params,
  )
  return rows.map(entryOf)
}

/** Where the chains end now, or where they were at sequence number `after`. */
export async function positionsAt(sql: Queryable, chains: number, after: bigint): Promise<Map<number, bigint>> {
  const rows =
    after > 0n
      ? await sql.query<{ chain: number; seen: bigint }>(
          'select chain, max(topic_offset) as seen from entry where sequence <= $1 group by chain',
          [after],
        )
      : await sql.query<{ chain: number; seen: bigint }>('select chain, next_offset - 1 as seen from head')
  const positions = new Map<number, bigint>()
  for (let chain = 0; chain < chains; chain++) positions.set(chain, -1n)
  for (const row of rows) positions.set(row.chain, row.seen)
  return positions
}

/** The newest entries, and the positions right behind them. */
export const startOfFollow = (
  sql: Sql,
  question: Question,
  chains: number,
): Promise<{ readonly entries: readonly audit.AuditEntry[]; readonly positions: Map<number, bigint> }> =>
  sql.tx(
    async (tx) => ({
      entries: question.after > 0n || question.limit === 0 ? [] : await queryEntries(tx, question),
      positions: await positionsAt(tx, chains, question.after),
    }),
    { isolation: 'repeatable read' },
  )

/** An anchor or cloud id is found by index, on either end of a membership; anything else is part of a name. */
async function conditions(
  sql: Queryable,
  question: Pick<Question, 'object' | 'since'>,
): Promise<{ where: string[]; params: (string | bigint | number | Date | readonly (bigint | number)[])[] }> {
  const where: string[] = []
  const params: (string | bigint | number | Date | readonly (bigint | number)[])[] = []
  if (question.since) {
    params.push(question.since)
    where.push(`at >= $${params.length}`)
  }
  if (question.object !== '') {
    const exact = '(anchor = $1 or cloud_id = $1 or other = $1)'
    const known = await sql.query(`select 1 from entry where ${exact} limit 1`, [question.object])
    if (known.length > 0) {
      params.push(question.object)
      where.push(exact.replaceAll('$1', `$${params.length}`))
    } else {
      params.push(`%${question.object.replace(/[\\%_]/g, '\\$&')}%`)
      where.push(`(display ilike $${params.length} or other_display ilike $${params.length})`)
    }
  }
  return { where, params }
}

const entryOf = (row: EntryRow): Found => ({
  chain: row.chain,
  offset: row.topic_offset,
  entry: {
    sequence: row.sequence,
    chain: row.chain,
    result: result.Result.decode(row.body),
    hash: row.hash.toString('hex'),
  },
})
