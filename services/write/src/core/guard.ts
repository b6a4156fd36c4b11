/** Guards: whether a burst of effects that take something away may go on by itself. */

/** Zero: that bound is not set. */
export interface GuardLimit {
  readonly max: number
  readonly percent: number
  /** The percentage never holds fewer than this. */
  readonly floor: number
  readonly overSeconds: number
}

export const defaultGuards = {
  delete: { max: 50, percent: 1, floor: 5, overSeconds: 86_400 },
  memberRemoval: { max: 0, percent: 50, floor: 20, overSeconds: 86_400 },
} as const satisfies Record<string, GuardLimit>

export type Judgement = { readonly pass: true } | { readonly pass: false; readonly reason: string }

/**
 * Judges a burst together with what was done in the window, before its first effect is sent.
 *
 *   counted = waiting + done; total = what there was to take away from
 *   counted > max                              → held
 *   counted > floor and > percent of the total → held
 */
export function judge(limit: GuardLimit, counts: { waiting: number; done: number; total: number }): Judgement {
  const counted = counts.waiting + counts.done
  const window = `in ${Math.round(limit.overSeconds / 3600)} h`
  if (limit.max > 0 && counted > limit.max) return { pass: false, reason: `${counted} ${window}, limit ${limit.max}` }
  const share = (limit.percent / 100) * counts.total
  if (limit.percent > 0 && counted > limit.floor && counted > share) {
    return { pass: false, reason: `${counted} of ${counts.total} ${window}, limit ${limit.percent} %` }
  }
  return { pass: true }
}

/** A limit as configured, with the defaults for what is not. */
export function guardLimit(base: GuardLimit, configured: Partial<GuardLimit> | undefined): GuardLimit {
  if (!configured) return base
  return {
    max: configured.max || base.max,
    percent: configured.percent || base.percent,
    floor: configured.floor || base.floor,
    overSeconds: configured.overSeconds || base.overSeconds,
  }
}
