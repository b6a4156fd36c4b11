/** Tries again what may succeed later: exponential pauses with full jitter. */
import { classify, Failure } from './failure.ts'
import { sleep } from './sleep.ts'

export interface Backoff {
  /** Milliseconds the first pause may last at most. */
  readonly baseMs: number
  /** Milliseconds no pause exceeds, unless the other side asked for more. */
  readonly maxMs: number
}

export interface RetryOptions {
  readonly backoff: Backoff
  /** Tries in all; undefined: until it succeeds, fails for good or is aborted. */
  readonly attempts?: number
  readonly signal?: AbortSignal
  readonly random?: () => number
  readonly sleep?: typeof sleep
  readonly onRetry?: (failure: Failure, attempt: number, pauseMs: number) => void
}

/** Milliseconds to wait after the `attempt`-th failure (from 1): anywhere between nothing and the doubled bound. */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number = Math.random): number {
  const bound = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(30, attempt - 1))
  return Math.round(random() * bound)
}

/**
 * Only transient failures are tried again, and never before `retryAfterMs`. Throws the last Failure; a Failure
 * `cancelled` when the signal is aborted.
 */
export async function retry<T>(options: RetryOptions, fn: (attempt: number) => Promise<T>): Promise<T> {
  const pause = options.sleep ?? sleep
  for (let attempt = 1; ; attempt++) {
    if (options.signal?.aborted) throw cancelled(options.signal)
    try {
      return await fn(attempt)
    } catch (error) {
      const failure = classify(error)
      if (failure.kind !== 'transient' || attempt === options.attempts) throw failure
      const pauseMs = Math.max(failure.retryAfterMs ?? 0, backoffMs(options.backoff, attempt, options.random))
      options.onRetry?.(failure, attempt, pauseMs)
      try {
        await pause(pauseMs, options.signal)
      } catch (cause) {
        throw options.signal?.aborted ? cancelled(options.signal) : cause
      }
    }
  }
}

const cancelled = (signal: AbortSignal): Failure =>
  new Failure({ kind: 'cancelled', code: 'CANOPY-0002', message: 'given up: the process stops', cause: signal.reason })
