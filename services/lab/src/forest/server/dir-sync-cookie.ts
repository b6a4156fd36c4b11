/** The DirSync cookie: how far a reader is, for the controller that gave it and for the others of the domain. */
import type { LabDirectory } from '../directory/directory.ts'
import type { Origins, UpToDateness } from '../directory/origins.ts'
import { badCookie } from './refusals.ts'

export interface Cookie {
  /** USN up to which entries were sent in this cycle. */
  readonly objects: number
  /** USN up to which everything is known from earlier cycles; undefined where only the vector tells. */
  readonly properties: number | undefined
  /** The same, by the controllers that made the changes. */
  readonly vector: UpToDateness
}

const magic = Buffer.from('MSDS')
const version = 4
const headLength = 52
const pairLength = 24
const byVector = 0xffff_ffff_ffff_ffffn

export function writeCookie(cookie: Cookie, directory: LabDirectory): Buffer {
  const bytes = Buffer.alloc(headLength + pairLength * cookie.vector.size)
  magic.copy(bytes)
  bytes.writeUInt32LE(version, 4)
  bytes.writeBigUInt64LE(BigInt(Date.now()), 8)
  bytes.writeBigUInt64LE(BigInt(cookie.objects), 16)
  bytes.writeBigUInt64LE(cookie.properties === undefined ? byVector : BigInt(cookie.properties), 24)
  Buffer.from(directory.invocationId, 'hex').copy(bytes, 32)
  bytes.writeUInt32LE(cookie.vector.size, 48)
  let at = headLength
  for (const [id, usn] of cookie.vector) {
    Buffer.from(id, 'hex').copy(bytes, at)
    bytes.writeBigUInt64LE(BigInt(usn), at + 16)
    at += pairLength
  }
  return bytes
}

/** Throws 12 for what no controller of this domain gave. */
export function readCookie(bytes: Buffer, directory: LabDirectory): Cookie {
  if (bytes.length === 0) return { objects: 0, properties: 0, vector: new Map() }
  const sound = bytes.length >= headLength && bytes.subarray(0, 4).equals(magic) && bytes.readUInt32LE(4) === version
  const pairs = sound ? bytes.readUInt32LE(48) : 0
  if (!sound || bytes.length !== headLength + pairs * pairLength) throw badCookie()
  const vector = new Map<string, number>()
  for (let at = headLength; at < bytes.length; at += pairLength)
    vector.set(bytes.subarray(at, at + 16).toString('hex'), Number(bytes.readBigUInt64LE(at + 16)))
  const giver = bytes.subarray(32, 48).toString('hex')
  if (giver === directory.invocationId) {
    const properties = bytes.readBigUInt64LE(24)
    return {
      objects: Number(bytes.readBigUInt64LE(16)),
      properties: properties === byVector ? undefined : Number(properties),
      vector,
    }
  }
  const { origins } = directory.store
  if (!origins.knows(giver) && ![...vector.keys()].some((id) => origins.knows(id))) throw badCookie()
  // Pages under way elsewhere begin again here, from what the last whole cycle told.
  return { objects: origins.knownUpTo(vector, directory.highestUsn), properties: undefined, vector }
}

/** Tells what the reader of the cookie does not know yet, by local USN. */
export function newTo(cookie: Cookie, origins: Origins): (usn: number) => boolean {
  const { properties, vector } = cookie
  if (properties !== undefined) return (usn) => usn > properties
  return (usn) => {
    const origin = origins.of(usn)
    return origin === undefined || (vector.get(origin.id) ?? 0) < origin.usn
  }
}
