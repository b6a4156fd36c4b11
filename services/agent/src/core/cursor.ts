/** Where a reading stands, as a value: opaque JSON to the hub, enough for any agent to go on from. */

export type Cursor =
  | {
      readonly dialect: 'dirsync'
      readonly phase: 'snapshot' | 'stream'
      /** Base64; '' only while a snapshot has no page yet. */
      readonly cookie: string
    }
  | {
      readonly dialect: 'syncrepl'
      readonly phase: 'snapshot' | 'stream'
      /** Base64; '' only while a snapshot has not read its objects. */
      readonly cookie: string
    }
  | {
      readonly dialect: 'usn'
      readonly phase: 'snapshot' | 'stream'
      /** USNs are those of one database of one server: another one starts anew. */
      readonly invocationId: string
      /** Everything up to here has been read. */
      readonly usn: number
      /** Snapshot only: where it ends, the highest committed USN at its start. */
      readonly until: number
    }

export const encodeCursor = (cursor: Cursor): Buffer => Buffer.from(JSON.stringify({ v: 1, ...cursor }))

/** Undefined for none and for what another version wrote: the partition is then read from the start. */
export function decodeCursor(bytes: Uint8Array): Cursor | undefined {
  if (bytes.length === 0) return undefined
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('v' in value) || value.v !== 1) return undefined
  const { dialect, phase, cookie, invocationId, usn, until } = value as Record<string, unknown>
  if (phase !== 'snapshot' && phase !== 'stream') return undefined
  if ((dialect === 'dirsync' || dialect === 'syncrepl') && typeof cookie === 'string') return { dialect, phase, cookie }
  if (dialect === 'usn' && typeof invocationId === 'string' && isUsn(usn) && isUsn(until)) {
    return { dialect, phase, invocationId, usn, until }
  }
  return undefined
}

const isUsn = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** The directory no longer knows the position: read from the start. */
export class CursorLost extends Error {
  override readonly name = 'CursorLost'
}
