/** The cloud directory behind Microsoft Graph v1.0: users, security groups, members, managers. */
import { Failure } from '@canopy/chassis'
import type { CloudAnswer, CloudDirectory, CloudDomain, CloudObject, CloudRequest, Kind } from '../../ports.ts'
import { answerOf, retryAfterMs } from './answers.ts'
import { type Json, parseObject, selected } from './body.ts'
import { checkGraph } from './check.ts'
import { type Http, type HttpAnswer, HttpFailure } from './http.ts'
import { callOf } from './requests.ts'
import type { TokenSource } from './token.ts'

export interface GraphOptions {
  readonly target: string
  readonly http: Http
  /** Path of the version's root: "/v1.0". */
  readonly root: string
  readonly tokens: TokenSource
}

interface BatchAnswer {
  readonly id: string
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export function graphDirectory(options: GraphOptions): CloudDirectory {
  const { http, root, tokens } = options
  const absolute = `${http.origin}${root}`

  const call = async (method: string, path: string, timeoutMs: number, body?: Json): Promise<HttpAnswer> => {
    const token = await tokens.token()
    const answer = await http.request({
      method,
      path: path.replaceAll(' ', '%20'),
      headers: { authorization: `Bearer ${token}` },
      timeoutMs,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (answer.status === 401) tokens.forget()
    return answer
  }

  const send = async (requests: readonly CloudRequest[], timeoutMs: number): Promise<readonly CloudAnswer[]> => {
    try {
      const body = { requests: requests.map((request, i) => batchPart(request, i, absolute)) }
      const answer = await call('POST', `${root}/$batch`, timeoutMs, body)
      if (answer.status !== 200) {
        return requests.map((request) => answerOf(request, answer.status, answer.headers, answer.body))
      }
      return spread(requests, (answer.body as { responses?: readonly BatchAnswer[] }).responses ?? [])
    } catch (error) {
      const failed = unanswered(error)
      return requests.map(() => failed)
    }
  }

  return {
    capabilities: { kinds: ['user', 'group'], batch: 20, concurrency: 6, membersPerRequest: 20 },
    send,
    list: (kind) => listPages(call, root, http.origin, kind),
    members: (groupId) => memberPages(call, root, http.origin, groupId),
    domains: () => domains(call, root, http.origin),
    check: () => checkGraph({ target: options.target, root, call }),
    close: () => http.close(),
  }
}

function batchPart(request: CloudRequest, index: number, absolute: string): Json {
  const part = callOf(request, absolute)
  const headers = { ...(part.body ? { 'Content-Type': 'application/json' } : {}), ...part.headers }
  return {
    id: String(index + 1),
    method: part.method,
    url: part.url,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(part.body ? { body: part.body } : {}),
  }
}

function spread(requests: readonly CloudRequest[], responses: readonly BatchAnswer[]): CloudAnswer[] {
  const byId = new Map(responses.map((response) => [response.id, response]))
  return requests.map((request, i) => {
    const response = byId.get(String(i + 1))
    if (!response) return unanswered(new HttpFailure('the batch answer lacks this request', true, undefined))
    const answer = answerOf(request, response.status, response.headers ?? {}, response.body)
    if (!answer.ok || (request.op !== 'find' && request.op !== 'read')) return answer
    const body = response.body as Json | undefined
    const found = request.op === 'find' ? (body?.value as Json[] | undefined)?.[0] : body
    return found ? { ok: true, id: String(found.id), object: parseObject(request.kind, found) } : { ok: true }
  })
}

function unanswered(error: unknown): CloudAnswer & { ok: false } {
  if (error instanceof HttpFailure) {
    const kind = error.sent ? 'unknown' : 'transient'
    return { ok: false, failure: { kind, code: 'CANOPY-CLOUD-0001', message: error.message } }
  }
  if (error instanceof Failure) {
    const kind = error.kind === 'transient' ? 'transient' : 'waiting'
    return {
      ok: false,
      failure: { kind, code: error.code, message: error.message, ...(error.mend ? { mend: error.mend } : {}) },
    }
  }
  return { ok: false, failure: { kind: 'unknown', code: 'CANOPY-CLOUD-0004', message: String(error) } }
}

export type GraphCaller = (method: string, path: string, timeoutMs: number, body?: Json) => Promise<HttpAnswer>

async function* pages(call: GraphCaller, origin: string, first: string): AsyncIterable<readonly Json[]> {
  let path: string | undefined = first
  let attempts = 0
  while (path) {
    const answer: HttpAnswer = await call('GET', path, 30_000)
    if ((answer.status === 429 || answer.status >= 500) && attempts++ < 8) {
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs(answer.headers) ?? 500 * 2 ** attempts))
      continue
    }
    if (answer.status !== 200) {
      throw new Failure({
        kind: 'transient',
        code: 'CANOPY-CLOUD-0005',
        message: `reading the tenant: HTTP ${answer.status}`,
      })
    }
    attempts = 0
    const body = answer.body as { value?: readonly Json[]; '@odata.nextLink'?: string }
    yield body.value ?? []
    path = nextPath(body['@odata.nextLink'], origin)
  }
}

/** The bearer goes to nobody but the origin it is meant for. */
function nextPath(link: string | undefined, origin: string): string | undefined {
  if (!link) return undefined
  const url = new URL(link)
  if (url.origin !== origin) {
    throw new Failure({ kind: 'permanent', code: 'CANOPY-CLOUD-0006', message: 'the next page is on another host' })
  }
  return url.pathname + url.search
}

async function* listPages(
  call: GraphCaller,
  root: string,
  origin: string,
  kind: Kind,
): AsyncIterable<readonly CloudObject[]> {
  const path = `${root}/${kind === 'contact' ? 'contacts' : `${kind}s`}?$select=${selected[kind]}&$top=999`
  for await (const page of pages(call, origin, path)) yield page.map((body) => parseObject(kind, body))
}

async function* memberPages(
  call: GraphCaller,
  root: string,
  origin: string,
  groupId: string,
): AsyncIterable<readonly string[]> {
  for await (const page of pages(call, origin, `${root}/groups/${groupId}/members?$select=id&$top=999`)) {
    yield page.map((body) => String(body.id))
  }
}

async function domains(call: GraphCaller, root: string, origin: string): Promise<readonly CloudDomain[]> {
  const found: CloudDomain[] = []
  for await (const page of pages(call, origin, `${root}/domains?$select=id,isVerified,isInitial`)) {
    for (const { id, isVerified, isInitial } of page) {
      if (typeof id === 'string') found.push({ name: id, verified: isVerified === true, initial: isInitial === true })
    }
  }
  return found
}
