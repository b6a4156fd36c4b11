/** Judges what a complete reading did not see: a few deletions that were missed, or a half-read forest. */

export interface MissingGuard {
  /** More than this share of the objects … */
  readonly percent: number
  /** … and more than this many are held. */
  readonly floor: number
}

export const defaultMissingGuard: MissingGuard = { percent: 20, floor: 50 }

/** True: nothing is deleted, a person must look. */
export const isHeld = (missing: number, total: number, guard: MissingGuard): boolean =>
  missing > guard.floor && missing * 100 > total * guard.percent
