/** Memberships and managers: from due rows to requests, and from answers to what is recorded. */
import { result } from '@canopy/proto'
import type { EdgeOutcome } from '../adapters/store/record.sql.ts'
import type { EdgeRow, Ticket } from '../adapters/store/work.sql.ts'
import { backoffMs } from '../core/backoff.ts'
import type { CloudAnswer, CloudFailure, CloudRequest } from '../ports.ts'
import type { RoundOutcome } from './outcome.ts'
import type { Target } from './target.ts'

export interface PlannedEdges {
  readonly rows: readonly EdgeRow[]
  readonly request: CloudRequest
  readonly ticket: Ticket
}

type Outcome = Pick<EdgeOutcome, 'state'> & Partial<EdgeOutcome>

const outcomeOf = (row: EdgeRow, more: Outcome): EdgeOutcome => ({
  relation: row.relation,
  owner: row.owner,
  other: row.other,
  version: row.version,
  appliedOwner: row.applied_owner ?? undefined,
  appliedOther: row.applied_other ?? undefined,
  attempts: 0,
  delayMs: 0,
  ...more,
})

/**
 *   present | ends linked | applied for these ends | what
 *   --------+-------------+------------------------+---------------------------
 *   yes     | both        | yes                    | done
 *   yes     | both        | no                     | add
 *   yes     | not both    | –                      | waiting
 *   no      | both        | yes                    | remove
 *   no      | owner gone or never applied          | done
 *
 * One request per owner and round: one writer per group.
 */
export function planEdges(rows: readonly EdgeRow[], membersPerRequest: number, outcome: RoundOutcome): PlannedEdges[] {
  const planned: PlannedEdges[] = []
  const busy = new Set<string>()
  const adds = new Map<string, EdgeRow[]>()
  for (const row of rows) {
    const decided = decide(row)
    if (decided) outcome.edges.push(outcomeOf(row, decided))
    else if (row.relation === 'manager' || !row.present) {
      if (busy.has(row.owner) || adds.has(row.owner)) continue
      busy.add(row.owner)
      planned.push(single(row))
    } else if (!busy.has(row.owner)) {
      const open = adds.get(row.owner)
      // After a failure the request is halved until the one that fails stands alone.
      const room = Math.max(1, membersPerRequest >> (open?.[0] ?? row).attempts)
      if (!open) adds.set(row.owner, [row])
      else if (open.length < room && open[0]?.attempts === row.attempts) open.push(row)
    }
  }
  for (const open of adds.values()) planned.push(many(open))
  return planned
}

function decide(row: EdgeRow): Outcome | undefined {
  const applied = row.applied_owner !== null && row.applied_owner === row.owner_id && row.applied_other === row.other_id
  if (row.present) {
    if (!row.owner_id || !row.other_id) return { state: 'waiting' }
    return applied ? { state: 'done' } : undefined
  }
  const there = row.owner_id !== null && row.applied_owner === row.owner_id && row.other_id !== null
  return there ? undefined : { state: 'done', appliedOwner: undefined, appliedOther: undefined }
}

const ticketOf = (row: EdgeRow, action: string): Ticket => ({
  anchor: row.owner,
  other: row.other,
  action,
  cloudId: row.owner_id ?? undefined,
  changes: undefined,
  version: row.version,
})

function single(row: EdgeRow): PlannedEdges {
  const id = row.owner_id ?? ''
  const other = row.other_id ?? ''
  if (row.relation === 'manager') {
    return row.present
      ? { rows: [row], request: { op: 'setManager', id, manager: other }, ticket: ticketOf(row, 'setManager') }
      : { rows: [row], request: { op: 'clearManager', id }, ticket: ticketOf(row, 'clearManager') }
  }
  return { rows: [row], request: { op: 'removeMember', id, member: other }, ticket: ticketOf(row, 'removeMember') }
}

function many(rows: readonly EdgeRow[]): PlannedEdges {
  const first = rows[0] as EdgeRow
  return {
    rows,
    request: { op: 'addMembers', id: first.owner_id ?? '', members: rows.map((row) => row.other_id ?? '') },
    ticket: ticketOf(first, 'addMembers'),
  }
}

export function recordEdgesAnswer(
  planned: PlannedEdges,
  answer: CloudAnswer,
  target: Target,
  now: Date,
  outcome: RoundOutcome,
): void {
  for (const row of planned.rows) {
    if (!answer.ok && answer.failure.kind !== 'done') {
      recordEdgeFailure(planned, row, answer.failure, target, outcome)
      continue
    }
    outcome.edges.push(
      outcomeOf(row, {
        state: 'done',
        appliedOwner: row.present ? (row.owner_id ?? undefined) : undefined,
        appliedOther: row.present ? (row.other_id ?? undefined) : undefined,
      }),
    )
    if (row.relation === 'member') outcome.count(row.present ? 'membersAdded' : 'membersRemoved')
    publishEdge(row, target, now, outcome)
  }
}

function recordEdgeFailure(
  planned: PlannedEdges,
  row: EdgeRow,
  failure: CloudFailure,
  target: Target,
  outcome: RoundOutcome,
): void {
  const several = planned.rows.length > 1
  if (failure.kind === 'throttled' || failure.kind === 'waiting') {
    target.health.pause(failure, failure.retryAfterMs ?? 2_000)
    outcome.edges.push(outcomeOf(row, { state: 'due', attempts: row.attempts }))
    return
  }
  // Halving comes first: only a request that stands alone waits for its own pause.
  const attempts = row.attempts + 1
  const halves = several && failure.kind !== 'transient' && failure.kind !== 'unknown'
  const state = !halves && (failure.kind === 'refused' || failure.kind === 'exists') ? 'refused' : 'due'
  outcome.edges.push(
    outcomeOf(row, {
      state,
      attempts: several && !halves ? row.attempts : attempts,
      delayMs: halves ? 0 : backoffMs(failure, attempts, Math.random),
      code: failure.code,
      reason: failure.message,
    }),
  )
}

function publishEdge(row: EdgeRow, target: Target, now: Date, outcome: RoundOutcome): void {
  const member = row.relation === 'member'
  const action = member ? (row.present ? 'addMember' : 'removeMember') : row.present ? 'setManager' : 'clearManager'
  outcome.results.push({
    traceparent: undefined,
    result: result.Result.fromPartial({
      id: `${row.owner}/${row.other}/${row.version}/${action}/${now.getTime()}`,
      anchor: row.owner,
      target: target.name,
      kind: member ? 'group' : 'user',
      action,
      outcome: result.Outcome.DONE,
      cloudId: row.owner_id ?? '',
      display: row.owner_display ?? '',
      otherAnchor: row.other,
      otherDisplay: row.other_display ?? '',
      at: now,
      observedAt: row.observed_at ?? undefined,
      desiredVersion: row.version,
      steps: [{ stage: 'export', at: now, version: row.version, note: action }],
    }),
  })
}
