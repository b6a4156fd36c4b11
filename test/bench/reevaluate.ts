/** A configuration version that changes nothing: every object is evaluated again through Kafka, and nothing else is said. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, kafkaBus, silentLog } from '@canopy/chassis'
import { type Topic, topics } from '@canopy/proto'
import type { BenchOptions } from './main.ts'
import { startPipeline } from './pipeline.ts'
import { round } from './sync.ts'
import { startWorld } from './world.ts'

const watched = [topics.contributions, topics.desired, topics.desiredEdges] as readonly Topic[] as Topic[]
const clientId = 'canopy-bench'

/** Distributed, whatever mode was asked for. The version is evaluated when every partition says so. */
export async function reevaluate(options: BenchOptions): Promise<Record<string, unknown>> {
  const world = await startWorld(options)
  try {
    const pipeline = await startPipeline(world, { ...options, mode: 'distributed' })
    try {
      await pipeline.inSync()
      const bus = await kafkaBus({ brokers: pipeline.brokers ?? [], clientId, log: silentLog })
      try {
        const counted = await count(bus)
        options.progress('in sync; applying a version that changes nothing …')
        const startedMs = performance.now()
        const source = `${readFileSync(world.configuration, 'utf8')}# the same again\n`
        await pipeline.ask('POST', '/api/v1/config/apply', { source })
        while (counted.markers() < bus.partitions(topics.contributions as Topic)) {
          if (performance.now() - startedMs > 600_000) throw new Error('not evaluated within ten minutes')
          await sleep(50)
        }
        const seconds = (performance.now() - startedMs) / 1_000
        await sleep(2_000)
        await counted.close()
        return {
          bench: 'reevaluate',
          objects: counted.objects,
          seconds: round(seconds),
          objectsPerSecond: Math.round(counted.objects / seconds),
          messages: counted.messages(),
          processes: pipeline.figures(),
        }
      } finally {
        await bus.close()
      }
    } finally {
      await pipeline.close()
    }
  } finally {
    await world.close()
  }
}

/** What is said from now on: markers of the version, and messages that are neither these nor watermarks. */
async function count(bus: Bus) {
  await bus.ensureTopics([topics.changes as Topic, ...watched])
  const sum = (ends: readonly bigint[]): number => Number(ends.reduce((all, end) => all + end, 0n))
  const objects = sum(await bus.endOffsets(topics.changes as Topic))
  const ends = new Map<string, readonly bigint[]>()
  for (const topic of watched) ends.set(topic.name, await bus.endOffsets(topic))
  let markers = 0
  const messages: Record<string, number> = Object.fromEntries(watched.map((topic) => [topic.name, 0]))
  const consumer = await bus.consume({
    group: clientId,
    topics: watched,
    position: async (topic, partition) => ends.get(topic.name)?.[partition] ?? 0n,
    handle: async ({ topic, records }) => {
      for (const { key } of records) {
        if (key.startsWith('=')) markers++
        else if (!key.startsWith('~')) messages[topic.name] = (messages[topic.name] ?? 0) + 1
      }
    },
  })
  return { objects, markers: () => markers, messages: () => messages, close: () => consumer.close() }
}
