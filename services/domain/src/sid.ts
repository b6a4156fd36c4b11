/** Turns a security identifier's bytes into "S-1-…" and back. */

const text = /^S-1-(\d{1,15})((?:-\d{1,10}){0,15})$/

/** Undefined unless the bytes are exactly one SID of revision 1. */
export function sidFromBytes(bytes: Uint8Array): string | undefined {
  const count = bytes[1]
  if (bytes[0] !== 1 || count === undefined || count > 15 || bytes.length !== 8 + count * 4) return undefined
  let authority = 0
  for (let n = 2; n < 8; n++) authority = authority * 256 + bytes[n]!
  let sid = `S-1-${authority}`
  for (let n = 0; n < count; n++) {
    const at = 8 + n * 4
    sid += `-${(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0}`
  }
  return sid
}

/** The bytes of "S-1-…"; undefined if it is no SID. */
export function sidToBytes(sid: string): Uint8Array | undefined {
  const match = text.exec(sid)
  if (!match) return undefined
  let authority = Number(match[1])
  const parts = match[2]!.split('-').slice(1).map(Number)
  if (authority >= 2 ** 48 || parts.some((part) => part >= 2 ** 32)) return undefined
  const bytes = new Uint8Array(8 + parts.length * 4)
  bytes[0] = 1
  bytes[1] = parts.length
  for (let n = 7; n >= 2; n--) {
    bytes[n] = authority % 256
    authority = Math.floor(authority / 256)
  }
  const view = new DataView(bytes.buffer)
  for (const [n, part] of parts.entries()) view.setUint32(8 + n * 4, part, true)
  return bytes
}

export const isSid = (value: string): boolean => sidToBytes(value) !== undefined
