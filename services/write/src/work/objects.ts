/** Objects: from due rows to requests, and from answers to what is recorded. */
import { type Action, type AttributeChange, type CloudPresence, modes, plan } from '@canopy/domain'
import { desired, result } from '@canopy/proto'
import type { ObjectOutcome } from '../adapters/store/record.sql.ts'
import type { ObjectRow, Ticket } from '../adapters/store/work.sql.ts'
import { writtenAttribute } from '../core/attributes.ts'
import { backoffMs } from '../core/backoff.ts'
import { notCreated, plannedDesire, refusedEmpty, type WriteHold } from '../core/desire.ts'
import type { CloudAnswer, CloudFailure, CloudObject, CloudRequest, Kind, Values } from '../ports.ts'
import type { RoundOutcome } from './outcome.ts'
import type { Target } from './target.ts'

type Doing = Exclude<Action, { kind: 'nothing' }>

export interface PlannedObject {
  readonly row: ObjectRow
  readonly object: desired.DesiredObject
  readonly action: Doing
  /** A disable revokes the sessions as well; it is done when both are. */
  readonly requests: readonly CloudRequest[]
  readonly ticket: Ticket
}

const presence = (row: ObjectRow): CloudPresence => {
  if (!row.cloud_id || !row.link_state) return { state: 'none' }
  return { state: row.link_state === 'live' ? 'live' : 'deleted', applied: row.applied ?? {} }
}

const valuesOf = (changes: readonly AttributeChange[]): Record<string, Values> =>
  Object.fromEntries(changes.map((change) => [change.attribute, change.after]))

export const displayOf = (object: desired.DesiredObject): string =>
  object.attributes.displayName?.values[0] ?? object.anchor

/** Plans one row; a row with nothing to do is recorded at once. */
export function planObject(
  row: ObjectRow,
  target: Target,
  now: Date,
  outcome: RoundOutcome,
): PlannedObject | undefined {
  const object = desired.DesiredObject.decode(row.body)
  if (row.cloud_id?.startsWith(lost)) {
    if (object.gone)
      outcome.objects.push({ anchor: row.anchor, version: row.version, state: 'done', attempts: 0, delayMs: 0 })
    else outcome.objects.push(deletedInCloud(row))
    return undefined
  }
  const there = presence(row)
  const { desire, hold } = plannedDesire(object, now, there.state === 'live')
  const action = modes[target.mode](plan(desire, there))
  if (action.kind === 'nothing') {
    recordNothing({ row, object, why: action.why, hold, now, outcome })
    return undefined
  }
  const requests = requestsOf(row, object, action)
  const changes = action.kind === 'delete' ? undefined : action.changes
  const ticket: Ticket = {
    anchor: row.anchor,
    other: undefined,
    action: action.kind,
    cloudId: row.cloud_id ?? undefined,
    changes,
    version: row.version,
  }
  return { row, object, action, requests, ticket }
}

function recordNothing(of: {
  readonly row: ObjectRow
  readonly object: desired.DesiredObject
  readonly why: string
  readonly hold: WriteHold | undefined
  readonly now: Date
  readonly outcome: RoundOutcome
}): void {
  const { row, object, why, hold, now, outcome } = of
  const waitsMs = row.link_state === 'live' ? (untilDelete(object, now) ?? 0) : 0
  const isCase = why === 'held' && hold?.code !== notCreated
  outcome.objects.push({
    anchor: row.anchor,
    version: row.version,
    state: waitsMs > 0 ? 'due' : isCase ? 'conflict' : 'done',
    ...(why === 'held' ? hold : why === 'equal' ? refusedEmpty(object, row.applied ?? {}) : undefined),
    attempts: 0,
    delayMs: waitsMs,
  })
}

/** Milliseconds until what left scope is deleted; the row is due again then, whatever process is there. */
const untilDelete = (object: desired.DesiredObject, now: Date): number | undefined =>
  object.leftScope && !object.gone && object.onLeave !== 'keep' && object.deleteAt
    ? Math.max(0, object.deleteAt.getTime() - now.getTime())
    : undefined

function requestsOf(row: ObjectRow, object: desired.DesiredObject, action: Doing): CloudRequest[] {
  const kind = object.kind as Kind
  const id = row.cloud_id ?? ''
  switch (action.kind) {
    case 'create':
      return [
        {
          op: 'create',
          kind,
          anchor: row.anchor,
          sourceAnchor: object.sourceAnchor,
          attributes: valuesOf(action.changes),
        },
      ]
    case 'restore':
      return [{ op: 'restore', kind, id }]
    case 'delete':
      return [{ op: 'delete', kind, id }]
    case 'update':
      return [{ op: 'update', kind, id, attributes: valuesOf(action.changes) }]
    case 'disable':
      return [
        { op: 'update', kind, id, attributes: valuesOf(action.changes) },
        { op: 'revokeSessions', kind: 'user', id },
      ]
  }
}

const nothingLater: ReadonlySet<string> = new Set()

/** What the target refuses in a creation: the object stays due, and the next plan finds these missing. */
function afterCreate(kind: Kind, changes: readonly AttributeChange[]): ReadonlySet<string> {
  const late = changes.filter(
    ({ attribute, after }) => after.length > 0 && writtenAttribute(kind, attribute)?.afterCreate,
  )
  return late.length > 0 ? new Set(late.map(({ attribute }) => attribute)) : nothingLater
}

/** The second half of a creation is no update. */
const isCompletion = (row: ObjectRow, action: Doing): boolean =>
  action.kind === 'update' &&
  action.changes.every(
    ({ attribute }) =>
      row.applied?.[attribute] === undefined && writtenAttribute(row.kind as Kind, attribute)?.afterCreate,
  )

const counters: Readonly<Record<string, string>> = {
  create: 'created',
  restore: 'updated',
  update: 'updated',
  disable: 'disabled',
  delete: 'deleted',
}

/** Records one answer. */
export function recordObject(
  planned: PlannedObject,
  answer: CloudAnswer,
  target: Target,
  now: Date,
  outcome: RoundOutcome,
): void {
  const { row, object, action } = planned
  if (!answer.ok) return recordFailure(planned, answer.failure, target, now, outcome)
  // An idempotent create that found its object answers without an id: it is looked up before anything else.
  if (action.kind === 'create' && !answer.id) return settleLater(planned, 0, outcome)
  const id = answer.id ?? row.cloud_id ?? ''
  const applied = { ...(action.kind === 'create' ? {} : (row.applied ?? {})) }
  const later = action.kind === 'create' ? afterCreate(row.kind as Kind, action.changes) : nothingLater
  if (action.kind !== 'delete' && action.kind !== 'restore') {
    for (const change of action.changes) if (!later.has(change.attribute)) applied[change.attribute] = [...change.after]
  }
  outcome.links.push({
    anchor: row.anchor,
    kind: row.kind,
    cloudId: id,
    origin: row.origin === 'adopted' ? 'adopted' : 'created',
    state: action.kind === 'delete' ? 'deleted' : 'live',
    display: displayOf(object),
    applied,
  })
  if (action.kind === 'create' || action.kind === 'restore') outcome.fresh.push(row.anchor)
  if (row.origin === 'adopted' && action.kind !== 'delete' && action.kind !== 'restore') {
    for (const change of action.changes) {
      outcome.beforeImages.push({ anchor: row.anchor, attribute: change.attribute, values: change.before })
    }
  }
  // What a restore brought back is unknown: it is read before the delta is planned.
  const waitsMs = action.kind === 'delete' ? undefined : untilDelete(object, now)
  const state = action.kind === 'restore' ? 'verify' : later.size > 0 || waitsMs !== undefined ? 'due' : 'done'
  const delayMs = later.size > 0 ? 0 : (waitsMs ?? 0)
  const remark = state === 'done' && action.kind !== 'delete' ? refusedEmpty(object, applied) : undefined
  outcome.objects.push({ anchor: row.anchor, version: row.version, state, ...remark, attempts: 0, delayMs })
  if (!isCompletion(row, action)) outcome.count(counters[action.kind] ?? 'updated')
  if (action.kind === 'delete') outcome.guarded.delete = (outcome.guarded.delete ?? 0) + 1
  publish(planned, result.Outcome.DONE, now, target, outcome, id)
}

function recordFailure(
  planned: PlannedObject,
  failure: CloudFailure,
  target: Target,
  now: Date,
  outcome: RoundOutcome,
): void {
  const { row, action } = planned
  const attempts = row.attempts + 1
  const delayMs = backoffMs(failure, attempts, Math.random)
  const base = {
    anchor: row.anchor,
    version: row.version,
    attempts,
    delayMs,
    code: failure.code,
    reason: failure.message,
  }
  switch (failure.kind) {
    case 'unknown':
      return settleLater(planned, delayMs, outcome)
    case 'exists':
      if (action.kind === 'create' && row.attempts === 0) return settleLater(planned, 0, outcome)
      outcome.objects.push({ ...base, state: 'conflict', code: 'exists', reason: conflictText(failure) })
      return publish(planned, result.Outcome.REFUSED, now, target, outcome, '', failure)
    case 'refused':
      outcome.objects.push({ ...base, state: 'refused' })
      return publish(planned, result.Outcome.REFUSED, now, target, outcome, '', failure)
    case 'missing':
    case 'done':
      return recordMissing(planned, now, target, outcome)
    case 'throttled':
      target.health.pause(failure, failure.retryAfterMs ?? 5_000)
      outcome.objects.push({ ...base, state: 'due', attempts: row.attempts, delayMs: 0 })
      return
    case 'waiting':
      target.health.pause(failure, 2_000)
      outcome.objects.push({ ...base, state: 'due', attempts: row.attempts, delayMs: 0 })
      return
    case 'transient':
    case 'notYet':
      if (failure.kind === 'transient') target.health.pause(failure, Math.min(delayMs, 5_000))
      outcome.objects.push({ ...base, state: 'due' })
      if (attempts === 3) publish(planned, result.Outcome.FAILED, now, target, outcome, '', failure)
  }
}

const conflictText = (failure: CloudFailure): string =>
  `a cloud object that Canopy did not create holds the same ${failure.attribute ?? 'unique value'}`

/** The row is read back before anything newer is planned for it. */
function settleLater(planned: PlannedObject, delayMs: number, outcome: RoundOutcome): void {
  const { row } = planned
  outcome.objects.push({
    anchor: row.anchor,
    version: row.version,
    state: 'verify',
    attempts: row.attempts + 1,
    delayMs,
  })
}

/** Prefix of the cloud id of an object that somebody else deleted: a case for a person, whatever the source says. */
const lost = 'lost:'

const deletedInCloud = (row: ObjectRow): ObjectOutcome => ({
  anchor: row.anchor,
  version: row.version,
  state: 'conflict',
  code: 'deletedInCloud',
  reason: 'the cloud object was deleted by somebody else; it is not created again by itself',
  attempts: 0,
  delayMs: 0,
})

/** The object is not there: its link ends, and the next plan starts from nothing. */
function recordMissing(planned: PlannedObject, now: Date, target: Target, outcome: RoundOutcome): void {
  const { row, action, object } = planned
  if (row.cloud_id) {
    outcome.links.push({
      anchor: row.anchor,
      kind: row.kind,
      cloudId: action.kind === 'delete' ? row.cloud_id : `${lost}${row.cloud_id}`,
      origin: 'created',
      state: 'deleted',
      display: displayOf(object),
      applied: {},
    })
  }
  if (action.kind === 'delete') {
    outcome.objects.push({ anchor: row.anchor, version: row.version, state: 'done', attempts: 0, delayMs: 0 })
    return
  }
  outcome.objects.push(deletedInCloud(row))
  publish(planned, result.Outcome.HELD, now, target, outcome, row.cloud_id ?? '')
}

/** Answers of find and read: adopt, settle, or plan anew. */
export function recordSettled(row: ObjectRow, found: CloudObject | undefined, outcome: RoundOutcome): void {
  const object = desired.DesiredObject.decode(row.body)
  const due = { anchor: row.anchor, version: row.version, state: 'due', attempts: row.attempts, delayMs: 0 } as const
  if (!found) {
    if (row.cloud_id) {
      const link = {
        anchor: row.anchor,
        kind: row.kind,
        cloudId: row.cloud_id,
        origin: 'created',
        display: displayOf(object),
      } as const
      outcome.links.push({ ...link, state: 'deleted', applied: row.applied ?? {} })
    }
    outcome.objects.push(due)
    return
  }
  if (found.foreignMaster) {
    outcome.objects.push({
      ...due,
      state: 'refused',
      code: 'foreignMaster',
      reason: 'another sync engine masters this object',
      delayMs: 900_000,
    })
    return
  }
  const origin = row.cloud_id
    ? row.origin === 'adopted'
      ? 'adopted'
      : 'created'
    : row.maybe_ours
      ? 'created'
      : 'adopted'
  const applied: Record<string, Values> = { ...(row.applied ?? {}) }
  for (const name of Object.keys(object.attributes)) if (found.attributes[name]) applied[name] = found.attributes[name]
  outcome.links.push({
    anchor: row.anchor,
    kind: row.kind,
    cloudId: found.id,
    origin,
    state: 'live',
    display: displayOf(object),
    applied,
  })
  if (!row.cloud_id) {
    outcome.count(origin)
    for (const [attribute, values] of Object.entries(applied))
      outcome.beforeImages.push({ anchor: row.anchor, attribute, values })
  }
  outcome.fresh.push(row.anchor)
  outcome.objects.push({ ...due, attempts: 0 })
}

export function publish(
  planned: PlannedObject,
  said: result.Outcome,
  now: Date,
  target: Target,
  outcome: RoundOutcome,
  cloudId: string,
  failure?: CloudFailure,
): void {
  const { row, object, action } = planned
  const changes = action.kind === 'delete' ? [] : action.changes
  outcome.results.push({
    traceparent: row.traceparent ?? undefined,
    result: result.Result.fromPartial({
      id: `${row.anchor}/${row.version}/${action.kind}/${now.getTime()}`,
      anchor: row.anchor,
      target: target.name,
      kind: object.kind,
      action: action.kind,
      outcome: said,
      cloudId,
      display: displayOf(object),
      changes: changes.map((change) => ({
        attribute: change.attribute,
        oldValues: [...change.before],
        newValues: [...change.after],
        provenance: object.attributes[change.attribute]?.provenance,
      })),
      code: failure?.code ?? '',
      message: failure?.message ?? '',
      at: now,
      observedAt: row.observed_at ?? undefined,
      desiredVersion: row.version,
      steps: [...object.steps, { stage: 'export', at: now, version: row.version, note: action.kind }],
      traceId: row.traceparent?.split('-')[1] ?? '',
    }),
  })
}
