/** One round of work: pick and journal in one transaction, send, record in another. */
import { type RunningStage, type Sql, startSpan, type Tx } from '@canopy/chassis'
import { readingLinks, wakeEdges } from '../adapters/store/link-lock.sql.ts'
import { recordEdges, recordObjects } from '../adapters/store/record.sql.ts'
import {
  markEdgesSending,
  markObjectsSending,
  openTickets,
  pickEdges,
  pickObjects,
  pickUnsettled,
  type Ticket,
} from '../adapters/store/work.sql.ts'
import type { CloudAnswer, CloudRequest } from '../ports.ts'
import { type PlannedEdges, planEdges, recordEdgesAnswer } from './edges.ts'
import { type PlannedObject, planObject, recordObject } from './objects.ts'
import { RoundOutcome } from './outcome.ts'
import { planSettle, recordSettleAnswer, type Unsettled } from './settle.ts'
import type { Target } from './target.ts'

/** Longest a request may take, and how much later its ticket ends. */
const timeoutMs = 10_000
const ticketMs = 12_000

export interface RoundContext {
  readonly sql: Sql
  readonly stage: Pick<RunningStage, 'publish'>
  readonly target: Target
  readonly shards: readonly number[]
  readonly lanes: readonly number[]
  /** Memberships too; the leavers' slot does objects only. */
  readonly everything: boolean
  /** Rows whose last request is unsettled too. */
  readonly settle: boolean
  readonly limit: number
  readonly busyOwners: Set<string>
  readonly now: () => Date
  readonly applied: (action: string, observedAt: Date | undefined) => void
}

interface Sending {
  readonly requests: readonly CloudRequest[]
  readonly ticket: Ticket
  /** Of the change this comes of. */
  readonly traceparent?: string
  readonly answered: (answer: CloudAnswer, now: Date, outcome: RoundOutcome) => void
}

/** Answers how many rows it took; 0: nothing is due. */
export async function round(context: RoundContext): Promise<number> {
  const startedMs = performance.now()
  const owners: string[] = []
  try {
    const picked = await context.sql.tx((tx) => pick(tx, context, owners))
    if (picked.sendings.length === 0) return picked.rows
    const outcome = new RoundOutcome()
    const answers = await sendAll(context.target, picked.sendings, startedMs)
    const now = context.now()
    picked.sendings.forEach((sending, i) => {
      const answer = answers[i] as CloudAnswer
      sending.answered(answer, now, outcome)
      outcome.tickets.push({
        id: picked.tickets[i] as bigint,
        outcome: answer.ok ? 'done' : answer.failure.kind,
        code: answer.ok ? undefined : answer.failure.code,
        cloudId: answer.ok ? answer.id : undefined,
      })
    })
    await context.stage.publish((tx, out) => outcome.record(tx, out, context.target.name))
    await wakeEdges(context.sql, outcome.fresh)
    for (const { result } of outcome.results) context.applied(result.action, result.observedAt)
    return picked.rows
  } finally {
    for (const owner of owners) context.busyOwners.delete(owner)
  }
}

interface Picked {
  readonly rows: number
  readonly sendings: readonly Sending[]
  readonly tickets: readonly bigint[]
}

async function pick(tx: Tx, context: RoundContext, owners: string[]): Promise<Picked> {
  const { target, shards, lanes, limit } = context
  const { kinds, membersPerRequest } = target.directory.capabilities
  if (context.everything) await readingLinks(tx)
  const outcome = new RoundOutcome()
  const now = context.now()
  const unsettled = context.settle ? (await pickUnsettled(tx, { shards, kinds, limit })).map(planSettle) : []
  const rows =
    unsettled.length < limit ? await pickObjects(tx, { shards, kinds, lanes, limit: limit - unsettled.length }) : []
  const objects = rows.map((row) => planObject(row, target, now, outcome)).filter((planned) => planned !== undefined)
  const sent = [...unsettled, ...objects].map(({ row }) => row.anchor)
  if (sent.length > 0) await markObjectsSending(tx, sent)
  const left = limit - unsettled.length - rows.length
  const edges =
    context.everything && kinds.includes('group') && left > 0
      ? await takeEdges(tx, context, owners, left, membersPerRequest, outcome)
      : { taken: 0, planned: [] }
  if (outcome.objects.length > 0) await recordObjects(tx, outcome.objects)
  if (outcome.edges.length > 0) await recordEdges(tx, outcome.edges)
  const sendings = [
    ...unsettled.map((row) => settleSending(row, target)),
    ...objects.map((planned) => objectSending(planned, target)),
    ...edges.planned.map((planned) => edgeSending(planned, target)),
  ]
  const tickets =
    sendings.length > 0
      ? await openTickets(
          tx,
          sendings.map((sending) => sending.ticket),
          ticketMs,
        )
      : []
  return { rows: unsettled.length + rows.length + edges.taken, sendings, tickets }
}

/** Memberships first, as many as the requests that are left can carry, then managers, one a request. */
async function takeEdges(
  tx: Tx,
  context: RoundContext,
  owners: string[],
  left: number,
  membersPerRequest: number,
  outcome: RoundOutcome,
): Promise<{ taken: number; planned: PlannedEdges[] }> {
  const { shards } = context
  const take = async (relation: 'member' | 'manager', limit: number, requests: number): Promise<PlannedEdges[]> => {
    const rows = await pickEdges(tx, { relation, shards, busy: [...context.busyOwners], limit })
    return planEdges(rows, membersPerRequest, outcome).slice(0, requests)
  }
  const planned = await take('member', Math.min(2_000, left * membersPerRequest), left)
  const room = left - planned.length
  if (room > 0) planned.push(...(await take('manager', room, room)))
  const sending = planned.flatMap((edges) => edges.rows)
  for (const row of sending) {
    if (context.busyOwners.has(row.owner)) continue
    context.busyOwners.add(row.owner)
    owners.push(row.owner)
  }
  if (sending.length > 0) await markEdgesSending(tx, sending)
  return { taken: sending.length + outcome.edges.length, planned }
}

const settleSending = (unsettled: Unsettled, target: Target): Sending => ({
  requests: [unsettled.request],
  ticket: unsettled.ticket,
  answered: (answer, _now, outcome) => recordSettleAnswer(unsettled, answer, target, outcome),
})

const objectSending = (planned: PlannedObject, target: Target): Sending => ({
  requests: planned.requests,
  ticket: planned.ticket,
  ...(planned.row.traceparent ? { traceparent: planned.row.traceparent } : {}),
  answered: (answer, now, outcome) => recordObject(planned, answer, target, now, outcome),
})

const edgeSending = (planned: PlannedEdges, target: Target): Sending => ({
  requests: [planned.request],
  ticket: planned.ticket,
  answered: (answer, now, outcome) => recordEdgesAnswer(planned, answer, target, now, outcome),
})

const tooLate: CloudAnswer = {
  ok: false,
  failure: { kind: 'transient', code: 'CANOPY-WRITE-0001', message: 'not sent: its ticket would end first' },
}

/** Beyond this many a round is a load, and nobody follows one change through it. */
const maxSpans = 50

type OpenSpan = NonNullable<ReturnType<typeof startSpan>>

/** The last step of a change's trace: its request to the cloud. */
function openSpans(target: Target, sendings: readonly Sending[], chosen: ReadonlySet<number>): Map<number, OpenSpan> {
  const spans = new Map<number, OpenSpan>()
  if (sendings.length > maxSpans) return spans
  for (const i of chosen) {
    const sending = sendings[i]
    if (!sending?.traceparent) continue
    const attributes = { 'canopy.target': target.name }
    const span = startSpan(`cloud ${sending.ticket.action}`, {
      kind: 'client',
      parent: sending.traceparent,
      attributes,
    })
    if (span) spans.set(i, span)
  }
  return spans
}

function closeSpan(span: OpenSpan | undefined, answer: CloudAnswer | undefined): void {
  if (!span?.isRecording()) return
  if (answer && !answer.ok) span.setAttribute('canopy.code', answer.failure.code)
  span.end()
}

/** Nothing is sent whose time-out could end after its ticket. */
async function sendAll(target: Target, sendings: readonly Sending[], startedMs: number): Promise<CloudAnswer[]> {
  const { directory } = target
  const flat = sendings.flatMap((sending, i) => sending.requests.map((request) => ({ request, i })))
  const answers: (CloudAnswer | undefined)[] = sendings.map(() => undefined)
  const size = directory.capabilities.batch
  const chunks: (typeof flat)[] = []
  for (let at = 0; at < flat.length; at += size) chunks.push(flat.slice(at, at + size))
  let next = 0
  const lane = async (): Promise<void> => {
    for (let chunk = chunks[next++]; chunk; chunk = chunks[next++]) {
      const inTime = performance.now() + timeoutMs < startedMs + ticketMs
      const spans = openSpans(target, sendings, new Set(chunk.map((part) => part.i)))
      const said = inTime
        ? await directory.send(
            chunk.map((part) => part.request),
            timeoutMs,
          )
        : chunk.map(() => tooLate)
      chunk.forEach((part, n) => {
        const answer = said[n] as CloudAnswer
        closeSpan(spans.get(part.i), answer)
        const known = answers[part.i]
        // Of several requests for one row the first failure counts, else the first answer.
        if (known === undefined || (known.ok && !answer.ok)) answers[part.i] = answer
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(directory.capabilities.concurrency, chunks.length) }, lane))
  const good = answers.find((answer) => answer?.ok)
  if (good) target.health.answered()
  return answers as CloudAnswer[]
}
