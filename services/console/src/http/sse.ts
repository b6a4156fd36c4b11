/** Server-sent events: a stream of messages to one client. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { failureAnswer } from './failure-answer.ts'
import { jsonText } from './json.ts'

const beatMs = 15_000

export interface SseMessage {
  readonly event: string
  readonly id: string
  readonly data: unknown
}

/** Sends until the source ends or the client is gone; a failure is the last message. */
export async function sendEvents(
  response: ServerResponse,
  messages: AsyncIterable<SseMessage>,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()
  const beat = setInterval(() => response.write(': alive\n\n'), beatMs)
  try {
    for await (const { event, id, data } of messages) {
      if (signal.aborted) break
      if (!response.write(`event: ${event}\nid: ${id}\ndata: ${jsonText(data)}\n\n`)) {
        await once(response, 'drain', { signal }).catch(() => undefined)
      }
    }
  } catch (error) {
    if (!signal.aborted) response.write(`event: failure\ndata: ${jsonText(failureAnswer(error).body)}\n\n`)
  } finally {
    clearInterval(beat)
    response.end()
  }
}
