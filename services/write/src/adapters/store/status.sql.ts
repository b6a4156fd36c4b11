/** Reads for status, show and metrics. */
import type { Queryable } from '@canopy/chassis'
import { isHoldCode } from './held-objects.sql.ts'

export interface StateCounts {
  readonly objects: number
  readonly objectsEqual: number
  readonly edges: number
  readonly edgesEqual: number
  readonly held: number
  readonly waiting: number
  readonly failed: number
  readonly conflicts: number
  readonly backlog: Readonly<Record<string, number>>
  readonly oldestDifference: Date | undefined
}

const laneNames = ['leavers', 'creates', 'attributes', 'members'] as const
const working = new Set(['due', 'sending', 'verify', 'guarded'])

export async function stateCounts(sql: Queryable, kinds: readonly string[]): Promise<StateCounts> {
  const objects = await sql.query<{
    state: string
    lane: number
    later: boolean
    gone: boolean
    count: bigint
    oldest: Date | null
  }>(
    `select case when state = 'conflict' and ${isHoldCode} then 'held' else state end as state, lane,
       due_at > now() + interval '1 hour' as later, gone, count(*) as count, min(differs_since) as oldest
     from desired where kind = any($1) group by 1, 2, 3, 4`,
    [kinds],
  )
  const edges = kinds.includes('group')
    ? await sql.query<{ relation: string; state: string; present: boolean; count: bigint; oldest: Date | null }>(
        `select relation, state, present, count(*) as count, min(differs_since) as oldest from edge
         where relation = 'member' or state <> 'done' group by 1, 2, 3`,
      )
    : []
  const counts = { objects: 0, objectsEqual: 0, edges: 0, edgesEqual: 0, held: 0, waiting: 0, failed: 0, conflicts: 0 }
  const backlog: Record<string, number> = { leavers: 0, creates: 0, attributes: 0, members: 0 }
  let oldest: Date | undefined
  const older = (at: Date | null): void => {
    if (at && (!oldest || at < oldest)) oldest = at
  }
  for (const row of objects) {
    const count = Number(row.count)
    if (!row.gone) counts.objects += count
    if (row.state === 'done' && !row.gone) counts.objectsEqual += count
    if (row.state === 'held') counts.held += count
    if (row.state === 'conflict') counts.conflicts += count
    if (row.state === 'refused') counts.failed += count
    if (!working.has(row.state) || row.later) continue
    backlog[laneNames[row.lane] ?? 'attributes'] = (backlog[laneNames[row.lane] ?? 'attributes'] ?? 0) + count
    older(row.oldest)
  }
  for (const row of edges) {
    const count = Number(row.count)
    const membership = row.relation === 'member' && row.present
    if (membership) counts.edges += count
    if (membership && row.state === 'done') counts.edgesEqual += count
    if (row.state === 'held') counts.held += count
    if (row.state === 'waiting') counts.waiting += count
    if (row.state === 'refused') counts.failed += count
    if (!working.has(row.state)) continue
    backlog.members = (backlog.members ?? 0) + count
    older(row.oldest)
  }
  return { ...counts, backlog, oldestDifference: oldest }
}

export async function counters(sql: Queryable, target: string): Promise<Record<string, number>> {
  const rows = await sql.query<{ name: string; value: bigint }>('select name, value from counter where target = $1', [
    target,
  ])
  return Object.fromEntries(rows.map((row) => [row.name, Number(row.value)]))
}

export interface CloudRow extends Record<string, unknown> {
  readonly anchor: string
  readonly kind: string
  readonly state: string
  readonly code: string | null
  readonly reason: string | null
  readonly version: bigint
  readonly applied_version: bigint
  readonly cloud_id: string | null
  readonly applied: Record<string, string[]> | null
}

export async function cloudObject(sql: Queryable, anchor: string): Promise<CloudRow | undefined> {
  const rows = await sql.query<CloudRow>(
    `select d.anchor, d.kind, d.state, d.code, d.reason, d.version, d.applied_version, l.cloud_id, l.applied
     from desired d left join link l on l.anchor = d.anchor where d.anchor = $1`,
    [anchor],
  )
  return rows[0]
}

export const beforeImages = (sql: Queryable, anchor: string) =>
  sql.query<{ attribute: string; values: string[] }>(`select attribute, "values" from before_image where anchor = $1`, [
    anchor,
  ])

export const memberIds = (sql: Queryable, anchor: string) =>
  sql.query<{ other: string; applied_other: string | null; state: string; display: string | null }>(
    `select e.other, e.applied_other, e.state, l.display from edge e left join link l on l.anchor = e.other
     where e.owner = $1 and e.relation = 'member' and e.present order by l.display limit 1000`,
    [anchor],
  )

export const journalOf = (sql: Queryable, anchor: string) =>
  sql.query<{
    id: bigint
    action: string
    outcome: string | null
    code: string | null
    sent_at: Date
    other: string | null
  }>('select id, action, outcome, code, sent_at, other from journal where anchor = $1 order by id desc limit 20', [
    anchor,
  ])
