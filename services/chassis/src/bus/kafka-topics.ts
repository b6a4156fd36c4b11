/** Creates the topics of Canopy on Kafka, and tells what Kafka keeps of each. */
import type { Topic } from '@canopy/proto'
import type { Admin } from 'kafkajs'
import { sleep } from '../sleep.ts'
import { wrongPartitionCount } from './failures.ts'

const hourMs = 3_600_000
/** One record of at most 900 KB with its framing. */
const maxMessageBytes = 1_100_000
const retentionMs = 7 * 24 * hourMs

export async function ensureKafkaTopics(admin: Admin, topics: readonly Topic[], wantedReplicas: number): Promise<void> {
  const existing = new Set(await admin.listTopics())
  const missing = topics.filter((topic) => !existing.has(topic.name))
  if (missing.length > 0) {
    const { brokers } = await admin.describeCluster()
    const replicationFactor = Math.max(1, Math.min(wantedReplicas, brokers.length))
    // False when another process was faster: the check below holds for what it made, too.
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map((topic) => ({
        topic: topic.name,
        numPartitions: topic.partitions.kafka,
        replicationFactor,
        configEntries: configOf(topic, replicationFactor),
      })),
    })
  }
  const metadata = await whileLeadersMove(() => admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) }))
  const counts = new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]))
  for (const { name, partitions } of topics) {
    const found = counts.get(name) ?? 0
    if (found !== partitions.kafka) throw wrongPartitionCount({ topic: name, found, wanted: partitions.kafka })
  }
}

function configOf(topic: Topic, replicationFactor: number): { name: string; value: string }[] {
  const common = {
    'max.message.bytes': String(maxMessageBytes),
    // Acknowledged by all means by two at least, where there are two.
    'min.insync.replicas': String(Math.min(2, replicationFactor)),
    'cleanup.policy': topic.cleanup,
  }
  const own =
    topic.cleanup === 'compact'
      ? { 'min.compaction.lag.ms': String(hourMs), 'delete.retention.ms': String(24 * hourMs) }
      : { 'retention.ms': String(retentionMs) }
  return Object.entries({ ...common, ...own }).map(([name, value]) => ({ name, value }))
}

/** By partition: the first offset kept, and the one behind the last record. */
export async function kafkaRanges(admin: Admin, topic: Topic): Promise<{ low: bigint; high: bigint }[]> {
  const ranges: { low: bigint; high: bigint }[] = []
  const offsets = await whileLeadersMove(() => admin.fetchTopicOffsets(topic.name))
  for (const { partition, low, high } of offsets) {
    ranges[partition] = { low: BigInt(low), high: BigInt(high) }
  }
  return ranges
}

const leaderWaitMs = 30_000

/** A topic that was made a moment ago, or whose broker went, has no leader for a while: asked again until it has. */
async function whileLeadersMove<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + leaderWaitMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const passes = error instanceof Error && 'retriable' in error && error.retriable === true
      if (!passes || performance.now() > deadline) throw error
      await sleep(200)
    }
  }
}
