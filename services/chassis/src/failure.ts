/** Errors by what the caller must do, with the decision carried as data. */

/** What a caller does about a failure: try again, park it, decide it, or stop. */
export type FailureKind = 'transient' | 'permanent' | 'conflict' | 'cancelled'

export interface FailureDetails {
  readonly kind: FailureKind
  /** Stable and documented: "CANOPY-LDAP-0004". */
  readonly code: string
  /** What happened, in one line, without attribute values. */
  readonly message: string
  /** Where: a path of the configuration, a topic and offset, a key. */
  readonly at?: string
  /** How to mend it. */
  readonly mend?: string
  readonly cause?: unknown
  /** Milliseconds the other side asked to wait. */
  readonly retryAfterMs?: number
}

/** Thrown by adapters only; cores return values. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind
  readonly code: string
  readonly at: string | undefined
  readonly mend: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(details: FailureDetails) {
    super(details.message, { cause: details.cause })
    this.kind = details.kind
    this.code = details.code
    this.at = details.at
    this.mend = details.mend
    this.retryAfterMs = details.retryAfterMs
  }
}

const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  // PostgreSQL: serialization, deadlock, lock not available, connection classes, shutting down, cannot connect now.
  '40001',
  '40P01',
  '55P03',
  '08000',
  '08003',
  '08006',
  '57P01',
  '57P02',
  '57P03',
])

/** Total: never throws, whatever it is given. */
export function classify(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (!(error instanceof Error)) {
    return new Failure({ kind: 'permanent', code: 'CANOPY-0001', message: String(error), cause: error })
  }
  const code = 'code' in error ? String(error.code) : ''
  if (error.name === 'AbortError' || code === 'ABORT_ERR') {
    return new Failure({ kind: 'cancelled', code: 'CANOPY-0002', message: error.message, cause: error })
  }
  const lost = /Connection terminated|Client has encountered a connection error|socket hang up/.test(error.message)
  const kind: FailureKind = lost || transientCodes.has(code) ? 'transient' : 'permanent'
  return new Failure({ kind, code: code ? `CANOPY-0001/${code}` : 'CANOPY-0001', message: error.message, cause: error })
}

/** The three lines a person sees: what happened, where, how to mend it. */
export function describeFailure(failure: Pick<Failure, 'code' | 'message' | 'at' | 'mend'>): string {
  const lines = [`${failure.code}  ${failure.message}`]
  if (failure.at) lines.push(`  at   ${failure.at}`)
  if (failure.mend) lines.push(`  mend ${failure.mend}`)
  return lines.join('\n')
}
