/** The bus on PostgreSQL: what runs embedded, and in small installations without Kafka. */
import { randomUUID } from 'node:crypto'
import type { Topic } from '@canopy/proto'
import { classify } from '../failure.ts'
import type { LeasePool, LeasePoolOptions } from '../lease/lease.ts'
import { joinLeasePool } from '../lease/pool.ts'
import { migrate } from '../sql/migrate.ts'
import type { Sql } from '../sql/sql.ts'
import type { Log } from '../telemetry/log.ts'
import type { Bus, Consumer } from './bus.ts'
import { type CleanOptions, cleanTopics } from './clean.ts'
import { PartitionEnds, partitionKey } from './ends.ts'
import { positionBeyondEnd, wrongPartitionCount } from './failures.ts'
import { follow } from './follower.ts'
import { joinGroup } from './members.ts'
import { busMigrations } from './migrations.ts'
import { ensureTopic, partitionEnds } from './postgres.sql.ts'
import { PostgresAppender } from './postgres-appender.ts'
import { PartitionReader } from './reader.ts'
import { RecentSegments } from './recent.ts'

const channel = 'canopy_bus'

export interface PostgresBusOptions {
  /** The bus' own schema, brought up to date here; stays open when the bus is closed. */
  readonly sql: Sql
  /** How a group shares its partitions: a lease pool on the same store, unless said otherwise. */
  readonly leases?: (options: LeasePoolOptions) => Promise<LeasePool>
  readonly log?: Log
  readonly now?: () => Date
  readonly clean?: Omit<CleanOptions, 'now'>
  /** Bytes of newly appended segments kept for readers of this process; default 16 MiB. */
  readonly recentBytes?: number
}

export async function postgresBus(options: PostgresBusOptions): Promise<Bus> {
  const { sql, log } = options
  await migrate(sql, busMigrations)
  const self = randomUUID()
  const leases = options.leases ?? ((pool: LeasePoolOptions) => joinLeasePool(pool, { sql, instance: self, log }))
  const onError = (error: unknown, at?: string): void => {
    const { code, message } = classify(error)
    log?.warn({ code, at }, `bus: ${message}`)
  }
  const recent = new RecentSegments(options.recentBytes ?? 16 * 1024 * 1024)
  const ends = new PartitionEnds({ sql, channel, self, onError })
  const appender = new PostgresAppender({ sql, channel, self, ends, recent, onError })
  const open = new Set<Consumer>()
  const reader = (topic: Topic, partition: number, position: bigint): PartitionReader =>
    new PartitionReader({ sql, ends, recent, topic: topic.name, partition, position })
  const readerWithin = async (topic: Topic, partition: number, position: bigint): Promise<PartitionReader> => {
    const end = (await partitionEnds(sql, [topic.name])).find((each) => each.partition === partition)?.end ?? 0n
    if (position > end) throw positionBeyondEnd({ at: partitionKey(topic.name, partition), position, end })
    return reader(topic, partition, position)
  }

  /** Keeps a consumer, and the topics it reads watched, until it is closed. */
  const keep = (consumer: Consumer, unwatch: readonly (() => void)[]): Consumer => {
    const kept: Consumer = {
      close: async () => {
        open.delete(kept)
        await consumer.close()
        for (const stop of unwatch) stop()
      },
    }
    open.add(kept)
    return kept
  }

  return {
    kind: 'postgres',
    partitions: (topic) => topic.partitions.embedded,
    ensureTopics: async (topics) => {
      for (const topic of topics) {
        const found = await ensureTopic(sql, topic)
        if (found !== topic.partitions.embedded) {
          throw wrongPartitionCount({ topic: topic.name, found, wanted: topic.partitions.embedded })
        }
      }
    },
    append: (request) => appender.append(request),
    consume: async (consumption) => {
      const unwatch = consumption.topics.map((topic) => ends.watch(topic.name))
      const member = await joinGroup({ consumption, leases, reader: readerWithin, onError })
      return keep(member, unwatch)
    },
    follow: async ({ topic, onRecords }) => {
      const unwatch = ends.watch(topic.name)
      const partitions = (await partitionEnds(sql, [topic.name])).map(({ partition, end }) => {
        ends.saw(partitionKey(topic.name, partition), end)
        return { reader: reader(topic, partition, 0n), end }
      })
      return keep(follow({ partitions, onRecords, onError }), [unwatch])
    },
    endOffsets: async (topic) => (await partitionEnds(sql, [topic.name])).map(({ end }) => end),
    clean: () => cleanTopics(sql, { ...options.clean, now: options.now ?? (() => new Date()) }),
    close: async () => {
      await Promise.all([...open].map((consumer) => consumer.close()))
      await appender.close()
      await ends.close()
    },
  }
}
