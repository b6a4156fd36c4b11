/** Character classes with .NET's meaning: `\d`, `\w` and `\s` are Unicode's. */
import type { Test } from './node.ts'

const ofText =
  (pattern: RegExp): Test =>
  (unit) =>
    pattern.test(String.fromCharCode(unit))

/** A table for ASCII in front of a slower test. */
export function quick(test: Test): Test {
  const ascii = Array.from({ length: 128 }, (_, unit) => test(unit))
  return (unit) => (unit < 128 ? ascii[unit]! : test(unit))
}

export const not =
  (test: Test): Test =>
  (unit) =>
    !test(unit)

export const digit = quick(ofText(/\p{Nd}/u))
export const wordUnit = quick(ofText(/[\p{L}\p{Mn}\p{Nd}\p{Pc}]/u))
export const space = quick(ofText(/[\p{Z}\t-\r\x85]/u))

const categories = new Map<string, Test>()

/** `\p{Lu}`: a general category; undefined for what is none, such as .NET's named blocks. */
export function category(name: string): Test | undefined {
  const known = categories.get(name)
  if (known) return known
  if (!/^[CLMNPSZ][a-z]?$/.test(name)) return undefined
  try {
    const test = quick(ofText(new RegExp(`\\p{${name}}`, 'u')))
    categories.set(name, test)
    return test
  } catch {
    return undefined
  }
}

const otherCase = (unit: number): number => {
  const text = String.fromCharCode(unit)
  const lower = text.toLowerCase()
  const other = lower === text ? text.toUpperCase() : lower
  return other.length === 1 ? other.charCodeAt(0) : unit
}

/** Both cases of whatever belongs to the class. */
export const foldedClass = (test: Test): Test => quick((unit) => test(unit) || test(otherCase(unit)))

/** Two units that differ in case alone. */
export const sameLetter = (a: number, b: number): boolean => a === b || otherCase(a) === b || a === otherCase(b)
