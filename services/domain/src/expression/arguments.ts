/** Reads the arguments of functions, each with a failure that says what was wanted. */
import { ExpressionFailure } from './failure.ts'
import { parseTime } from './time/parse-time.ts'
import { isEmpty, isTime, toNumber, toText, type Value } from './value.ts'

/** Failure where it is no number. */
export function needNumber(value: Value, what: string): number {
  const number = toNumber(value)
  if (number === undefined) throw new ExpressionFailure(`${what} is no number`)
  return number
}

/** Failure where it is no whole number. */
export function needWhole(value: Value, what: string): number {
  const number = needNumber(value, what)
  if (!Number.isSafeInteger(number)) throw new ExpressionFailure(`${what} is no whole number`)
  return number
}

/** Failure where it is absent or empty. */
export function needText(value: Value, what: string): string {
  const text = toText(value)
  if (text === undefined || text === '') throw new ExpressionFailure(`${what} is missing`)
  return text
}

/** Milliseconds; undefined where there is no value. Failure where it is no time. */
export function timeOf(value: Value, what: string): number | undefined {
  if (isTime(value)) return value.ms
  if (isEmpty(value)) return undefined
  const ms = parseTime(toText(value) ?? '')
  if (ms === undefined) throw new ExpressionFailure(`${what} is no time that can be read`)
  return ms
}

/** True: upper and lower case are the same. Without a word they are not. */
export function ignoresCase(value: Value): boolean {
  const word = toText(value)?.toLowerCase()
  return word === 'vbtextcompare' || word === 'caseinsensitive'
}

const compareWords: ReadonlySet<string> = new Set([
  'vbtextcompare',
  'vbbinarycompare',
  'caseinsensitive',
  'casesensitive',
])

/** For the check of an argument that is written out. */
export const isCompareWord = (value: string | number | boolean | undefined): boolean =>
  value === undefined || compareWords.has(String(value).toLowerCase())
