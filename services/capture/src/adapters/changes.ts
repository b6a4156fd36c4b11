/** Collects what a transaction does to a partition: counts, records to publish, work that follows. */
import type { Out, Tx } from '@canopy/chassis'
import { type change, topics } from '@canopy/proto'
import type { Kind } from '../ports.ts'
import { changesAsBytes, type Published, recordBytes } from './body.ts'
import type { EdgeChange } from './edges.sql.ts'
import type { PartitionRow } from './partitions.sql.ts'

export type Headers = Readonly<Record<string, string>>

export interface Unit {
  readonly tx: Tx
  readonly out: Out
  /** Locked; changed in place and written at the end. */
  readonly partition: PartitionRow
  readonly source: change.Source
  readonly headers: Headers
  /** From the stream of changes, not from a reading. */
  readonly live: boolean
  /** A trace per object, where it is one change; undefined: `headers` for all. */
  readonly objectHeaders?: () => Headers
}

/** Objects and edges that were published by this unit; more than none makes the partition dirty. */
export function publishEdges({ partition, out, source, headers }: Unit, changes: readonly EdgeChange[]): void {
  const { forest } = partition
  for (const { group, member, present, version } of changes) {
    partition.memberships += present ? 1 : -1
    const edge: change.SourceEdge = { forest, groupGuid: group, member, version, present, source }
    out.put(topics.edges, `${forest}/${group}/${member}`, edge, headers)
  }
  if (changes.length > 0) partition.dirty = true
}

/** `body` as it is stored. */
export function publishObject(
  { partition, out, headers, objectHeaders }: Unit,
  object: Published,
  body: Uint8Array,
): void {
  partition.dirty = true
  const key = `${object.forest}/${object.guid}`
  out.put(changesAsBytes, key, recordBytes(object, body), objectHeaders?.() ?? headers)
}

/** `isCriticalSystemObject: TRUE` as it stands in a stored body. */
const critical = Buffer.concat([
  Buffer.from('isCriticalSystemObject'),
  Buffer.from([0x12, 6, 0x0a, 4]),
  Buffer.from('TRUE'),
])

/** What belongs to the directory itself, such as built-in accounts and groups, is kept but is nobody's object to count. */
export function countObject(partition: PartitionRow, kind: Kind, body: Uint8Array, by: 1 | -1): void {
  if (Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(critical)) return
  switch (kind) {
    case 'user':
      partition.users += by
      return
    case 'group':
      partition.groups += by
      return
    case 'contact':
      partition.contacts += by
      return
    case 'container':
      partition.containers += by
      return
    case 'other':
      return
  }
}
