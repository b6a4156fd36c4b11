/** Turns an objectGUID's 16 bytes into the lower-case dashed text used everywhere, and back. */

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const dashed = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Undefined unless there are exactly 16 bytes. */
export function guidFromBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 16) return undefined
  const at = (index: number): string => hex[bytes[index]!]!
  return (
    `${at(3)}${at(2)}${at(1)}${at(0)}-${at(5)}${at(4)}-${at(7)}${at(6)}-${at(8)}${at(9)}-` +
    `${at(10)}${at(11)}${at(12)}${at(13)}${at(14)}${at(15)}`
  )
}

/** Where in the text the two digits of byte n stand: the first three groups are little-endian on the wire. */
const places = [6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34] as const

/** Of a digit or a small letter. */
const nibble = (unit: number): number => (unit < 0x3a ? unit - 0x30 : unit - 0x57)

/** The directory's byte order of a lower-case dashed GUID; undefined if it is none. */
export function guidToBytes(guid: string): Uint8Array | undefined {
  if (!dashed.test(guid)) return undefined
  const bytes = new Uint8Array(16)
  for (let n = 0; n < 16; n++) {
    const at = places[n]!
    bytes[n] = (nibble(guid.charCodeAt(at)) << 4) | nibble(guid.charCodeAt(at + 1))
  }
  return bytes
}

/** True for the form used in keys: lower-case and dashed. */
export const isGuid = (text: string): boolean => dashed.test(text)

/** Accepts braces, upper case and missing dashes, as people paste them; undefined if it is no GUID. */
export function parseGuid(text: string): string | undefined {
  const digits = text
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replaceAll('-', '')
    .toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(digits)) return undefined
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  )
}
