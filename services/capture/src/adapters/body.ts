/** Stores what a forest says of an object as bytes, equal for equal states, and publishes it as a record. */
import { createHash } from 'node:crypto'
import { change, type Topic, topics } from '@canopy/proto'
import type { Location } from '../core/location.ts'
import type { Body, ObjectState } from '../ports.ts'

/** An object over this many bytes does not travel. */
export const maxObjectBytes = 900 * 1024

const nothing = change.DirectoryObject.fromPartial({})

export const encodeBody = ({ attributes, references, oversize }: Body): Uint8Array =>
  change.DirectoryObject.encode({ ...nothing, attributes, references, oversize } as change.DirectoryObject).finish()

export const decodeBody = (bytes: Uint8Array): Body => change.DirectoryObject.decode(bytes)

/** Of a value that stays behind: equal values have equal digests. */
export function digestValues(values: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const value of values) hash.update(`${value.length}:`).update(value)
  return hash.digest('hex')
}

export interface Published {
  readonly forest: string
  readonly guid: string
  readonly version: bigint
  readonly gone: boolean
  readonly state: ObjectState
  readonly location: Location
  readonly source: change.Source
}

/** `canopy.changes` for payloads that are bytes already. */
export const changesAsBytes: Topic<Uint8Array> = {
  ...topics.changes,
  codec: { encode: (bytes) => ({ finish: () => bytes }), decode: (bytes) => bytes },
}

/**
 * The record's bytes, made of the stored body's: messages of one type may be written one behind the other, so the
 * attributes need not be encoded twice.
 */
export function recordBytes(of: Published, body: Uint8Array): Uint8Array {
  const head = change.DirectoryObject.encode({ ...toRecord(of), attributes: {}, references: {}, oversize: {} }).finish()
  return of.gone ? head : Buffer.concat([head, body])
}

/** What is gone carries its identity and nothing else. */
export function toRecord({ forest, guid, version, gone, state, location, source }: Published): change.DirectoryObject {
  const { attributes, references, oversize } = gone ? nothing : state.body
  return {
    forest,
    guid,
    version,
    gone,
    kind: state.kind,
    objectClasses: [...state.classes],
    sid: state.sid,
    name: state.name,
    parentGuid: state.parent ?? '',
    path: [...location.path],
    dn: location.dn,
    attributes: attributes as change.DirectoryObject['attributes'],
    references: references as change.DirectoryObject['references'],
    oversize: oversize as change.DirectoryObject['oversize'],
    source,
  }
}
