/** LDAP results, with or without controls, as bytes. */
import { BerWriter } from '../ber/writer.ts'
import type { LdapFailure } from '../directory/failure.ts'

export const answerTag = {
  bind: 0x61,
  entry: 0x64,
  searchDone: 0x65,
  modify: 0x67,
  add: 0x69,
  delete: 0x6b,
  rename: 0x6d,
  compare: 0x6f,
  reference: 0x73,
  extended: 0x78,
} as const

export interface Result {
  readonly messageId: number
  readonly tag: number
  readonly code: number
  readonly matchedDn?: string
  readonly diagnostic?: string
  readonly controls?: readonly { readonly oid: string; readonly value: Buffer }[]
  /** Name and value of an extended answer. */
  readonly extended?: { readonly oid?: string; readonly value?: string }
}

export function writeResult(w: BerWriter, result: Result): void {
  const message = w.begin(0x30)
  w.integer(result.messageId)
  const body = w.begin(result.tag)
  w.integer(result.code, 0x0a)
  w.string(result.matchedDn ?? '')
  w.string(result.diagnostic ?? '')
  if (result.extended?.oid !== undefined) w.string(result.extended.oid, 0x8a)
  if (result.extended?.value !== undefined) w.string(result.extended.value, 0x8b)
  w.end(body)
  if (result.controls !== undefined && result.controls.length > 0) {
    const controls = w.begin(0xa0)
    for (const control of result.controls) {
      const one = w.begin(0x30)
      w.string(control.oid)
      w.octets(control.value)
      w.end(one)
    }
    w.end(controls)
  }
  w.end(message)
}

export function encodeResult(result: Result): Buffer {
  const w = new BerWriter(512)
  writeResult(w, result)
  return w.take()
}

export function failureResult(failure: LdapFailure, to: { readonly messageId: number; readonly tag: number }): Result {
  return { ...to, code: failure.code, matchedDn: failure.matchedDn, diagnostic: failure.message }
}

/** The value of the paged-results and DirSync controls: a sequence written by `fill`. */
export function controlValue(fill: (w: BerWriter) => void): Buffer {
  const w = new BerWriter(256)
  const mark = w.begin(0x30)
  fill(w)
  w.end(mark)
  return w.take()
}
