import { Failure, type StoredRecord } from '@canopy/chassis'
import { expect, test } from 'vitest'
import { kafkaServer, startKafka } from '../servers/kafka/kafka.ts'
import { describeWith } from '../servers/required.ts'
import { type BusConnection, busOf, plainTopic } from './bus.process.ts'
import { busContract } from './bus.ts'

describeWith(kafkaServer, () => {
  busContract('Apache Kafka', async () => {
    const broker = await startKafka()
    const connection: BusConnection = { kind: 'kafka', brokers: broker.brokers }
    const first = await busOf(connection)
    const second = await busOf(connection)
    return {
      bus: first.bus,
      second: async () => second.bus,
      connection,
      close: async () => {
        await Promise.all([first.close(), second.close()])
        await broker.close()
      },
    }
  })

  test('a broker that is killed and comes back costs repetitions at most: nothing acknowledged is lost', async () => {
    const broker = await startKafka()
    const { bus, close } = await busOf({ kind: 'kafka', brokers: broker.brokers })
    const topic = plainTopic('killed', 'compact', 2)
    await bus.ensureTopics([topic])
    const handled: StoredRecord[] = []
    const next = new Map<number, bigint>()
    await bus.consume({
      group: 'killed',
      topics: [topic],
      position: async (_, partition) => next.get(partition) ?? 0n,
      handle: async ({ partition, records }) => {
        expect(records[0]?.offset).toBe(next.get(partition) ?? 0n)
        next.set(partition, (records.at(-1)?.offset ?? 0n) + 1n)
        handled.push(...records)
      },
    })
    const total = 300
    let failures = 0
    const appending = (async () => {
      for (let n = 0; n < total; ) {
        const records = [{ key: 'k', value: Buffer.from(String(n)), headers: {}, timeMs: Date.now() }]
        try {
          await bus.append({ topic, partition: n % 2, records, deadlineMs: performance.now() + 5_000 })
          n++
        } catch (error) {
          failures++
          expect(error).toBeInstanceOf(Failure)
          expect(error).toMatchObject({ kind: 'transient' })
        }
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    await expect.poll(() => handled.length, { timeout: 20_000 }).toBeGreaterThan(50)
    await broker.kill()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await broker.restart()
    await appending
    const seen = (): number => new Set(handled.map(({ value }) => String(value))).size
    await expect.poll(seen, { timeout: 30_000 }).toBe(total)
    expect(failures).toBeGreaterThan(0)
    for (const parity of [0, 1]) {
      const values = handled.map(({ value }) => Number(String(value))).filter((n) => n % 2 === parity)
      expect(values).toEqual([...values].sort((a, b) => a - b))
    }
    await close()
    await broker.close()
  }, 120_000)
})
