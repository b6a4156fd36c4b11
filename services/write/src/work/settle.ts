/** Rows whose last request is unsettled: read back before anything newer is planned. */
import { desired } from '@canopy/proto'
import type { ObjectRow, Ticket } from '../adapters/store/work.sql.ts'
import { backoffMs } from '../core/backoff.ts'
import { canonicalAttributes } from '../core/desire.ts'
import type { CloudAnswer, CloudRequest, Kind } from '../ports.ts'
import { recordSettled } from './objects.ts'
import type { RoundOutcome } from './outcome.ts'
import type { Target } from './target.ts'

export interface Unsettled {
  readonly row: ObjectRow
  readonly request: CloudRequest
  readonly ticket: Ticket
}

export function planSettle(row: ObjectRow): Unsettled {
  const object = desired.DesiredObject.decode(row.body)
  const kind = object.kind as Kind
  const request: CloudRequest =
    row.cloud_id && row.link_state === 'live'
      ? { op: 'read', kind, id: row.cloud_id }
      : {
          op: 'find',
          kind,
          anchor: row.anchor,
          sourceAnchor: object.sourceAnchor,
          attributes: canonicalAttributes(object).attributes,
        }
  const ticket = { anchor: row.anchor, other: undefined, action: request.op, changes: undefined, version: row.version }
  return { row, request, ticket: { ...ticket, cloudId: row.cloud_id ?? undefined } }
}

export function recordSettleAnswer(
  unsettled: Unsettled,
  answer: CloudAnswer,
  target: Target,
  outcome: RoundOutcome,
): void {
  const { row } = unsettled
  if (answer.ok) return recordSettled(row, answer.object, outcome)
  if (answer.failure.kind === 'missing') return recordSettled(row, undefined, outcome)
  const { failure } = answer
  if (failure.kind === 'throttled' || failure.kind === 'waiting')
    target.health.pause(failure, failure.retryAfterMs ?? 2_000)
  outcome.objects.push({
    anchor: row.anchor,
    version: row.version,
    state: 'verify',
    attempts: row.attempts + 1,
    delayMs: backoffMs({ ...failure, kind: 'transient' }, row.attempts + 1, Math.random),
    code: failure.code,
    reason: failure.message,
  })
}
