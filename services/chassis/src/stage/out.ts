/** Collects what one transaction publishes and packs it into outbox segments. */
import { record, type Topic } from '@canopy/proto'
import type { Bus } from '../bus/bus.ts'
import { partitionOf } from '../bus/partition.ts'
import { Failure } from '../failure.ts'
import type { Out } from './stage.ts'

/** One row of the outbox. */
export interface Segment {
  readonly topic: string
  readonly partition: number
  readonly count: number
  readonly records: Uint8Array
  /** What `records` encodes. */
  readonly entries: readonly record.Record[]
}

/** One writer for all: its buffer grows once instead of for every message. Empty: `finish` empties it. */
const writer = record.Watermark.encode(record.Watermark.fromPartial({}))

function encoded<M>(topic: Topic<M>, message: M): Buffer {
  try {
    return asBuffer(topic.codec.encode(message, writer).finish())
  } catch (error) {
    writer.finish()
    throw error
  }
}

/** A segment with its row in the outbox. */
export interface WrittenSegment extends Segment {
  readonly seq: bigint
}

export const watermarkPrefix = '~watermark/'
/** Above it Kafka refuses a record; such an object is parked, not a partition stopped. */
const maxRecordBytes = 1_000_000
const maxSegmentBytes = 1_000_000
const noHeaders = {}

interface Lane {
  readonly topic: Topic
  /** Per partition, in the order they were put. */
  readonly records: record.Record[][]
}

export class Collector implements Out {
  readonly #bus: Pick<Bus, 'partitions'>
  readonly #lanes = new Map<string, Lane>()
  /** Watermarks that were put, in order. */
  readonly watermarks: record.Watermark[] = []

  constructor(bus: Pick<Bus, 'partitions'>, outputs: readonly Topic[]) {
    this.#bus = bus
    for (const topic of outputs) this.#lanes.set(topic.name, { topic, records: [] })
  }

  put<M>(topic: Topic<M>, key: string, message: M, headers?: Readonly<Record<string, string>>): void {
    const value = encoded(topic, message)
    if (value.length > maxRecordBytes) throw tooLarge(topic.name)
    const partition = partitionOf(topic, key, this.#bus.partitions(topic as Topic))
    this.#add(this.#lane(topic.name), partition, { key, value, headers: headers ?? noHeaders })
  }

  /** To every partition of every output, behind whatever was put before. */
  putWatermark(watermark: record.Watermark): void {
    this.watermarks.push(watermark)
    const key = `${watermarkPrefix}${watermark.forest}/${watermark.partition}`
    const value = asBuffer(record.Watermark.encode(watermark).finish())
    for (const lane of this.#lanes.values()) {
      for (let partition = 0; partition < this.#bus.partitions(lane.topic); partition++) {
        this.#add(lane, partition, { key, value, headers: noHeaders })
      }
    }
  }

  /** Ordered within each partition; usually one per partition, more where they would grow too large. */
  segments(): Segment[] {
    const segments: Segment[] = []
    for (const { topic, records } of this.#lanes.values()) {
      for (const [partition, all] of records.entries()) {
        if (!all) continue
        for (const run of runs(all)) {
          const bytes = record.Segment.encode({ records: run }).finish()
          segments.push({ topic: topic.name, partition, count: run.length, records: bytes, entries: run })
        }
      }
    }
    return segments
  }

  #lane(name: string): Lane {
    const lane = this.#lanes.get(name)
    if (lane) return lane
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-STAGE-0004',
      message: `the stage does not declare ${name} as an output, so nobody would publish it`,
    })
  }

  #add({ records }: Lane, partition: number, item: record.Record): void {
    const all = records[partition]
    if (all) all.push(item)
    else records[partition] = [item]
  }
}

function runs(records: record.Record[]): record.Record[][] {
  const found: record.Record[][] = []
  let from = 0
  let bytes = 0
  for (const [index, item] of records.entries()) {
    if (bytes > 0 && bytes + item.value.length > maxSegmentBytes) {
      found.push(records.slice(from, index))
      from = index
      bytes = 0
    }
    bytes += item.value.length + item.key.length
  }
  found.push(from === 0 ? records : records.slice(from))
  return found
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const tooLarge = (topic: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-STAGE-0003',
    message: `a record for ${topic} is larger than ${maxRecordBytes} bytes`,
    mend: 'leave out the large attribute in the mapping, then release the parked record',
  })
