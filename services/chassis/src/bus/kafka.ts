/** The bus on Apache Kafka 4, by kafkajs, which is known nowhere else. */
import { classify } from '../failure.ts'
import type { Bus, Consumer } from './bus.ts'
import { KafkaAppender } from './kafka-appender.ts'
import { type KafkaConnection, kafkaClient } from './kafka-client.ts'
import { followKafka } from './kafka-follower.ts'
import { joinKafkaGroup } from './kafka-member.ts'
import { ensureKafkaTopics, kafkaRanges } from './kafka-topics.ts'

export interface KafkaBusOptions extends KafkaConnection {
  /** Copies of each topic made here; default 3, never more than there are brokers. */
  readonly replicationFactor?: number
}

/** Connects once, so that a wrong address or password is told at the start. */
export async function kafkaBus(options: KafkaBusOptions): Promise<Bus> {
  const client = kafkaClient(options)
  const admin = client.admin()
  await admin.connect()
  const appender = new KafkaAppender(options)
  const open = new Set<Consumer>()
  const onError = (error: unknown, at: string): void => {
    const { code, message } = classify(error)
    options.log.warn({ code, at }, `bus: ${message}`)
  }
  const range = (topic: Parameters<typeof kafkaRanges>[1]): ReturnType<typeof kafkaRanges> => kafkaRanges(admin, topic)
  const keep = (consumer: Consumer): Consumer => {
    const kept: Consumer = {
      close: async () => {
        open.delete(kept)
        await consumer.close()
      },
    }
    open.add(kept)
    return kept
  }
  return {
    kind: 'kafka',
    partitions: (topic) => topic.partitions.kafka,
    ensureTopics: (topics) => ensureKafkaTopics(admin, topics, options.replicationFactor ?? 3),
    append: (request) => appender.append(request),
    consume: async (consumption) => keep(await joinKafkaGroup({ client, consumption, range, onError })),
    follow: async (request) => keep(await followKafka(request, { client, admin, range, onError })),
    endOffsets: async (topic) => (await range(topic)).map(({ high }) => high),
    // Kafka's own log cleaner does it.
    clean: async () => {},
    close: async () => {
      await Promise.all([...open].map((consumer) => consumer.close()))
      await appender.close()
      await admin.disconnect()
    },
  }
}
