/** Reads what a server says by the controls and messages of content synchronization (RFC 4533). */
import type { SyncInfo, SyncState } from '../../ports.ts'
import { BerError, BerReader } from './ber.ts'
import type { ResponseControl } from './message.ts'

export const syncOids = {
  request: '1.3.6.1.4.1.4203.1.9.1.1',
  state: '1.3.6.1.4.1.4203.1.9.1.2',
  done: '1.3.6.1.4.1.4203.1.9.1.3',
  info: '1.3.6.1.4.1.4203.1.9.1.4',
} as const

const states = ['present', 'add', 'modify', 'delete'] as const

/** The state control of an entry; undefined when it carries none. */
export function decodeSyncState(controls: readonly ResponseControl[]): SyncState | undefined {
  const value = controls.find(({ oid }) => oid === syncOids.state)?.value
  if (!value) return undefined
  const reader = new BerReader(value, 0, value.length)
  reader.end = reader.enter(0x30)
  const state = states[reader.integer(0x0a)]
  if (state === undefined) throw new BerError('sync state not known')
  const uuid = decodeUuid(reader)
  return { state, uuid, cookie: optionalCookie(reader) }
}

/** The done control's content. */
export function decodeSyncDone(value: Buffer): { readonly cookie: Buffer | undefined; readonly deletes: boolean } {
  const reader = new BerReader(value, 0, value.length)
  reader.end = reader.enter(0x30)
  return { cookie: optionalCookie(reader), deletes: reader.peek() === 0x01 ? reader.boolean() : false }
}

/** The value of a sync info message. */
export function decodeSyncInfo(value: Buffer): SyncInfo {
  const reader = new BerReader(value, 0, value.length)
  const tag = reader.peek()
  if (tag === 0x80) return { type: 'cookie', cookie: Buffer.from(reader.bytes(0x80)) }
  reader.end = reader.enter(tag)
  const cookie = optionalCookie(reader)
  switch (tag) {
    case 0xa1:
    case 0xa2: {
      const done = reader.peek() === 0x01 ? reader.boolean() : true
      return { type: tag === 0xa1 ? 'refreshDelete' : 'refreshPresent', cookie, done }
    }
    case 0xa3: {
      const deletes = reader.peek() === 0x01 ? reader.boolean() : false
      reader.end = reader.enter(0x31)
      const uuids: string[] = []
      while (reader.more) uuids.push(decodeUuid(reader))
      return { type: 'ids', cookie, deletes, uuids }
    }
    default:
      throw new BerError(`sync info ${tag} not known`)
  }
}

function optionalCookie(reader: BerReader): Buffer | undefined {
  return reader.peek() === 0x04 ? Buffer.from(reader.bytes()) : undefined
}

/** entryUUID is in network order: no part of it is turned around, unlike objectGUID. */
function decodeUuid(reader: BerReader): string {
  const bytes = reader.bytes()
  if (bytes.length !== 16) throw new BerError('entryUUID not of 16 bytes')
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
