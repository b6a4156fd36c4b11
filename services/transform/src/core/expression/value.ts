/** Values of the expression language and how they turn into one another. */

/** Undefined is absent; an array is an attribute with several values. */
export type Value = undefined | string | number | boolean | readonly string[]

export const isEmpty = (value: Value): boolean =>
  value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

/** One text; several values read as their first. */
export function toText(value: Value): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  return value[0]
}

/** Undefined where the value is no number. */
export function toNumber(value: Value): number | undefined {
  if (typeof value === 'number') return value
  const text = toText(value)?.trim()
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}

/** Texts of a value: none, one or several; empty texts are left out. */
export function toTexts(value: Value): readonly string[] {
  if (isEmpty(value)) return []
  if (Array.isArray(value)) return value.filter((text) => text !== '')
  return [toText(value)!]
}

/** "True" in any case is true; everything else is not. */
export const isTrue = (value: Value): boolean => value === true || toText(value)?.toLowerCase() === 'true'

/** A function on one text, carried over several. */
export function mapText(value: Value, fn: (text: string) => string): Value {
  if (value === undefined) return undefined
  if (Array.isArray(value)) return value.map(fn)
  return fn(toText(value)!)
}
