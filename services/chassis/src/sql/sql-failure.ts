/** What PostgreSQL and its driver report, as failures that carry the decision and no value of a row. */
import { classify, Failure, type FailureDetails, type FailureKind } from '../failure.ts'

/** A failed statement; `sqlState` is PostgreSQL's five characters: "23505". */
export class SqlFailure extends Failure {
  readonly sqlState: string

  constructor(details: FailureDetails, sqlState: string) {
    super(details)
    this.sqlState = sqlState
  }
}

/** PostgreSQL's code of a failed statement, or undefined when the error is another. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof SqlFailure ? error.sqlState : undefined
}

/** True when other transactions were in the way: a smaller one may get through. */
export function isContention(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state !== undefined && contention.has(state)
}

// Serialization failure, deadlock, lock not available, statement time-out.
const contention = new Set(['40001', '40P01', '55P03', '57014'])

/** Parts of the server's error that are used. */
interface ServerError extends Error {
  readonly code: string
  readonly severity: string
  readonly constraint?: string
  readonly table?: string
}

const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string'

/** Total: never throws. `statement` is the text without parameters. */
export function sqlFailure(error: unknown, statement?: string): Failure {
  if (error instanceof Failure) return error
  const at = statement === undefined ? undefined : `sql: ${statement.replace(/\s+/g, ' ').trim().slice(0, 160)}`
  if (isServerError(error)) {
    const kind = kindOf(error)
    return new SqlFailure({ kind, code: 'CANOPY-SQL-0002', message: messageOf(error), at }, error.code)
  }
  if (error instanceof TypeError || error instanceof RangeError) return classify(error)
  const message = error instanceof Error ? error.message : String(error)
  if (/after calling end on the pool|Client was closed/.test(message)) {
    return new Failure({ kind: 'cancelled', code: 'CANOPY-0002', message: 'the store is closed', at })
  }
  return new Failure({
    kind: 'transient',
    code: 'CANOPY-SQL-0001',
    message: `no connection to PostgreSQL: ${message}`,
    at,
    mend: 'check that the server of sql.url runs and accepts connections; Canopy goes on by itself',
  })
}

/** True when the connection can no longer be used. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof Failure && error.code === 'CANOPY-SQL-0001'
}

/** A plan that a migration made void is prepared anew on another connection. */
export const isStalePlan = (error: unknown): boolean => sqlStateOf(error) === '0A000' || sqlStateOf(error) === '26000'

function kindOf(error: ServerError): FailureKind {
  if (transientStates.has(error.code) || transientClasses.has(error.code.slice(0, 2))) return 'transient'
  if (error.code === '0A000' && error.message.includes('cached plan')) return 'transient'
  return 'permanent'
}

// Connection, transaction rollback, insufficient resources (a full disk is emptied), system error.
const transientClasses = new Set(['08', '40', '53', '58'])
// Idle-in-transaction time-out, read-only (a fail-over in progress), lock not available, cancelled, shutting down, starting,
// unknown prepared statement.
const transientStates = new Set(['25P03', '25006', '55P03', '57014', '57P01', '57P02', '57P03', '57P05', '26000'])

/** The server's sentence only where it cannot quote a value; otherwise what kind of rule was broken, and where. */
function messageOf(error: ServerError): string {
  const state = error.code
  switch (state.slice(0, 2)) {
    case '22':
      return `a value does not fit its type (SQLSTATE ${state})`
    case '23':
      return `constraint ${error.constraint ?? '?'} of ${error.table ?? '?'} is violated (SQLSTATE ${state})`
    case '0A':
    case '08':
    case '25':
    case '26':
    case '28':
    case '3D':
    case '3F':
    case '40':
    case '42':
    case '53':
    case '55':
    case '57':
      return `${error.message} (SQLSTATE ${state})`
    default:
      return `the statement failed (SQLSTATE ${state})`
  }
}
