/** Turns records of a batch into what the stage does with them; what cannot be read is told apart, not thrown. */
import { record, type Topic } from '@canopy/proto'
import type { StoredRecord } from '../bus/bus.ts'
import { Failure } from '../failure.ts'
import { watermarkPrefix } from './out.ts'
import type { Incoming } from './stage.ts'

/**
 * `record` is handled. `watermark` is taken to the store. `parked` is put aside with its failure. `passed` needs nothing: a
 * record that lets compaction forget its key, or an older state of a key whose newer one follows in the same batch.
 */
export type Entry =
  | { readonly kind: 'record'; readonly raw: StoredRecord; readonly incoming: Incoming }
  | { readonly kind: 'watermark'; readonly raw: StoredRecord; readonly watermark: record.Watermark }
  | { readonly kind: 'parked'; readonly raw: StoredRecord; readonly failure: Failure }
  | { readonly kind: 'passed'; readonly raw: StoredRecord }

const sliceMs = 20

/** Lets others run when decoding takes long. */
export async function decodeAll(topic: Topic, partition: number, records: readonly StoredRecord[]): Promise<Entry[]> {
  const entries: Entry[] = []
  let since = performance.now()
  for (const raw of records) {
    entries.push(decode(topic, partition, raw))
    if (entries.length % 64 !== 0 || performance.now() - since < sliceMs) continue
    await new Promise<void>((resolve) => setImmediate(resolve))
    since = performance.now()
  }
  return entries
}

export function decode(topic: Topic, partition: number, raw: StoredRecord): Entry {
  if (raw.value === undefined) return { kind: 'passed', raw }
  try {
    if (raw.key.startsWith(watermarkPrefix)) {
      return { kind: 'watermark', raw, watermark: record.Watermark.decode(raw.value) }
    }
    const { offset, key, headers, timeMs } = raw
    const message = topic.codec.decode(raw.value)
    const incoming = { topic, partition, offset, key, message, bytes: raw.value, headers, timeMs }
    return { kind: 'record', raw, incoming }
  } catch {
    // The decoder's message may quote the bytes.
    return { kind: 'parked', raw, failure: corrupt(topic, partition, raw) }
  }
}

const corrupt = (topic: Topic, partition: number, raw: StoredRecord): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-STAGE-0001',
    message: 'the record cannot be decoded',
    at: `${topic.name}/${partition}@${raw.offset}`,
    mend: 'a newer record of the same key takes its place; release it after an upgrade that can read it',
  })
