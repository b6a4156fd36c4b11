/** Where PostgreSQL is and how to speak to it safely: a URL or parts become the driver's options. */
import type { ClientConfig } from 'pg'
import { Failure } from '../failure.ts'
import { columnTypes } from './columns.ts'

/** A server by its parts; `host` is a folder for a Unix socket. */
export interface SqlConnection {
  readonly host: string
  readonly port?: number
  readonly user: string
  readonly password?: string
  readonly database: string
}

export interface ConnectionRequest {
  /**
   * `postgres://user:password@host:5432/database?sslmode=verify-full`. `sslmode`: `disable` (also without one), `verify-full`,
   * `verify-ca` (the name in the certificate may differ), `require` (checked like `verify-full`), `no-verify`.
   */
  readonly url?: string
  readonly connection?: SqlConnection
  /** Certificates, PEM, that sign the server's; without them the system's. */
  readonly ca?: string
}

/** How long the server and the driver wait, in milliseconds. */
export interface SqlTimeouts {
  readonly statementMs: number
  readonly lockMs: number
  readonly idleInTransactionMs: number
}

export const defaultTimeouts: SqlTimeouts = { statementMs: 60_000, lockMs: 10_000, idleInTransactionMs: 120_000 }

/** Throws Failure CANOPY-SQL-0006 (permanent) for what cannot be understood. */
export function clientConfig(request: ConnectionRequest, schema: string, timeouts: SqlTimeouts): ClientConfig {
  const settings = [
    `search_path=${schema}`,
    'timezone=UTC',
    `statement_timeout=${timeouts.statementMs}`,
    `lock_timeout=${timeouts.lockMs}`,
    `idle_in_transaction_session_timeout=${timeouts.idleInTransactionMs}`,
    // Tables grow from nothing within seconds: a plan kept from when they were empty reads them whole for every row.
    'plan_cache_mode=force_custom_plan',
    'jit=off',
  ]
  return {
    ...where(request),
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    types: columnTypes,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Behind the server's own limit: only a connection that died without a word is caught by it.
    query_timeout: timeouts.statementMs + 5_000,
    connectionTimeoutMillis: 30_000,
    application_name: `canopy.${schema}`,
  }
}

function where(request: ConnectionRequest): ClientConfig {
  if (request.connection) return { ...request.connection, ssl: request.ca ? { ca: request.ca } : false }
  if (!request.url) throw refused('neither sql.url nor sql.url_file is given')
  const socket = /^socket:/.test(request.url)
  const parsed = parseUrl(request.url)
  const mode = parsed.searchParams.get('sslmode') ?? (request.ca ? 'verify-full' : 'disable')
  for (const name of ['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey']) parsed.searchParams.delete(name)
  if (socket) {
    return {
      host: decodeURIComponent(parsed.pathname),
      database: parsed.searchParams.get('db') ?? 'postgres',
      user: decodeURIComponent(parsed.searchParams.get('user') ?? 'postgres'),
      ssl: false,
    }
  }
  return { connectionString: parsed.href, ssl: tls(mode, request.ca) }
}

function parseUrl(url: string): URL {
  try {
    const parsed = new URL(url)
    if (['postgres:', 'postgresql:', 'socket:'].includes(parsed.protocol)) return parsed
  } catch {
    // Refused below: the parser's own message would quote the URL with its password.
  }
  throw refused('sql.url is not a PostgreSQL URL')
}

function tls(mode: string, ca: string | undefined): ClientConfig['ssl'] {
  switch (mode) {
    case 'disable':
      return false
    case 'require':
    case 'verify-full':
      return { ca, rejectUnauthorized: true }
    case 'verify-ca':
      return { ca, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    case 'no-verify':
      return { rejectUnauthorized: false }
    default:
      throw refused(`sslmode ${mode} is not known`)
  }
}

const refused = (message: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-SQL-0006',
    message,
    at: 'sql.url',
    mend: 'postgres://user:password@host:5432/database?sslmode=verify-full (or verify-ca, no-verify, disable)',
  })
