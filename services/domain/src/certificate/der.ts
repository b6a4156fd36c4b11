/** Reads DER: what certificates are written in. */

export interface Element {
  readonly tag: number
  readonly content: Uint8Array
  /** With tag and length. */
  readonly whole: Uint8Array
}

export const tags = {
  integer: 0x02,
  bits: 0x03,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  version: 0xa0,
  extensions: 0xa3,
}

/** Undefined where the bytes are no element, or end too early. */
export function element(bytes: Uint8Array, at = 0): Element | undefined {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) return undefined
  const more = first < 0x80 ? 0 : first & 0x7f
  if (more > 4 || first === 0x80) return undefined
  let length = more === 0 ? first : 0
  for (let n = 0; n < more; n++) length = length * 256 + (bytes[at + 2 + n] ?? 0)
  const start = at + 2 + more
  if (start + length > bytes.length) return undefined
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) }
}

/** The elements inside of one; undefined where its content is no row of elements. */
export function inside({ content }: Element): readonly Element[] | undefined {
  const found: Element[] = []
  for (let at = 0; at < content.length; ) {
    const next = element(content, at)
    if (!next) return undefined
    found.push(next)
    at += next.whole.length
  }
  return found
}

/** "2.5.4.3". */
export function oidText({ content }: Element): string {
  const parts: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if (byte >= 0x80) continue
    if (parts.length > 0) parts.push(value)
    else {
      const first = Math.min(2, Math.floor(value / 40))
      parts.push(first, value - first * 40)
    }
    value = 0
  }
  return parts.join('.')
}

export const hexText = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()

const utf8 = new TextDecoder('utf-8')
const utf16 = new TextDecoder('utf-16be')
const latin1 = new TextDecoder('latin1')

/** Of the text types of names: UTF8String, BMPString, and those of one byte per character. */
export function textOf({ tag, content }: Element): string {
  if (tag === 0x0c) return utf8.decode(content)
  return tag === 0x1e ? utf16.decode(content) : latin1.decode(content)
}
