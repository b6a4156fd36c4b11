/** Turns records into the bytes of a segment and back, and splits what is too large for one. */
import { record } from '@canopy/proto'
import type { BusRecord, StoredRecord } from './bus.ts'

/** A segment, and a Kafka record batch, is closed before it grows beyond this. */
export const maxSegmentBytes = 512 * 1024

/** About what a record takes on either bus: two bytes of framing per field are rounded up. */
export function encodedBytes(of: BusRecord): number {
  let bytes = 32 + of.key.length + (of.value?.length ?? 0)
  for (const name in of.headers) bytes += 8 + name.length + (of.headers[name]?.length ?? 0)
  return bytes
}

/** Runs of records of at most `maxBytes` each; a record that is larger stands alone. */
export function split(records: readonly BusRecord[], maxBytes = maxSegmentBytes): readonly (readonly BusRecord[])[] {
  const runs: BusRecord[][] = []
  let run: BusRecord[] = []
  let bytes = 0
  for (const each of records) {
    const size = encodedBytes(each)
    if (run.length > 0 && bytes + size > maxBytes) {
      runs.push(run)
      run = []
      bytes = 0
    }
    run.push(each)
    bytes += size
  }
  if (run.length > 0) runs.push(run)
  return runs
}

/** Records in the order of their offsets; without offsets they follow each other. */
export function encodeSegment(records: readonly BusRecord[]): Buffer {
  return encode(records, () => 0)
}

/** What compaction left: the offsets are kept as the distance to where they would be without it. */
export function encodeCompacted(baseOffset: bigint, records: readonly StoredRecord[]): Buffer {
  return encode(records, (index) => Number((records[index]?.offset ?? baseOffset) - baseOffset) - index)
}

function encode(records: readonly BusRecord[], removedBefore: (index: number) => number): Buffer {
  const stored = records.map(
    (each, index): record.StoredRecord => ({
      key: each.key,
      value: each.value as Buffer | undefined,
      headers: each.headers,
      timeMs: each.timeMs,
      removedBefore: removedBefore(index),
    }),
  )
  const bytes = record.StoredSegment.encode({ records: stored }).finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Total over what `encodeSegment` and `encodeCompacted` wrote. */
export function decodeSegment(baseOffset: bigint, data: Uint8Array): StoredRecord[] {
  const { records } = record.StoredSegment.decode(data)
  return records.map((each, index) => ({
    key: each.key,
    value: each.value,
    headers: each.headers,
    timeMs: each.timeMs,
    offset: baseOffset + BigInt(index + each.removedBefore),
  }))
}
