/** What the tests of stages share: two small topics, a store of numbered keys, and a way to look at a topic's log. */
import type { record, Topic } from '@canopy/proto'
import type { Bus, BusRecord, StoredRecord } from '../bus/bus.ts'
import { partitionOf } from '../bus/partition.ts'
import { postgresBus } from '../bus/postgres.ts'
import { joinLeasePool } from '../lease/pool.ts'
import type { SqlConnection } from '../sql/connection.ts'
import { postgresSql } from '../sql/postgres.ts'
import type { StageBatch, StageDefinition } from './stage.ts'

/** `n`: how often the source changed. `version`: minted by the stage. */
export interface Numbered {
  readonly key: string
  readonly n: number
  readonly version?: number
}

const codec = {
  encode: (message: Numbered) => ({ finish: () => Buffer.from(JSON.stringify(message)) }),
  decode: (bytes: Uint8Array): Numbered => JSON.parse(Buffer.from(bytes).toString()) as Numbered,
}

export const numberedTopic = (name: string, partitions = 4): Topic<Numbered> => ({
  name,
  codec,
  key: 'key',
  orderingSegments: 1,
  cleanup: 'compact',
  partitions: { kafka: partitions, embedded: partitions },
})

export const source = numberedTopic('test.source')
export const target = numberedTopic('test.target')
export const shortTtlMs = 600

/** Keeps the newest `n` of each key, raises its version, publishes it: what every stage does. */
export async function keepNewest({ tx, out, records }: StageBatch): Promise<void> {
  const newest = new Map(records.map(({ key, message }) => [key, (message as Numbered).n]))
  const rows = await tx.query<{ key: string; n: number; version: number }>(
    `insert into kept as k (key, n, version, applied) select key, n, 1, 1 from unnest($1::text[], $2::int[]) as i (key, n) order by key
     on conflict (key) do update set n = greatest(k.n, excluded.n), version = k.version + 1, applied = k.applied + 1
     returning key, n, version`,
    [[...newest.keys()], [...newest.values()]],
  )
  for (const { key, n, version } of rows) out.put(target, key, { key, n, version })
}

export const keptTable =
  'create table kept (key text primary key, n int not null, version int not null, applied int not null)'

export const keepStage = (over: Partial<StageDefinition> = {}): StageDefinition => ({
  name: 'keep',
  inputs: [source] as readonly Topic[] as Topic[],
  outputs: [target] as readonly Topic[] as Topic[],
  handle: keepNewest,
  ...over,
})

/** A bus of another process' view, with leases that end soon. */
export async function testBus(connection: SqlConnection, schema: string): Promise<Bus> {
  const sql = await postgresSql({ connection, schema })
  const bus = await postgresBus({
    sql,
    leases: (options) => joinLeasePool({ ...options, ttlMs: shortTtlMs }, { sql, instance: 'test' }),
  })
  return {
    ...bus,
    close: async () => {
      await bus.close()
      await sql.close()
    },
  }
}

export async function send(bus: Bus, topic: Topic<Numbered>, messages: readonly Numbered[]): Promise<void> {
  const byPartition = new Map<number, BusRecord[]>()
  for (const message of messages) {
    const partition = partitionOf(topic, message.key, topic.partitions.embedded)
    const value = topic.codec.encode(message).finish()
    const records = byPartition.get(partition) ?? []
    byPartition.set(partition, records)
    records.push({ key: message.key, value, headers: {}, timeMs: Date.now() })
  }
  for (const [partition, records] of byPartition) {
    await bus.append({ topic: topic as Topic, partition, records, deadlineMs: performance.now() + 10_000 })
  }
}

export const watermark = (forest: string, checkpoint: bigint, epoch = 1n): record.Watermark => ({
  forest,
  partition: `DC=${forest}`,
  epoch,
  checkpoint,
  observedAt: new Date(0),
  objects: 1,
  edges: 0,
})

/** Everything of a topic so far, each record with its order in its own partition. */
export async function readLog(bus: Bus, topic: Topic): Promise<StoredRecord[]> {
  const all: StoredRecord[] = []
  let done = (): void => undefined
  const caught = new Promise<void>((resolve) => {
    done = resolve
  })
  const consumer = await bus.follow({
    topic,
    onRecords: async (records, caughtUp) => {
      all.push(...records)
      if (caughtUp) done()
    },
  })
  if ((await bus.endOffsets(topic)).every((end) => end === 0n)) done()
  await caught
  await consumer.close()
  return all
}

export const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
