/** The HTTPS front of the lab cloud: opens each request's envelope, hands it to its part, and counts what was answered. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BatchItem, type BatchItemAnswer, readBatch, runBatch } from './batch.ts'
import { answerControl } from './control.ts'
import { CmdletFailure, cmdletError, runCmdlet } from './exchange.ts'
import { badRequest, errorBody, GraphFailure, noSuchSegment } from './failure.ts'
import type { FaultState, Refusal } from './faults.ts'
import { handleGraph } from './graph.ts'
import type { LabTenant, RequestCounters } from './lab-tenant.ts'
import type { SignIn } from './oauth.ts'
import { type Answer, type Caller, type GraphRequest, parsePath, parseQuery } from './request.ts'
import { holds } from './rights.ts'
import type { Tenant } from './tenant.ts'
import { type Throttle, tollOf } from './throttle.ts'

export interface CloudParts {
  readonly tenant: Tenant
  readonly signIn: SignIn
  readonly throttle: Throttle
  readonly faults: FaultState
  readonly counters: RequestCounters
  readonly directory: LabTenant
  readonly controlToken: string
  readonly authorityUrl: () => string
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly query: string
  readonly text: string
}

const bodyLimit = 4 * 1024 * 1024

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > bodyLimit)
      throw new GraphFailure({ status: 413, code: 'RequestEntityTooLarge', message: 'The request is too large.' })
    chunks.push(chunk as Buffer)
  }
  return chunks.length === 1 ? (chunks[0] as Buffer).toString() : Buffer.concat(chunks).toString()
}

function send(
  response: ServerResponse,
  answer: Answer & { readonly headers?: Readonly<Record<string, string>> },
): void {
  const { body } = answer
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const headers: Record<string, string | number> = { ...answer.headers }
  if (text !== '') {
    headers['content-type'] ??=
      'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'
    headers['content-length'] = Buffer.byteLength(text)
  }
  response.writeHead(answer.status, headers)
  response.end(text)
}

function parseJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest(
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
    )
  }
}

const refusalFailure = (refusal: Refusal): GraphFailure =>
  refusal.status === 503
    ? new GraphFailure({
        status: 503,
        code: 'serviceNotAvailable',
        message: 'The service is temporarily unavailable. Please try again later.',
      })
    : new GraphFailure({
        status: 429,
        code: 'TooManyRequests',
        message: 'Too many requests',
        headers: { 'retry-after': String(refusal.retryAfterSecs ?? 1) },
      })

interface Operation {
  readonly method: string
  /** Path below the version, with its query. */
  readonly target: string
  readonly header: (name: string) => string | undefined
  readonly body: unknown
  readonly caller: Caller
}

function count({ counters }: CloudParts, what: string, status: number): void {
  const key = `${what} ${status}`
  counters.log.set(key, (counters.log.get(key) ?? 0) + 1)
}

/** Runs one directory operation and counts its answer; never throws what a client is to be told. */
function operate(parts: CloudParts, operation: Operation): Answer {
  const { tenant, counters } = parts
  let answer: Answer
  let tolls: Readonly<Record<string, string>> = {}
  try {
    const due = parts.faults.refusal('operation')
    if (due !== undefined) throw refusalFailure(due)
    const at = operation.target.indexOf('?')
    const request: GraphRequest = {
      method: operation.method,
      segments: parsePath(at < 0 ? operation.target : operation.target.slice(0, at)),
      query: parseQuery(at < 0 ? '' : operation.target.slice(at + 1)),
      header: operation.header,
      body: operation.body,
      caller: operation.caller,
    }
    const toll = tollOf(request)
    const verdict = parts.throttle.charge(toll, { appId: request.caller.appId, users: tenant.store.entries.user.size })
    tolls = verdict.headers
    if (!verdict.allowed) throw new GraphFailure({ status: 429, code: 'TooManyRequests', message: 'Too many requests' })
    answer = handleGraph(request, tenant)
    if (toll.write) counters.writes += 1
  } catch (error) {
    answer = failed(parts, operation.header('client-request-id'), error)
  }
  count(parts, operation.method, answer.status)
  return { ...answer, headers: { ...tolls, ...answer.headers } }
}

function failed(parts: CloudParts, clientRequestId: string | undefined, error: unknown): Answer {
  if (!(error instanceof GraphFailure)) throw error
  const requestId = randomUUID()
  const identity = { requestId, clientRequestId: clientRequestId ?? requestId, nowMs: parts.tenant.nowMs }
  return { status: error.status, headers: error.headers ?? {}, body: errorBody(error, identity) }
}

const titleCase: Readonly<Record<string, string>> = { 'retry-after': 'Retry-After', location: 'Location' }

function batchAnswer(parts: CloudParts, item: BatchItem, caller: Caller): BatchItemAnswer {
  const answer = operate(parts, {
    method: item.method,
    target: item.url,
    header: (name) => item.headers[name],
    body: item.body,
    caller,
  })
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers ?? {})) headers[titleCase[name] ?? name] = value
  if (answer.body !== undefined) headers['Content-Type'] ??= 'application/json'
  return { status: answer.status, headers, body: answer.body }
}

function headerOf(request: IncomingMessage): (name: string) => string | undefined {
  return (name) => {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(',') : value
  }
}

function answerGraph(parts: CloudParts, exchange: Exchange): Answer {
  const { request, path, query, text } = exchange
  const header = headerOf(request)
  const requestId = randomUUID()
  const common = { 'request-id': requestId, 'client-request-id': header('client-request-id') ?? requestId }
  const verdict = parts.signIn.authenticate(header('authorization'), 'graph')
  let answer: Answer
  try {
    if (verdict.is === 'refused') {
      const { code, message } = verdict
      const challenge = `Bearer realm="", authorization_uri="${parts.authorityUrl()}/common/oauth2/authorize"`
      throw new GraphFailure({ status: 401, code, message, headers: { 'www-authenticate': challenge } })
    }
    const { caller } = verdict
    const below = path.replace(/^\/(v1\.0|beta)\/?/i, '')
    if (/^\$batch\/?$/i.test(below) && request.method === 'POST') {
      const items = readBatch(parseJson(text))
      answer = { status: 200, body: runBatch(items, (item) => batchAnswer(parts, item, caller)) }
    } else {
      const target = query === '' ? below : `${below}?${query}`
      answer = operate(parts, { method: request.method ?? 'GET', target, header, body: parseJson(text), caller })
    }
  } catch (error) {
    answer = failed(parts, header('client-request-id'), error)
  }
  return { ...answer, headers: { ...common, ...answer.headers } }
}

const invokePath = /^\/adminapi\/(beta|v1\.0)\/([^/]+)\/InvokeCommand$/i

function answerExchange(parts: CloudParts, exchange: Exchange): Answer {
  const { request, path, query, text } = exchange
  const verdict = parts.signIn.authenticate(headerOf(request)('authorization'), 'exchange')
  if (verdict.is === 'refused')
    return { status: 401, body: { error: { code: verdict.code, message: verdict.message } } }
  if (!holds(verdict.caller, 'manageExchange')) {
    return {
      status: 403,
      body: {
        error: { code: 'Forbidden', message: 'The role assigned to application is not supported in this scenario.' },
      },
    }
  }
  const tenantName = invokePath.exec(path)?.[2]
  if (tenantName === undefined || !parts.signIn.isTenant(tenantName) || request.method !== 'POST') {
    return {
      status: 404,
      body: { error: { code: 'NotFound', message: `Resource not found for the segment '${path.split('/').at(-1)}'.` } },
    }
  }
  const due = parts.faults.refusal('operation')
  if (due !== undefined) return failed(parts, undefined, refusalFailure(due))
  try {
    const input = (parseJson(text) as { CmdletInput?: { CmdletName?: unknown; Parameters?: Record<string, unknown> } })
      ?.CmdletInput
    const size = /odata\.maxpagesize=(\d+)/i.exec(headerOf(request)('prefer') ?? '')?.[1]
    const skip = Number(new URLSearchParams(query).get('$skiptoken') ?? 0)
    const result = runCmdlet(parts.tenant, {
      name: String(input?.CmdletName ?? ''),
      parameters: input?.Parameters ?? {},
      pageSize: Math.max(1, Math.min(1000, Number(size ?? 1000))),
      skip,
    })
    if (!/^get-/i.test(String(input?.CmdletName))) parts.counters.writes += 1
    count(parts, String(input?.CmdletName), 200)
    const context = `${parts.authorityUrl()}${path.replace(/InvokeCommand$/i, '$metadata')}#Collection(Exchange.PSResponse)`
    const next =
      result.next === undefined ? {} : { '@odata.nextLink': `${parts.authorityUrl()}${path}?$skiptoken=${result.next}` }
    return { status: 200, body: { '@odata.context': context, '@adminapi.warnings': [], ...next, value: result.values } }
  } catch (error) {
    if (error instanceof CmdletFailure) {
      return {
        status: error.status,
        headers: { 'x-exceptiontype': error.exceptionType.split('.').at(-1) ?? '' },
        body: cmdletError(error),
      }
    }
    return failed(parts, undefined, error)
  }
}

const tokenPath = /^\/([^/]+)\/oauth2\/(?:v2\.0\/)?token$/i
const discoveryPath = /^\/([^/]+)\/(?:v2\.0\/)?\.well-known\/openid-configuration$/i
const keysPath = /^\/([^/]+)\/discovery\/v2\.0\/keys$/i

function answerSignIn(parts: CloudParts, exchange: Exchange): Answer | undefined {
  const { request, path, text } = exchange
  const headers = { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' }
  const token = tokenPath.exec(path)?.[1]
  const discovery = discoveryPath.exec(path)?.[1]
  const named = token ?? discovery ?? keysPath.exec(path)?.[1]
  if (named === undefined) return undefined
  if (!parts.signIn.isTenant(named)) return { ...parts.signIn.unknownTenant(named), headers }
  if (token !== undefined) {
    if (request.method !== 'POST') return { status: 405, headers, body: { error: 'invalid_request' } }
    const issued = parts.signIn.token(new URLSearchParams(text), request.headers.authorization)
    count(parts, 'token', issued.status)
    return { ...issued, headers }
  }
  return {
    status: 200,
    headers,
    body: discovery === undefined ? { keys: [] } : parts.signIn.discovery(parts.authorityUrl()),
  }
}

function route(parts: CloudParts, exchange: Exchange): Answer {
  const { path } = exchange
  if (/^\/(v1\.0|beta)(\/|$)/i.test(path)) return answerGraph(parts, exchange)
  if (/^\/adminapi\//i.test(path)) return answerExchange(parts, exchange)
  const signIn = answerSignIn(parts, exchange)
  return signIn ?? failed(parts, undefined, noSuchSegment(path.split('/')[1] ?? ''))
}

const isWrite = (exchange: Exchange): boolean =>
  exchange.request.method !== 'GET' && /^\/(v1\.0|beta|adminapi)\//i.test(exchange.path)

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** Answers one HTTP request; a change is in the journal before its answer leaves. */
export async function answerHttp(parts: CloudParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '/'
  const at = url.indexOf('?')
  const path = at < 0 ? url : url.slice(0, at)
  try {
    const exchange: Exchange = {
      request,
      response,
      path,
      query: at < 0 ? '' : url.slice(at + 1),
      text: await readText(request),
    }
    if (path.startsWith('/lab/')) {
      return send(response, answerControl({ ...parts, request, path, query: exchange.query, text: exchange.text }))
    }
    const { faults } = parts
    if (faults.delayMs > 0) await pause(faults.delayMs)
    const due = isWrite(exchange) || /^\/(v1\.0|beta)\//i.test(path) ? faults.refusal('request') : undefined
    if (due !== undefined) return send(response, failed(parts, undefined, refusalFailure(due)))
    if (isWrite(exchange) && faults.takeDropBefore()) return void request.socket.destroy()
    const answer = route(parts, exchange)
    parts.tenant.flush()
    if (isWrite(exchange) && faults.takeDropAfter()) return void request.socket.destroy()
    send(response, answer)
  } catch (error) {
    if (error instanceof GraphFailure) return send(response, failed(parts, undefined, error))
    if (response.headersSent || request.destroyed) return void request.socket.destroy()
    send(response, {
      status: 500,
      body: { error: { code: 'InternalServerError', message: error instanceof Error ? error.message : 'unknown' } },
    })
  }
}
