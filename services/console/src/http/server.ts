/** The gateway's HTTP server: token, routing, JSON in and out. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Channels, classify, Failure, nearest, withSpan } from '@canopy/chassis'
import type { ConsoleConfig } from '../config.ts'
import { events } from '../events.ts'
import { type Asked, Query, type Route } from '../ports.ts'
import { authorize } from './access.ts'
import { readJson } from './body.ts'
import { failureAnswer } from './failure-answer.ts'
import { jsonText } from './json.ts'
import { listen } from './listen.ts'

export interface GatewayOptions {
  readonly config: ConsoleConfig
  readonly routes: readonly Route[]
  readonly channels: Channels
  readonly now: () => Date
  readonly signal: AbortSignal
}

export interface Gateway {
  /** With the real port. */
  readonly address: string
  close(): Promise<void>
}

const greeting =
  'Canopy. Ask it with the command line client: canopy status (from a checkout: npm run canopy -- status)\n'

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const closing = new AbortController()
  const stop = AbortSignal.any([options.signal, closing.signal])
  const server = createServer((request, response) => {
    serve(request, response, options, stop).catch((error: unknown) => {
      if (!response.headersSent) answer(response, failureAnswer(error))
      else response.destroy()
    })
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  const address = await listen(server, options.config.listen)
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        closing.abort()
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), 1_000).unref()
      }),
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: GatewayOptions,
  stop: AbortSignal,
): Promise<void> {
  const startedMs = performance.now()
  const gone = new AbortController()
  response.on('close', () => gone.abort(new Error('the client went away')))
  const url = new URL(request.url ?? '/', 'http://gateway')
  let route = 'none'
  try {
    if (request.method === 'GET' && url.pathname === '/') return sendText(response, greeting)
    await authorize(request, options.config)
    const found = routeOf(options.routes, request.method ?? '', url.pathname)
    route = `${found.method} ${found.path}`
    const asked: Asked = {
      query: new Query(url.searchParams),
      body: await readJson(request),
      channels: options.channels,
      now: options.now,
      signal: AbortSignal.any([gone.signal, stop]),
      lastEventId: String(request.headers['last-event-id'] ?? ''),
    }
    await withSpan(route, { kind: 'server' }, async () => {
      if ('stream' in found) await found.stream(asked, response)
      else answer(response, { status: 200, body: await found.answer(asked) })
    })
  } catch (error) {
    const failed = failureAnswer(error)
    if (failed.status === 401) events.requestRefused({ address: request.socket.remoteAddress ?? 'socket' })
    if (response.headersSent) response.destroy(classify(error))
    else answer(response, failed)
  } finally {
    events.requestAnswered({ route, status: response.statusCode, duration: performance.now() - startedMs })
  }
}

/** Failure CANOPY-CONSOLE-NOT-FOUND names the nearest route. */
function routeOf(routes: readonly Route[], method: string, path: string): Route {
  const found = routes.find((route) => route.path === path && route.method === method)
  if (found) return found
  const other = routes.find((route) => route.path === path)
  const meant = nearest(path, [...new Set(routes.map((route) => route.path))])
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-NOT-FOUND',
    message: other ? `${path} is asked with ${other.method}` : `the gateway has nothing at ${path}`,
    mend: !other && meant ? `did you mean ${meant}?` : undefined,
  })
}

function answer(response: ServerResponse, { status, body }: { status: number; body: unknown }): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(`${jsonText(body ?? {})}\n`)
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
  response.end(text)
}
