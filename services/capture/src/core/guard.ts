/** Judges what a complete reading did not see: a few deletions that were missed, or a half-read forest. */
import type { Kind } from '../ports.ts'

export interface MissingGuard {
  /** More than this share of the objects … */
  readonly percent: number
  /** … and more than this many are held. */
  readonly floor: number
  /** At least this share … */
  readonly suddenPercent: number
  /** … and at least this many are held, in a small forest too. */
  readonly suddenFloor: number
}

export const defaultMissingGuard: MissingGuard = { percent: 20, floor: 50, suddenPercent: 40, suddenFloor: 10 }

/** Of one kind of object: how many were known, and how many of them the reading did not see. */
export interface Counted {
  readonly kind: Kind
  readonly known: number
  readonly missing: number
}

/** A kind of which there were this many does not vanish altogether by deletions that were missed. */
const vanishedFloor = 5

export interface Judged {
  readonly missing: number
  readonly total: number
  /** True: nothing is deleted, a person must look. */
  readonly held: boolean
}

/**
 * | missing                                         | verdict |
 * | more than `floor` and more than `percent`       | held    |
 * | `suddenFloor` or more, `suddenPercent` or more  | held    |
 * | all of a kind, which were five or more          | held    |
 * | anything else                                   | deleted |
 */
export function judgeMissing(counted: readonly Counted[], guard: MissingGuard): Judged {
  const missing = counted.reduce((sum, each) => sum + each.missing, 0)
  const total = counted.reduce((sum, each) => sum + each.known, 0)
  const many = missing > guard.floor && missing * 100 > total * guard.percent
  const sudden = missing >= guard.suddenFloor && missing * 100 >= total * guard.suddenPercent
  const vanished = counted.some((each) => each.known >= vanishedFloor && each.missing === each.known)
  return { missing, total, held: many || sudden || vanished }
}
