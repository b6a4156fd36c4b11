/** The logger of a process: JSON lines on stderr, each with the ids of the span it was written in. */
import { trace } from '@opentelemetry/api'
import { type DestinationStream, pino } from 'pino'
import { classify } from '../failure.ts'
import type { Log } from './log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  readonly level: LogLevel
  /** Named in each line; a service's own log is made by `serviceLog`. */
  readonly service: string
  /** Default: stderr, written synchronously, so that the last words of a process are not lost. */
  readonly destination?: DestinationStream
}

/** A log that can name another service on its lines: one process may run several. */
export interface ProcessLog extends Log {
  serviceLog(service: string): Log
}

/** Longest text of one field; more is cut. */
const maxFieldLength = 512

/** The logger of this process. */
export function createLog(options: LogOptions): ProcessLog {
  const logger = pino(
    {
      level: options.level,
      base: undefined,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: spanIds,
    },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  )
  const withService = (service: string): Log => {
    const child = logger.child({ service })
    return {
      debug: (fields, message) => void (child.isLevelEnabled('debug') && child.debug(plainFields(fields), message)),
      info: (fields, message) => void (child.isLevelEnabled('info') && child.info(plainFields(fields), message)),
      warn: (fields, message) => void (child.isLevelEnabled('warn') && child.warn(plainFields(fields), message)),
      error: (fields, message) => void (child.isLevelEnabled('error') && child.error(plainFields(fields), message)),
    }
  }
  return { ...withService(options.service), serviceLog: withService }
}

/** Says nothing: for tests. */
export const silentLog: ProcessLog = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  serviceLog: () => silentLog,
}

function spanIds(): object {
  const context = trace.getActiveSpan()?.spanContext()
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId }
}

type Plain = string | number | boolean

/**
 * Only scalars reach a line: a record, an entry or a configuration that somebody passes whole cannot spill its values.
 * An error is reduced to its code and message: drivers attach rows and parameters to theirs.
 */
export function plainFields(fields: object): Record<string, Plain> {
  const plain: Record<string, Plain> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error) {
      const failure = classify(value)
      plain.code = failure.code
      plain.reason = cut(failure.message)
      if (failure.at !== undefined) plain.at = cut(failure.at)
      if (failure.mend !== undefined) plain.mend = cut(failure.mend)
    } else if (typeof value === 'string') plain[name] = cut(value)
    else if (typeof value === 'number' || typeof value === 'boolean') plain[name] = value
    else if (typeof value === 'bigint') plain[name] = value.toString()
    else if (value instanceof Date) plain[name] = value.toISOString()
    else if (value !== undefined && value !== null) plain[name] = `[${typeof value}]`
  }
  return plain
}

const cut = (text: string): string => (text.length > maxFieldLength ? `${text.slice(0, maxFieldLength)}…` : text)
