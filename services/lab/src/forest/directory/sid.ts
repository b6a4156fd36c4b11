/** Security identifiers as text (`S-1-5-21-…`) and as the bytes that travel in LDAP. */

export function sidToBytes(sid: string): Buffer {
  const [, revision = '1', authority = '5', ...parts] = sid.split('-')
  const bytes = Buffer.alloc(8 + parts.length * 4)
  bytes[0] = Number(revision)
  bytes[1] = parts.length
  bytes.writeUIntBE(Number(authority), 2, 6)
  for (const [i, part] of parts.entries()) bytes.writeUInt32LE(Number(part), 8 + i * 4)
  return bytes
}

export function sidFromBytes(bytes: Uint8Array): string | undefined {
  const count = bytes[1] ?? 0
  if (bytes.length !== 8 + count * 4 || bytes[0] !== 1) return undefined
  const view = Buffer.from(bytes)
  let sid = `S-1-${view.readUIntBE(2, 6)}`
  for (let i = 0; i < count; i++) sid += `-${view.readUInt32LE(8 + i * 4)}`
  return sid
}

/** Reads a SID as clients write it: text, or the hexadecimal of its bytes. */
export function parseSid(text: string): string | undefined {
  const bare = text.trim()
  if (/^s-1-\d+(-\d+)+$/i.test(bare)) return bare.toUpperCase()
  return /^([0-9a-f]{2})+$/i.test(bare) ? sidFromBytes(Buffer.from(bare, 'hex')) : undefined
}
