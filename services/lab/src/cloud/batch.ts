/** JSON batching: up to 20 requests in one, each answered by itself, ordered only where one depends on another. */
import { badRequest } from './failure.ts'
import { bodyObject } from './request.ts'

export interface BatchItem {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly dependsOn: readonly string[]
}

export interface BatchItemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const methods = new Set(['GET', 'POST', 'PATCH', 'PUT', 'DELETE'])
const limit = 20

function foldHeaders(headers: unknown): Readonly<Record<string, string>> {
  if (typeof headers !== 'object' || headers === null) return {}
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}

function readItem(raw: unknown): BatchItem {
  const item = bodyObject(raw)
  const { id, method, url, headers, body, dependsOn } = item
  if (typeof id !== 'string' || id === '') throw badRequest('Invalid batch payload format: every request needs an id.')
  if (typeof method !== 'string' || !methods.has(method.toUpperCase())) {
    throw badRequest(`Invalid batch payload format: the method of request '${id}' is not supported.`)
  }
  if (typeof url !== 'string' || /^https?:/i.test(url)) {
    throw badRequest(`Invalid batch payload format: the url of request '${id}' must be relative.`)
  }
  if (/^\/?\$batch/i.test(url)) throw badRequest('Invalid batch payload format: batches cannot be nested.')
  const folded = foldHeaders(headers)
  if (body !== undefined && body !== null && folded['content-type'] === undefined) {
    throw badRequest(`Write request id : ${id} does not contain Content-Type header or body.`)
  }
  return {
    id,
    method: method.toUpperCase(),
    url,
    headers: folded,
    body: body ?? undefined,
    dependsOn: Array.isArray(dependsOn) ? dependsOn.map(String) : [],
  }
}

/** The requests of a batch; any fault in the envelope refuses the whole of it. */
export function readBatch(raw: unknown): readonly BatchItem[] {
  const { requests } = bodyObject(raw)
  if (!Array.isArray(requests) || requests.length === 0) throw badRequest('Invalid batch payload format.')
  if (requests.length > limit) {
    throw badRequest(`Number of batch request steps exceeds the maximum value of ${limit}.`)
  }
  const items = requests.map(readItem)
  const ids = new Set(items.map((item) => item.id.toLowerCase()))
  if (ids.size < items.length) throw badRequest('Request Ids must be unique (case-insensitive) in a batch.')
  for (const item of items) {
    for (const id of item.dependsOn) {
      if (!ids.has(id.toLowerCase()))
        throw badRequest(`Request '${item.id}' depends on '${id}', which is not in the batch.`)
    }
  }
  return items
}

const failedDependency: BatchItemAnswer = {
  status: 424,
  headers: { 'Content-Type': 'application/json' },
  body: { error: { code: 'FailedDependency', message: 'A request this one depends on has failed.' } },
}

/** Answers every request, those another depends on first. */
export function runBatch(items: readonly BatchItem[], answer: (item: BatchItem) => BatchItemAnswer): object {
  const answers = new Map<string, BatchItemAnswer>()
  let left = items
  while (left.length > 0) {
    const waiting: BatchItem[] = []
    for (const item of left) {
      const needed = item.dependsOn.map((id) => answers.get(id.toLowerCase()))
      if (needed.includes(undefined)) waiting.push(item)
      else {
        const failed = needed.some((found) => (found?.status ?? 0) >= 400)
        answers.set(item.id.toLowerCase(), failed ? failedDependency : answer(item))
      }
    }
    if (waiting.length === left.length) throw badRequest('The dependencies of the batch form a cycle.')
    left = waiting
  }
  return { responses: items.map((item) => ({ id: item.id, ...answers.get(item.id.toLowerCase()) })) }
}
