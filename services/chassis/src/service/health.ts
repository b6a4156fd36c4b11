/** Health of a process over HTTP: `/healthz` while it lives, `/readyz` while it takes work. */
import { createServer, request as httpRequest, type Server } from 'node:http'
import { classify, Failure } from '../failure.ts'

export interface HealthReport {
  readonly ready: boolean
  /** What each service waits for, for people to read. */
  readonly waiting: Readonly<Record<string, readonly string[]>>
}

export interface HealthServer {
  /** With the real port. */
  readonly address: string
  close(): Promise<void>
}

/** Failure CANOPY-HEALTH-0001: the address is taken or not of this machine. */
export async function serveHealth(address: string, report: () => HealthReport): Promise<HealthServer> {
  const server = createServer((incoming, answer) => {
    const { ready, waiting } = report()
    const path = (incoming.url ?? '/').split('?')[0]
    const known = path === '/healthz' || path === '/readyz'
    const code = !known ? 404 : path === '/readyz' && !ready ? 503 : 200
    answer.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    answer.end(known ? `${JSON.stringify({ ready, waiting })}\n` : '')
  })
  await listen(server, address)
  server.unref()
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : undefined
  return {
    address: port === undefined ? address : address.replace(/:\d+$/, `:${port}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Whether the process behind an address says it is ready: what `--probe` asks. */
export function probe(address: string, timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = httpRequest({ ...target(address), path: '/readyz', timeout: timeoutMs, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.once('timeout', () => asked.destroy(new Error('no answer')))
    asked.once('error', () => resolve(false))
    asked.end()
  })
}

function target(address: string): { socketPath: string } | { host: string; port: number } {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length) }
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[|\]$/g, '')
  // A listener on every address answers on loopback.
  return {
    host: host === '0.0.0.0' || host === '' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port: Number(address.slice(at + 1)),
  }
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const inUse = 'code' in cause && cause.code === 'EADDRINUSE'
      reject(
        new Failure({
          kind: 'permanent',
          code: 'CANOPY-HEALTH-0001',
          message: inUse ? `${address} is already in use` : `cannot listen on ${address}: ${classify(cause).message}`,
          at: 'health.listen',
          mend: inUse
            ? 'stop the process that listens there, or choose another address'
            : 'give an address of this machine',
          cause,
        }),
      )
    })
    if (address.startsWith('unix:')) return server.listen(address.slice('unix:'.length), resolve)
    const at = address.lastIndexOf(':')
    return server.listen(
      { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) },
      resolve,
    )
  })
}
