/** Object GUIDs as text (`8-4-4-4-12`, lower case) and as the sixteen mixed-endian bytes that travel in LDAP. */

const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const

export function guidToBytes(guid: string): Buffer {
  const straight = Buffer.from(guid.replaceAll('-', ''), 'hex')
  const bytes = Buffer.allocUnsafe(16)
  for (let i = 0; i < 16; i++) bytes[i] = straight[order[i] ?? 0] ?? 0
  return bytes
}

export function guidFromBytes(bytes: Uint8Array): string {
  const straight = Buffer.allocUnsafe(16)
  for (let i = 0; i < 16; i++) straight[i] = bytes[order[i] ?? 0] ?? 0
  return guidFromHex(straight.toString('hex'))
}

/** Thirty-two hexadecimal digits in reading order, as a version 4 GUID's text. */
export function guidFromHex(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

/** Reads a GUID as clients write it: dashed, in braces, or the hexadecimal of its bytes. */
export function parseGuid(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^\{|\}$/g, '')
    .toLowerCase()
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(bare)) return bare
  if (/^[0-9a-f]{32}$/.test(bare)) return guidFromBytes(Buffer.from(bare, 'hex'))
  return undefined
}
