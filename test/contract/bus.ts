/** What every bus must do, whatever is behind it: run against each adapter by the `bus.*.test.ts` files. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, type BusRecord, Failure, type StoredRecord } from '@canopy/chassis'
import type { Topic } from '@canopy/proto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Group } from './bus.group.ts'
import { type BusConnection, Member, plainTopic } from './bus.process.ts'

export interface BusUnderTest {
  readonly bus: Bus
  /** Another process' view of the same bus. */
  second(): Promise<Bus>
  /** How a real other process opens it. */
  readonly connection: BusConnection
  close(): Promise<void>
}

const soon = { timeout: 20_000, interval: 20 }
const deadline = (): number => performance.now() + 20_000

const recordOf = (key: string, value: string | Buffer, headers: Record<string, string> = {}): BusRecord => ({
  key,
  value: Buffer.from(value as string),
  headers,
  timeMs: 1_770_000_000_000,
})

const text = (record: StoredRecord): string => Buffer.from(record.value ?? []).toString()

export function busContract(name: string, make: () => Promise<BusUnderTest>): void {
  describe(`bus contract: ${name}`, () => {
    let under: BusUnderTest
    let other: Bus
    let count = 0
    const run = `${process.pid.toString(36)}${Date.now().toString(36)}`

    beforeAll(async () => {
      under = await make()
      other = await under.second()
    }, 120_000)
    afterAll(async () => {
      await under?.close()
    }, 60_000)

    /** A fresh topic, and a group that keeps its positions as a service would. */
    const fresh = async (partitions = 4): Promise<{ topic: Topic<Uint8Array>; group: Group }> => {
      const topic = plainTopic(`contract.${run}.${++count}`, 'compact', partitions)
      await under.bus.ensureTopics([topic])
      return { topic, group: new Group(`group.${run}.${count}`, topic) }
    }
    const append = (bus: Bus, topic: Topic, partition: number, records: readonly BusRecord[]): Promise<void> =>
      bus.append({ topic, partition, records, deadlineMs: deadline() })

    test('gives every record back as it was: key, value, headers, time', async () => {
      const { topic, group } = await fresh()
      const records: BusRecord[] = [
        recordOf('zażółć/ключ', 'value', { traceparent: '00-ab', empty: '', 'x-ü': 'ü' }),
        { key: 'forgotten', value: undefined, headers: {}, timeMs: 1_700_000_000_123 },
        { key: 'empty', value: Buffer.alloc(0), headers: {}, timeMs: 1_700_000_000_456 },
        { key: 'bytes', value: Buffer.from([0, 255, 10, 128]), headers: {}, timeMs: 1 },
      ]
      await append(under.bus, topic, 1, records)
      const consumer = await group.join(under.bus)
      await expect.poll(() => group.handled(1).length, soon).toBe(4)
      await consumer.close()
      const got = group.handled(1).map(({ key, value, headers, timeMs }) => ({
        key,
        value: value === undefined ? undefined : Buffer.from(value).toString('hex'),
        headers: { ...headers },
        timeMs,
      }))
      const sent = records.map((each) => ({
        ...each,
        value: each.value === undefined ? undefined : Buffer.from(each.value).toString('hex'),
      }))
      expect(got).toEqual(sent)
      expect(group.batches[0]?.endOffset).toBe(4n)
      expect(await under.bus.endOffsets(topic)).toEqual([0n, 4n, 0n, 0n])
    })

    test('reads from the beginning without a position, in order per partition, at most 500 at once', async () => {
      const { topic, group } = await fresh()
      for (const partition of [0, 1, 2, 3]) {
        const records = Array.from({ length: 1_200 }, (_, n) => recordOf(`k${n % 7}`, String(n)))
        await append(under.bus, topic, partition, records)
      }
      const consumer = await group.join(under.bus)
      await expect.poll(() => group.total(), soon).toBe(4_800)
      await append(under.bus, topic, 2, [recordOf('k', '1200')])
      await expect.poll(() => group.total(), soon).toBe(4_801)
      await consumer.close()
      for (const partition of [0, 1, 3]) expect(group.handled(partition).map(text)).toEqual(numbers(1_200))
      expect(group.handled(2).map(text)).toEqual(numbers(1_201))
      expect(Math.max(...group.batches.map(({ records }) => records.length))).toBeLessThanOrEqual(500)
    })

    test('starts exactly at the position read at the assignment', async () => {
      const { topic, group } = await fresh()
      await append(
        under.bus,
        topic,
        0,
        numbers(10).map((n) => recordOf('k', n)),
      )
      group.positions.set(0, 4n)
      const consumer = await group.join(under.bus)
      await expect.poll(() => group.handled(0).length, soon).toBe(6)
      await append(under.bus, topic, 0, [recordOf('k', '10')])
      await expect.poll(() => group.handled(0).length, soon).toBe(7)
      await consumer.close()
      expect(group.handled(0).map(({ offset }) => offset)).toEqual([4n, 5n, 6n, 7n, 8n, 9n, 10n])
    })

    test('a second life goes on behind what the first one handled', async () => {
      const { topic, group } = await fresh()
      await append(
        under.bus,
        topic,
        0,
        numbers(20).map((n) => recordOf('k', n)),
      )
      const first = await group.join(under.bus)
      await expect.poll(() => group.handled(0).length, soon).toBe(20)
      await first.close()
      await append(under.bus, topic, 0, [recordOf('k', '20')])
      const next = await group.join(other)
      await expect.poll(() => group.handled(0).length, soon).toBe(21)
      await next.close()
      expect(group.handled(0).map(text)).toEqual(numbers(21))
    })

    test('a reader sees everything of eight stalling appenders, each in its order', async () => {
      const { topic, group } = await fresh(1)
      const consumer = await group.join(under.bus)
      const appenders = numbers(8).map(async (name, index) => {
        for (let n = 0; n < 25; n++) {
          if (Math.random() < 0.3) await sleep(Math.random() * 20)
          await append(index % 2 === 0 ? under.bus : other, topic, 0, [
            recordOf(name, `${n}a`),
            recordOf(name, `${n}b`),
          ])
        }
      })
      await Promise.all(appenders)
      await expect.poll(() => group.total(), soon).toBe(400)
      await consumer.close()
      expect(group.handled(0).map(({ offset }) => Number(offset))).toEqual(numbers(400).map(Number))
      for (const name of numbers(8)) {
        const own = group.handled(0).filter(({ key }) => key === name)
        expect(own.map(text)).toEqual(numbers(25).flatMap((n) => [`${n}a`, `${n}b`]))
      }
    })

    test('several processes append to one partition', async () => {
      const { topic, group } = await fresh()
      const consumer = await group.join(under.bus)
      const members = ['a', 'b', 'c'].map((name) => ({ name, member: new Member() }))
      try {
        await Promise.all(
          members.map(({ name, member }) =>
            member.order({ kind: 'append', connection: under.connection, topic: topic.name, name, count: 40 }),
          ),
        )
        await Promise.all(members.map(({ member }) => member.seen('appended')))
        await expect.poll(() => group.total(), soon).toBe(120)
      } finally {
        for (const { member } of members) member.kill()
        await consumer.close()
      }
      for (const { name } of members) {
        expect(
          group
            .handled(0)
            .filter(({ key }) => key === name)
            .map(text),
        ).toEqual(numbers(40))
      }
    }, 60_000)

    test('gives a batch again after the handler threw, and nothing of the partition in between', async () => {
      const { topic, group } = await fresh()
      await append(
        under.bus,
        topic,
        0,
        numbers(3).map((n) => recordOf('k', n)),
      )
      const attempts: string[] = []
      group.before = (batch) => {
        attempts.push(batch.records.map(text).join())
        if (attempts.length < 3) throw new Failure({ kind: 'transient', code: 'TEST', message: 'not yet' })
      }
      const consumer = await group.join(under.bus)
      await append(under.bus, topic, 1, [recordOf('k', 'x')])
      await expect.poll(() => group.handled(0).length, soon).toBe(3)
      await expect.poll(() => group.handled(1).length, soon).toBe(1)
      await consumer.close()
      expect(attempts.filter((each) => each === '0,1,2').length).toBeGreaterThanOrEqual(2)
      expect(group.handled(0).map(text)).toEqual(['0', '1', '2'])
    })

    test('two members share the partitions; one leaves in order and the other has all of them', async () => {
      const { topic, group } = await fresh()
      const stays = await group.join(under.bus, 'stays')
      const leaves = await group.join(other, 'leaves')
      await expect.poll(() => group.shares(), soon).toEqual({ stays: 2, leaves: 2 })
      await leaves.close()
      const left = performance.now()
      for (const partition of [0, 1, 2, 3]) await append(under.bus, topic, partition, [recordOf('k', 'after')])
      await expect.poll(() => group.total(), soon).toBe(4)
      expect(performance.now() - left).toBeLessThan(10_000)
      await stays.close()
    }, 60_000)

    test('a member that is killed is replaced within 10 s, without a gap', async () => {
      const { topic, group } = await fresh()
      const stays = await group.join(under.bus, 'stays')
      const dies = new Member((report) => {
        if (report.kind === 'handled') group.note(report.partition, report.offsets.map(BigInt))
        if (report.kind === 'assigned') group.assigned('dies', report.partitions)
        if (report.kind !== 'position?') return
        const position = String(group.positions.get(report.partition) ?? 0n)
        dies.answer({ kind: 'position', partition: report.partition, position })
      })
      try {
        await dies.order({ kind: 'consume', connection: under.connection, topic: topic.name, group: group.name })
        await expect.poll(() => group.shares(), soon).toEqual({ stays: 2, dies: 2 })
        for (const partition of [0, 1, 2, 3])
          await append(
            under.bus,
            topic,
            partition,
            numbers(50).map((n) => recordOf('k', n)),
          )
        await expect.poll(() => group.total(), soon).toBe(200)
      } finally {
        dies.kill()
      }
      const killed = performance.now()
      for (const partition of [0, 1, 2, 3]) await append(under.bus, topic, partition, [recordOf('k', 'after')])
      await expect.poll(() => group.total(), soon).toBe(204)
      expect(performance.now() - killed).toBeLessThan(10_000)
      await stays.close()
      for (const partition of [0, 1, 2, 3]) expect(group.offsets(partition)).toEqual(numbers(51).map(BigInt))
    }, 60_000)

    test('refuses a topic that has another number of partitions', async () => {
      const { topic } = await fresh()
      const wider = { ...topic, partitions: { kafka: 6, embedded: 6 } }
      await expect(other.ensureTopics([wider])).rejects.toMatchObject({ code: 'CANOPY-BUS-0002', kind: 'permanent' })
      await other.ensureTopics([topic])
    })

    test('takes a record of 600 KB, and 5,000 of 4 KB at once', async () => {
      const { topic, group } = await fresh(1)
      const large = Buffer.alloc(600 * 1024, 'L')
      await append(under.bus, topic, 0, [recordOf('small', 's'), recordOf('large', large), recordOf('small', 's')])
      const many = numbers(5_000).map((n) => recordOf(n, Buffer.alloc(4 * 1024, n.padStart(8, '0'))))
      await append(under.bus, topic, 0, many)
      const consumer = await group.join(under.bus)
      await expect.poll(() => group.total(), soon).toBe(5_003)
      await consumer.close()
      const got = group.handled(0)
      expect(Buffer.compare(Buffer.from(got[1]?.value ?? []), large)).toBe(0)
      expect(got.slice(3).map(({ key }) => key)).toEqual(numbers(5_000))
      expect(got.slice(3).every((each) => each.value?.length === 4 * 1024)).toBe(true)
    }, 60_000)

    test('appends nothing behind its deadline', async () => {
      const { topic } = await fresh(1)
      const records = [recordOf('k', 'late')]
      const late = under.bus.append({ topic, partition: 0, records, deadlineMs: performance.now() - 1 })
      await expect(late).rejects.toMatchObject({ code: 'CANOPY-BUS-0003', kind: 'transient' })
      await append(under.bus, topic, 0, [recordOf('k', 'in time')])
      expect(await under.bus.endOffsets(topic)).toEqual([1n])
    })

    test('follow catches up, says so once, and goes on', async () => {
      const { topic } = await fresh(2)
      for (const partition of [0, 1])
        await append(
          under.bus,
          topic,
          partition,
          numbers(600).map((n) => recordOf(`${partition}`, n)),
        )
      const seen: StoredRecord[] = []
      const caughtUp: number[] = []
      let busy = false
      const follower = await other.follow({
        topic,
        onRecords: async (records, now) => {
          expect(busy).toBe(false)
          busy = true
          await sleep(1)
          busy = false
          seen.push(...records)
          if (now) caughtUp.push(seen.length)
        },
      })
      await expect.poll(() => caughtUp.length, soon).toBe(1)
      expect(caughtUp[0]).toBe(1_200)
      await append(under.bus, topic, 1, [recordOf('1', 'more')])
      await expect.poll(() => seen.length, soon).toBe(1_201)
      await follower.close()
      expect(caughtUp).toHaveLength(1)
      expect(seen.filter(({ key }) => key === '0').map(text)).toEqual(numbers(600))
    })

    test('follow of an empty topic has caught up at once', async () => {
      const { topic } = await fresh(2)
      const calls: { count: number; caughtUp: boolean }[] = []
      const onRecords = async (records: readonly StoredRecord[], caughtUp: boolean): Promise<void> => {
        calls.push({ count: records.length, caughtUp })
      }
      const follower = await under.bus.follow({ topic, onRecords })
      await expect.poll(() => calls.filter(({ caughtUp }) => caughtUp), soon).toEqual([{ count: 0, caughtUp: true }])
      await follower.close()
    })

    test('after cleaning, the newest record of every key is there at its offset', async () => {
      const { topic } = await fresh(1)
      for (let n = 0; n < 20; n++)
        await append(
          under.bus,
          topic,
          0,
          ['a', 'b', 'c'].map((key) => recordOf(key, `${key}${n}`)),
        )
      await under.bus.clean()
      const newest = new Map<string, string>()
      let done = false
      const follower = await under.bus.follow({
        topic,
        onRecords: async (records, caughtUp) => {
          for (const each of records) newest.set(each.key, `${each.offset}:${text(each)}`)
          done ||= caughtUp
        },
      })
      await expect.poll(() => done, soon).toBe(true)
      await follower.close()
      expect(Object.fromEntries(newest)).toEqual({ a: '57:a19', b: '58:b19', c: '59:c19' })
      expect(await under.bus.endOffsets(topic)).toEqual([60n])
    })

    test('close waits for the batch that is being handled', async () => {
      const { topic, group } = await fresh(1)
      await append(under.bus, topic, 0, [recordOf('k', 'slow')])
      let entered = false
      let left = false
      let aborted: boolean | undefined
      group.before = async ({ signal }) => {
        entered = true
        await sleep(700)
        aborted = signal.aborted
        left = true
      }
      const consumer = await group.join(under.bus)
      await expect.poll(() => entered, soon).toBe(true)
      await consumer.close()
      expect({ left, aborted }).toEqual({ left: true, aborted: false })
      expect(group.positions.get(0)).toBe(1n)
    })
  })
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n))
