/** When a row is tried again, by what the target answered. */
import type { CloudFailure } from '../ports.ts'

const caps: Readonly<Record<CloudFailure['kind'], readonly [baseMs: number, capMs: number]>> = {
  transient: [500, 300_000],
  notYet: [1_000, 900_000],
  throttled: [0, 300_000],
  unknown: [1_000, 900_000],
  waiting: [2_000, 2_000],
  missing: [0, 60_000],
  done: [0, 0],
  exists: [900_000, 900_000],
  refused: [900_000, 900_000],
}

/** Milliseconds; doubled per attempt, at most the cap, with up to a fifth of it drawn by `random` (0 to 1). */
export function backoffMs(failure: CloudFailure, attempts: number, random: () => number): number {
  const [base, cap] = caps[failure.kind]
  const wanted = Math.min(cap, base * 2 ** Math.min(attempts, 20))
  return Math.max(failure.retryAfterMs ?? 0, wanted) + wanted * 0.2 * random()
}
