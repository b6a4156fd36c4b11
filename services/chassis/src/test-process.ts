/** For tests: services in one process on a real store and bus, with a source that publishes whatever a test says. */
import { configuration, type record, type Topic, topics } from '@canopy/proto'
import { z } from 'zod'
import type { Bus, StoredRecord } from './bus/bus.ts'
import { postgresBus } from './bus/postgres.ts'
import { defineService, type ServiceDefinition } from './service/service.ts'
import { startServices } from './service/start.ts'
import { postgresSql } from './sql/postgres.ts'
import type { RunningStage } from './stage/stage.ts'
import { testServer } from './testing.ts'

export interface TestProcess {
  readonly bus: Bus
  /** Publishes behind what was published before. */
  say<M>(topic: Topic<M>, messages: readonly { readonly key: string; readonly message: M }[]): Promise<void>
  watermark(of: record.Watermark): Promise<void>
  configure(version: configuration.DeepPartial<configuration.Configuration>): Promise<void>
  stop(): Promise<unknown>
}

/** `outputs`: what the test publishes. */
export async function testProcess(of: {
  readonly services: readonly ServiceDefinition[]
  readonly outputs: readonly Topic[]
  readonly config?: Readonly<Record<string, unknown>>
}): Promise<TestProcess> {
  const connection = await testServer()
  const sql = (schema: string) => postgresSql({ connection, schema })
  const store = await sql('bus')
  const bus = await postgresBus({ sql: store })
  let stage: RunningStage | undefined
  const source = defineService({
    name: 'source',
    config: z.strictObject({}),
    // It has no tables of its own: a folder without migrations.
    migrations: new URL('./stage/', import.meta.url),
    compose: async (context) => [
      {
        name: 'source',
        start: async () => {
          stage = await context.stage({
            name: 'source',
            inputs: [],
            outputs: of.outputs,
            handle: async () => undefined,
          })
        },
        stop: async () => stage?.close(),
      },
    ],
  })
  const running = await startServices([source, ...of.services], {
    adapters: { sql, bus },
    config: of.config,
    rpc: { listen: [] },
  })
  return {
    bus,
    say: async (topic, messages) => {
      for (let at = 0; at < messages.length; at += 500) {
        await stage!.publish(async (_tx, out) => {
          for (const { key, message } of messages.slice(at, at + 500)) out.put(topic, key, message)
        })
      }
    },
    watermark: (watermark) => stage!.publish(async (_tx, out) => out.putWatermark(watermark)),
    configure: async (version) => {
      const full = configuration.Configuration.fromPartial(version)
      const value = configuration.Configuration.encode(full).finish()
      const records = [{ key: full.name, value, headers: {}, timeMs: Date.now() }]
      await bus.append({ topic: topics.config, partition: 0, records, deadlineMs: performance.now() + 5_000 })
    },
    stop: async () => {
      await running.stop()
      await store.close()
    },
  }
}

/** Everything on a topic, as it comes, without watermarks; and whether one came. */
export async function collect<M>(bus: Bus, topic: Topic<M>) {
  const messages: { readonly key: string; readonly message: M; readonly timeMs: number }[] = []
  const watermarks: string[] = []
  const consumer = await bus.follow({
    topic,
    onRecords: async (records: readonly StoredRecord[]) => {
      for (const { key, value, timeMs } of records) {
        if (key.startsWith('~')) watermarks.push(key)
        else if (value) messages.push({ key, message: topic.codec.decode(value), timeMs })
      }
    },
  })
  return { messages, watermarks, close: () => consumer.close() }
}
