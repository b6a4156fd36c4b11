/** Proves that kafkajs, which is older than this broker, still speaks every part of the protocol that Canopy uses. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Admin, type Consumer, Kafka as KafkaClient, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../required.ts'
import { type Kafka, kafkaServer, startKafka } from './kafka.ts'

interface Seen {
  readonly partition: number
  readonly offset: string
  readonly value: string
}

describeWith(kafkaServer, () => {
  let broker: Kafka
  let client: KafkaClient
  let admin: Admin
  let producer: Producer
  const consumers: Consumer[] = []

  beforeAll(async () => {
    broker = await startKafka()
    client = new KafkaClient({ clientId: 'probe', brokers: [...broker.brokers], logLevel: logLevel.NOTHING })
    admin = client.admin()
    producer = client.producer({ idempotent: true, maxInFlightRequests: 1 })
    await Promise.all([admin.connect(), producer.connect()])
  }, 120_000)

  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()))
    await Promise.all([producer?.disconnect(), admin?.disconnect()])
    await broker?.close()
  }, 30_000)

  async function createTopic(topic: string, numPartitions = 2): Promise<void> {
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, replicationFactor: 1 }] })
  }

  async function send(topic: string, partition: number, values: readonly string[]): Promise<void> {
    const messages = values.map((value) => ({ key: 'k', value, partition }))
    await producer.send({ topic, acks: -1, messages })
  }

  async function member(options: { groupId: string; topic: string; seen: Seen[]; seekTo?: string }): Promise<Consumer> {
    const { groupId, topic, seen, seekTo } = options
    const consumer = client.consumer({
      groupId,
      sessionTimeout: 6_000,
      rebalanceTimeout: 8_000,
      heartbeatInterval: 500,
      maxWaitTimeInMs: 100,
      allowAutoTopicCreation: false,
    })
    consumers.push(consumer)
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      for (const partition of payload.memberAssignment[topic] ?? []) {
        if (seekTo !== undefined) consumer.seek({ topic, partition, offset: seekTo })
      }
    })
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 2,
      eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
        for (const message of batch.messages) {
          seen.push({ partition: batch.partition, offset: message.offset, value: String(message.value) })
          resolveOffset(message.offset)
        }
        await heartbeat()
        const offset = String(BigInt(batch.lastOffset()) + 1n)
        await consumer.commitOffsets([{ topic, partition: batch.partition, offset }])
      },
    })
    return consumer
  }

  test('creates a topic with its configuration and reads it back', async () => {
    const configEntries = [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'max.message.bytes', value: '2097152' },
    ]
    await admin.createTopics({
      topics: [{ topic: 'compacted', numPartitions: 3, replicationFactor: 1, configEntries }],
    })
    const metadata = await admin.fetchTopicMetadata({ topics: ['compacted'] })
    expect(metadata.topics[0]?.partitions).toHaveLength(3)
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'compacted', configNames: ['cleanup.policy', 'max.message.bytes'] }],
    })
    const entries = described.resources[0]?.configEntries ?? []
    const values = Object.fromEntries(entries.map((entry) => [entry.configName, entry.configValue]))
    expect(values).toEqual({ 'cleanup.policy': 'compact', 'max.message.bytes': '2097152' })
  })

  test('refuses a topic nobody created', async () => {
    const impatient = client.producer({ retry: { retries: 1, initialRetryTime: 50 } })
    await impatient.connect()
    await expect(impatient.send({ topic: 'unheard-of', messages: [{ value: 'x' }] })).rejects.toThrow()
    await impatient.disconnect()
    expect(await admin.listTopics()).not.toContain('unheard-of')
  }, 30_000)

  test('produces idempotently to chosen partitions with headers, tombstones and 600 KB, and gives them back', async () => {
    await createTopic('records')
    const large = 'x'.repeat(600 * 1024)
    const sent = await producer.send({
      topic: 'records',
      acks: -1,
      messages: [
        { key: 'a', value: large, partition: 1, headers: { traceparent: '00-ab-cd-01' } },
        { key: 'a', value: null, partition: 1 },
      ],
    })
    expect(sent[0]).toMatchObject({ partition: 1, errorCode: 0, baseOffset: '0' })
    const got: { value: string | undefined; trace: string }[] = []
    const consumer = client.consumer({ groupId: 'records-reader', maxWaitTimeInMs: 100 })
    consumers.push(consumer)
    await consumer.connect()
    await consumer.subscribe({ topic: 'records', fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        got.push({ value: message.value?.toString(), trace: String(message.headers?.traceparent ?? '') })
      },
    })
    await expect.poll(() => got.length, { timeout: 15_000 }).toBe(2)
    expect(got[0]).toEqual({ value: large, trace: '00-ab-cd-01' })
    expect(got[1]?.value).toBeUndefined()
  }, 30_000)

  test('commits, describes the group, and a restarted consumer goes on behind the commit', async () => {
    await createTopic('resumed')
    await send('resumed', 0, ['one', 'two'])
    const first: Seen[] = []
    const consumer = await member({ groupId: 'resumers', topic: 'resumed', seen: first })
    await expect.poll(() => first.length, { timeout: 15_000 }).toBe(2)
    const group = (await admin.describeGroups(['resumers'])).groups[0]
    expect(group).toMatchObject({ groupId: 'resumers', state: 'Stable', protocolType: 'consumer' })
    expect(group?.members).toHaveLength(1)
    await consumer.disconnect()
    const offsets = await admin.fetchOffsets({ groupId: 'resumers', topics: ['resumed'] })
    expect(offsets[0]?.partitions.find(({ partition }) => partition === 0)?.offset).toBe('2')
    const heads = await admin.fetchTopicOffsets('resumed')
    expect(heads.find(({ partition }) => partition === 0)).toMatchObject({ low: '0', high: '2' })

    await send('resumed', 0, ['three'])
    const second: Seen[] = []
    await member({ groupId: 'resumers', topic: 'resumed', seen: second })
    await expect.poll(() => second.map(({ value }) => value), { timeout: 15_000 }).toEqual(['three'])
  }, 40_000)

  test('seeks on assignment', async () => {
    await createTopic('sought', 1)
    await send('sought', 0, ['zero', 'one', 'two', 'three'])
    const seen: Seen[] = []
    await member({ groupId: 'seekers', topic: 'sought', seen, seekTo: '2' })
    await expect.poll(() => seen.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(2)
    await sleep(300)
    expect(seen.map(({ offset }) => offset)).toEqual(['2', '3'])
  }, 30_000)

  test('two consumers share the partitions, and the one that stays takes over all of them', async () => {
    await createTopic('shared', 4)
    const a: Seen[] = []
    const b: Seen[] = []
    await member({ groupId: 'sharers', topic: 'shared', seen: a })
    const leaver = await member({ groupId: 'sharers', topic: 'shared', seen: b })
    const members = async (): Promise<number> => {
      const group = (await admin.describeGroups(['sharers'])).groups[0]
      return group?.state === 'Stable' ? group.members.length : 0
    }
    await expect.poll(members, { timeout: 20_000, interval: 200 }).toBe(2)
    for (const partition of [0, 1, 2, 3]) await send('shared', partition, [`first-${partition}`])
    await expect.poll(() => a.length + b.length, { timeout: 15_000 }).toBe(4)
    expect(new Set(a.map(({ partition }) => partition)).size).toBe(2)
    expect(new Set(b.map(({ partition }) => partition)).size).toBe(2)

    await leaver.disconnect()
    for (const partition of [0, 1, 2, 3]) await send('shared', partition, [`second-${partition}`])
    const taken = (): number => a.filter(({ value }) => value.startsWith('second-')).length
    await expect.poll(taken, { timeout: 20_000 }).toBe(4)
    expect(a.length + b.length).toBe(8)
  }, 60_000)

  test('goes on after the broker was killed and came back', async () => {
    await createTopic('survived', 1)
    await send('survived', 0, ['before'])
    await broker.kill()
    await broker.restart()
    await send('survived', 0, ['after'])
    const seen: Seen[] = []
    await member({ groupId: 'survivors', topic: 'survived', seen })
    await expect.poll(() => seen.map(({ value }) => value), { timeout: 20_000 }).toEqual(['before', 'after'])
  }, 90_000)
})
