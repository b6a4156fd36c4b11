/** Turns what callers pass as `$n` into what the wire carries: arrays in one piece, bytes in binary. */
import type { SqlValue } from './sql.ts'

const byteaOid = 17
const mustEscape = /["\\]/
const escaped = /["\\]/g

/** `undefined` and `null` are SQL null; nothing is left for the driver to interpret. */
export function encodeParameter(value: SqlValue): string | Buffer | null {
  if (value === undefined || value === null) return null
  switch (typeof value) {
    case 'string':
      return value
    case 'object':
      if (Array.isArray(value)) return encodeArray(value)
      if (value instanceof Uint8Array) return asBuffer(value)
      if (value instanceof Date) return encodeTime(value)
      throw new TypeError('a SQL parameter is none of the known kinds')
    default:
      return String(value)
  }
}

/** ISO 8601 in UTC. PostgreSQL takes years above 9999 without the sign that JavaScript puts before them. */
function encodeTime(time: Date): string {
  const text = time.toISOString()
  return text.startsWith('+') ? text.slice(1).replace(/^0/, '') : text
}

/**
 * `bytea[]` goes as PostgreSQL's binary array: half the bytes of the text form, and nothing to escape. Its element type is
 * certain, since only bytes become bytea. Every other array goes as text, which the server reads as whatever the
 * statement says.
 */
function encodeArray(values: readonly SqlValue[]): string | Buffer {
  if (isByteArray(values)) return encodeByteaArray(values)
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    text += encodeElement(values[i])
  }
  return `${text}}`
}

function isByteArray(values: readonly SqlValue[]): values is readonly (Uint8Array | undefined | null)[] {
  let bytes = false
  for (const value of values) {
    if (value === undefined || value === null) continue
    if (!(value instanceof Uint8Array)) return false
    bytes = true
  }
  return bytes
}

function encodeElement(value: SqlValue): string {
  if (value === undefined || value === null) return 'NULL'
  switch (typeof value) {
    case 'string':
      return mustEscape.test(value) ? `"${value.replace(escaped, '\\$&')}"` : `"${value}"`
    case 'object':
      if (Array.isArray(value)) return String(encodeArray(value))
      if (value instanceof Date) return `"${encodeTime(value)}"`
      throw new TypeError('an array of SQL parameters mixes bytes with other kinds')
    default:
      return String(value)
  }
}

/** Header: dimensions, has nulls, element type, length, lower bound; then each element's length and bytes. */
function encodeByteaArray(values: readonly (Uint8Array | undefined | null)[]): Buffer {
  let size = 20
  for (const value of values) size += 4 + (value?.length ?? 0)
  const buffer = Buffer.allocUnsafe(size)
  buffer.writeInt32BE(1, 0)
  buffer.writeInt32BE(1, 4)
  buffer.writeInt32BE(byteaOid, 8)
  buffer.writeInt32BE(values.length, 12)
  buffer.writeInt32BE(1, 16)
  let at = 20
  for (const value of values) {
    buffer.writeInt32BE(value ? value.length : -1, at)
    at += 4
    if (!value) continue
    buffer.set(value, at)
    at += value.length
  }
  return buffer
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
