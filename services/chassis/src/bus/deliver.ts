/** Hands records to a handler in batches, one at a time, and again after a pause when it fails. */
import { setTimeout as sleep } from 'node:timers/promises'
import { classify } from '../failure.ts'

/** No handler gets more at once. */
export const maxBatchRecords = 500

const firstPauseMs = 100
const longestPauseMs = 5_000

/** Runs `attempt` until it succeeds or `stop` is aborted; says which. */
export async function untilDone(
  attempt: () => Promise<void>,
  options: { readonly stop: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<boolean> {
  for (let failures = 0; !options.stop.aborted; failures++) {
    try {
      await attempt()
      return true
    } catch (error) {
      options.onError(error)
      await sleep(pauseMs(failures, error), undefined, { signal: options.stop }).catch(() => {})
    }
  }
  return false
}

/** Milliseconds before the next attempt: doubled with each failure, or what the other side asked for. */
export function pauseMs(failures: number, error: unknown): number {
  return classify(error).retryAfterMs ?? Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10))
}

/** Slices of at most `maxBatchRecords`. */
export function* batches<R>(records: readonly R[]): Generator<readonly R[]> {
  if (records.length <= maxBatchRecords) {
    if (records.length > 0) yield records
    return
  }
  for (let at = 0; at < records.length; at += maxBatchRecords) yield records.slice(at, at + maxBatchRecords)
}
