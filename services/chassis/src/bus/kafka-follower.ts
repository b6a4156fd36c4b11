/** Follows every partition of one Kafka topic from the beginning, in a group of its own. */
import { randomUUID } from 'node:crypto'
import type { Topic } from '@canopy/proto'
import type { Admin } from 'kafkajs'
import type { Bus, BusBatch, Consumer } from './bus.ts'
import { joinKafkaGroup, type KafkaMemberOptions } from './kafka-member.ts'

type FollowRequest = Parameters<Bus['follow']>[0]

export async function followKafka(
  request: FollowRequest,
  parts: Omit<KafkaMemberOptions, 'consumption'> & { readonly admin: Admin },
): Promise<Consumer> {
  const { topic, onRecords } = request
  const group = `canopy.follow.${topic.name}.${randomUUID()}`
  const positions = new Map<number, bigint>()
  const behind = new Map<number, bigint>()
  for (const [partition, { low, high }] of (await parts.range(topic)).entries()) {
    if (high > low) behind.set(partition, high)
  }
  if (behind.size === 0) await onRecords([], true)

  let turn: Promise<void> = Promise.resolve()
  const handle = async ({ partition, records }: BusBatch): Promise<void> => {
    const next = (records.at(-1)?.offset ?? 0n) + 1n
    const end = behind.get(partition)
    const reached = end !== undefined && next >= end
    await onRecords(records, reached && behind.size === 1)
    if (reached) behind.delete(partition)
    positions.set(partition, next)
  }
  const member = await joinKafkaGroup({
    ...parts,
    consumption: {
      group,
      topics: [topic],
      // A member that had to join again goes on where it was.
      position: async (_: Topic, partition: number) => positions.get(partition) ?? 0n,
      handle: (batch) => {
        // One call at a time over all partitions.
        const mine = turn.then(() => handle(batch))
        turn = mine.catch(() => {})
        return mine
      },
    },
  })
  return {
    close: async () => {
      await member.close()
      // Kafka forgets an empty group by itself, only later.
      await parts.admin.deleteGroups([group]).catch(() => {})
    },
  }
}
