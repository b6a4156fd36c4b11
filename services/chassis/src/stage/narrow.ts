/** Gets a run of records through whatever happens: waits, halves, and parks the one record that cannot be handled. */
import { setTimeout as sleep } from 'node:timers/promises'
import { classify, type Failure } from '../failure.ts'
import { isContention } from '../sql/sql-failure.ts'
import type { Entry } from './decode.ts'

export interface NarrowOptions {
  /** Commits the entries in one transaction, or throws and leaves nothing behind. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>
  readonly signal: AbortSignal
  readonly onFailure: (failure: Failure, entries: readonly Entry[]) => void
  /** Attempts before a transient failure is left to the bus, which delivers again. Default 6. */
  readonly attempts?: number
}

const firstPauseMs = 50
const longestPauseMs = 5_000

/**
 * | failure                               | several records           | one record      | none (watermarks only) |
 * |---------------------------------------|---------------------------|-----------------|------------------------|
 * | cancelled                             | thrown                    | thrown          | thrown                 |
 * | conflict, deadlock, lock time-out     | halved                    | waits           | waits                  |
 * | transient                             | waits                     | waits           | waits                  |
 * | permanent, `at` = key of one of them  | that record is parked     | parked          | -                      |
 * | permanent                             | halved                    | parked          | waits                  |
 */
export async function narrow(entries: readonly Entry[], options: NarrowOptions): Promise<void> {
  const attempts = options.attempts ?? 6
  for (let attempt = 1; ; attempt++) {
    try {
      return await options.commit(entries)
    } catch (error) {
      const failure = classify(error)
      options.onFailure(failure, entries)
      if (failure.kind === 'cancelled' || options.signal.aborted) throw failure
      const narrower = next(entries, failure)
      if (narrower) {
        for (const part of narrower) await narrow(part, options)
        return
      }
      if (attempt >= attempts) throw failure
      await sleep(pauseMs(failure, attempt), undefined, { signal: options.signal }).catch(() => undefined)
    }
  }
}

function next(entries: readonly Entry[], failure: Failure): readonly (readonly Entry[])[] | undefined {
  const records = entries.filter((entry) => entry.kind === 'record')
  const contended = failure.kind === 'conflict' || isContention(failure)
  if (contended) return records.length > 1 ? halves(entries, records.length) : undefined
  if (failure.kind !== 'permanent' || records.length === 0) return undefined
  if (records.length === 1) return [putAside(entries, records[0]!, failure)]
  const named = records.filter((entry) => entry.raw.key === failure.at)
  const newest = named.at(-1)
  if (!newest) return halves(entries, records.length)
  // A record carries the whole state of its object: older ones of the key go first, and are not missed.
  if (named.length > 1) {
    return [
      entries.map(
        (entry): Entry =>
          entry !== newest && named.includes(entry as (typeof named)[number])
            ? { kind: 'passed', raw: entry.raw }
            : entry,
      ),
    ]
  }
  return [putAside(entries, newest, failure)]
}

const putAside = (entries: readonly Entry[], which: Entry, failure: Failure): Entry[] =>
  entries.map((entry): Entry => (entry === which ? { kind: 'parked', raw: entry.raw, failure } : entry))

/** Each with half of the records; what else is between them stays in its place. */
function halves(entries: readonly Entry[], records: number): [readonly Entry[], readonly Entry[]] {
  let left = Math.ceil(records / 2)
  let cut = 0
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === 'record') left--
    cut = index + 1
    if (left === 0) break
  }
  return [entries.slice(0, cut), entries.slice(cut)]
}

const pauseMs = (failure: Failure, attempt: number): number =>
  failure.retryAfterMs ?? Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2)
