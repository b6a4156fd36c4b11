/** HTTPS with JSON to one origin: certificate verified, one time-out for the whole exchange, no retries of its own. */
import { Pool } from 'undici'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

/** `sent` tells whether the other side may have seen the request. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure'
  readonly sent: boolean
  constructor(message: string, sent: boolean, cause: unknown) {
    super(message, { cause })
    this.sent = sent
  }
}

export interface HttpOptions {
  readonly ca?: string
  readonly serverName?: string
  readonly connections?: number
}

export interface Http {
  request(request: {
    readonly method: string
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
    readonly timeoutMs: number
  }): Promise<HttpAnswer>
  readonly origin: string
  close(): Promise<void>
}

const notSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

export function openHttp(origin: string, options: HttpOptions): Http {
  const pool = new Pool(origin, {
    connections: options.connections ?? 8,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: {
      timeout: 10_000,
      ...(options.ca ? { ca: options.ca } : {}),
      ...(options.serverName ? { servername: options.serverName } : {}),
    },
  })
  return {
    origin,
    request: async ({ method, path, headers, body, ...limits }) => {
      const timeoutMs = Math.ceil(limits.timeoutMs)
      try {
        const answer = await pool.request({
          method: method as 'GET',
          path,
          headers: { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
          body: body ?? null,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          signal: AbortSignal.timeout(timeoutMs),
        })
        const text = await answer.body.text()
        return { status: answer.statusCode, headers: answer.headers, body: parseJson(text) }
      } catch (error) {
        throw failureOf(error)
      }
    },
    close: () => pool.destroy(),
  }
}

function parseJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return { text: text.slice(0, 200) }
  }
}

function failureOf(error: unknown): HttpFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : String(error)
  const tls = /^(ERR_TLS|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(code)
  return new HttpFailure(code ? `${message} (${code})` : message, !(tls || notSent.has(code)), error)
}
