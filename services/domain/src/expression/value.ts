/** Values of the expression language and how they turn into one another. */
import { attributeSyntax, base64FromBytes, bytesFromBase64 } from '../attributes.ts'
import { guidToBytes } from '../guid.ts'
import { sidToBytes } from '../sid.ts'
import { isoTime, usTime } from './time/show-time.ts'

/** An instant. */
export interface Time {
  readonly type: 'time'
  readonly ms: number
  /** How it reads as text: ISO 8601, or `M/d/yyyy h:mm:ss tt` as the provisioning functions are documented to. */
  readonly form: 'iso' | 'us'
}

/** Bytes; `text` is how the directory shows them: a GUID, a SID, otherwise base64. */
export interface Binary {
  readonly type: 'binary'
  readonly text: string
  readonly syntax: 'guid' | 'sid' | 'octets'
}

/** The attribute leaves the flow: what the target has stays. */
export const ignored: unique symbol = Symbol('ignored')

/** Undefined is absent; an array is an attribute with several values. */
export type Value = undefined | string | number | boolean | readonly string[] | Time | Binary | typeof ignored

export const isList = (value: Value): value is readonly string[] => Array.isArray(value)

export const isTime = (value: Value): value is Time =>
  typeof value === 'object' && !isList(value) && value.type === 'time'

export const isBinary = (value: Value): value is Binary =>
  typeof value === 'object' && !isList(value) && value.type === 'binary'

export const isEmpty = (value: Value): boolean =>
  value === undefined || value === '' || value === ignored || (isList(value) && value.length === 0)

/** One text; several values read as their first. */
export function toText(value: Value): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  if (value === ignored) return undefined
  if (isList(value)) return value[0]
  if (value.type === 'binary') return value.text
  return value.form === 'us' ? usTime(value.ms) : isoTime(value.ms)
}

/** Undefined where the value is no number. */
export function toNumber(value: Value): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'object' && !isList(value)) return undefined
  const text = toText(value)?.trim()
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}

const nothing: readonly string[] = []

/** Texts of a value: none, one or several; empty texts are left out. */
export function toTexts(value: Value): readonly string[] {
  if (isEmpty(value)) return nothing
  if (isList(value)) return value.includes('') ? value.filter((text) => text !== '') : value
  return [toText(value)!]
}

/** "True" in any case is true; everything else is not. */
export const isTrue = (value: Value): boolean =>
  value === true || (value !== false && value !== undefined && toText(value)?.toLowerCase() === 'true')

/** A function on one text, carried over several. */
export function mapText(value: Value, fn: (text: string) => string): Value {
  if (typeof value === 'string') return fn(value)
  if (value === undefined || value === ignored) return undefined
  if (isList(value)) return value.map((text) => fn(text))
  return fn(toText(value)!)
}

export const time = (ms: number, form: Time['form']): Time => ({ type: 'time', ms, form })

/** An attribute whose syntax is binary, from its text; what is no such text stays text. */
export function binaryAttribute(lowerName: string, value: Value): Value {
  const syntax = attributeSyntax(lowerName)
  if (typeof value !== 'string' || syntax === 'text') return value
  return { type: 'binary', text: value, syntax }
}

export const binary = (bytes: Uint8Array): Binary => ({
  type: 'binary',
  text: base64FromBytes(bytes),
  syntax: 'octets',
})

/** Undefined where the text does not fit the syntax. */
export function bytesOf(value: Binary): Uint8Array | undefined {
  switch (value.syntax) {
    case 'guid':
      return guidToBytes(value.text.toLowerCase()) ?? bytesFromBase64(value.text)
    case 'sid':
      return sidToBytes(value.text) ?? bytesFromBase64(value.text)
    case 'octets':
      return bytesFromBase64(value.text)
    default:
      return value.syntax satisfies never
  }
}
