/** Where a reading stands, as a value: opaque JSON to the hub, enough for any agent to go on from. */

export type Cursor =
  | {
      readonly dialect: 'dirsync'
      readonly phase: 'snapshot' | 'stream'
      /** Base64; '' only while a snapshot has no page yet. */
      readonly cookie: string
      /** The controllers it was read at, the last one first. */
      readonly controllers?: readonly ControllerMark[]
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
      /** Of this server, oldest first. */
      readonly marks?: readonly Mark[]
      /** Other servers that were read, newest first. */
      readonly others?: readonly ServerPosition[]
      readonly tail?: Tail | undefined
    }

/** The end of a controller's history as it was read: who had the USNs from `from` to `to`, the highest there was. */
export interface Tail {
  readonly from: number
  readonly to: number
  readonly seen: readonly Witness[]
}

export interface Witness {
  readonly guid: string
  /** Its uSNChanged. */
  readonly usn: number
}

/** What is remembered of a controller beside a position that is good at all of them. */
export interface ControllerMark {
  /** Name of its NTDS settings. */
  readonly server: string
  readonly invocationId: string
  readonly tail: Tail
}

/** How far a server had been read on a day. */
export interface Mark {
  /** Days since 1970 by the clock of the directory. */
  readonly day: number
  readonly usn: number
}

/** Where to go on at a server that was left: a day before it was, because its neighbour may have known less. */
export interface ServerPosition extends Mark {
  readonly invocationId: string
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
  const { controllers, tail } = value as Record<string, unknown>
  if (dialect === 'syncrepl' && typeof cookie === 'string') return { dialect, phase, cookie }
  if (dialect === 'dirsync' && typeof cookie === 'string')
    return { dialect, phase, cookie, controllers: listOf(controllers, controllerMark) }
  if (dialect === 'usn' && typeof invocationId === 'string' && isUsn(usn) && isUsn(until)) {
    const { marks, others } = value as Record<string, unknown>
    const lists = { marks: listOf(marks, mark), others: listOf(others, position) }
    return { dialect, phase, invocationId, usn, until, ...lists, tail: tailOf(tail) }
  }
  return undefined
}

function listOf<T>(value: unknown, of: (fields: Record<string, unknown>) => T | undefined): T[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((each: unknown) => {
    const item = typeof each === 'object' && each !== null ? of(each as Record<string, unknown>) : undefined
    return item === undefined ? [] : [item]
  })
}

const mark = ({ day, usn }: Record<string, unknown>): Mark | undefined =>
  isUsn(day) && isUsn(usn) ? { day, usn } : undefined

function position(fields: Record<string, unknown>): ServerPosition | undefined {
  const at = mark(fields)
  return at && typeof fields.invocationId === 'string' ? { ...at, invocationId: fields.invocationId } : undefined
}

const witness = ({ guid, usn }: Record<string, unknown>): Witness | undefined =>
  typeof guid === 'string' && isUsn(usn) ? { guid, usn } : undefined

function tailOf(value: unknown): Tail | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { from, to, seen } = value as Record<string, unknown>
  return isUsn(from) && isUsn(to) ? { from, to, seen: listOf(seen, witness) } : undefined
}

function controllerMark(fields: Record<string, unknown>): ControllerMark | undefined {
  const { server, invocationId } = fields
  const tail = tailOf(fields.tail)
  if (typeof server !== 'string' || typeof invocationId !== 'string' || !tail) return undefined
  return { server, invocationId, tail }
}

const isUsn = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** The directory no longer knows the position: read from the start. */
export class CursorLost extends Error {
  override readonly name = 'CursorLost'
}
