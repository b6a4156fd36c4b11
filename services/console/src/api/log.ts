/** GET log: the provisioning log, as a page or as it grows; GET log/verify: whether it was tampered with. */
import type { ServerResponse } from 'node:http'
import { call, fromServiceError } from '@canopy/chassis'
import { audit } from '@canopy/proto'
import { parseSince } from '../core/since.ts'
import { jsonText } from '../http/json.ts'
import { type SseMessage, sendEvents } from '../http/sse.ts'
import { type Asked, badRequest } from '../ports.ts'

const verifyDeadlineMs = 600_000

export async function log(asked: Asked, response: ServerResponse): Promise<void> {
  const question = questionOf(asked)
  if (asked.query.flag('follow')) return await sendEvents(response, entries(asked, question), asked.signal)
  const answer = await call(asked.channels.client('audit', audit.AuditClient), 'query', question)
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${jsonText(answer)}\n`)
}

export const verifyLog = ({ channels, signal }: Asked): Promise<audit.VerifyResponse> =>
  call(channels.client('audit', audit.AuditClient), 'verify', {}, { deadlineMs: verifyDeadlineMs, signal })

function questionOf({ query, now, lastEventId }: Asked): audit.QueryRequest {
  const since = query.text('since')
  const parsed = since === '' ? undefined : parseSince(since, now())
  if (since !== '' && parsed === undefined) {
    throw badRequest(`${since} is neither a time nor a duration`, '?since=', '2h, 30m, 7d, or 2026-11-22T09:00:00Z')
  }
  const after = lastEventId || query.text('after') || '0'
  if (!/^\d{1,18}$/.test(after)) throw badRequest(`${after} is not a sequence number`, '?after=')
  return { object: query.text('object'), since: parsed, limit: query.count('limit', 100, 1_000), after: BigInt(after) }
}

async function* entries({ channels, signal }: Asked, question: audit.QueryRequest): AsyncGenerator<SseMessage> {
  const stream = channels.client('audit', audit.AuditClient).follow(question)
  const cancel = (): void => stream.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for await (const entry of stream as AsyncIterable<audit.AuditEntry>) {
      yield { event: 'entry', id: entry.sequence.toString(), data: entry }
    }
  } catch (error) {
    if (!signal.aborted) throw fromServiceError(error as Parameters<typeof fromServiceError>[0], 'follow')
  } finally {
    signal.removeEventListener('abort', cancel)
    stream.cancel()
  }
}
