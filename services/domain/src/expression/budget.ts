/**
 * How much one evaluation may do, so that no expression holds up the objects behind it. The counter is shared by all
 * expressions: evaluation is synchronous, and each begins anew.
 */
import { ExpressionFailure } from './failure.ts'

/** Steps: one per item of a loop, per step of a pattern, and per 16 characters of long texts. About 5 ms. */
export const workPerEvaluation = 500_000

/** Characters of a text that a function may make. */
export const maxTextLength = 262_144

const longText = 1_024

let left = workPerEvaluation

export function begin(): void {
  left = workPerEvaluation
}

/** Failure: the work is spent. */
export function spend(steps: number): void {
  left -= steps
  if (left < 0) throw new ExpressionFailure('the expression takes too long on this object')
}

/** Failure: the text would be too long. */
export function checkLength(length: number): void {
  if (length <= longText) return
  if (length > maxTextLength) throw new ExpressionFailure(`the text would be longer than ${maxTextLength} characters`)
  spend(length >> 4)
}
