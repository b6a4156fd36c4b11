import { setTimeout as sleep } from 'node:timers/promises'
import type { Topic } from '@canopy/proto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Sql } from '../sql/sql.ts'
import { type TestSql, testSql } from '../testing.ts'
import type { Bus, BusRecord, StoredRecord } from './bus.ts'
import type { CleanOptions } from './clean.ts'
import { postgresBus } from './postgres.ts'
import { encodeSegment } from './segment.ts'

const raw: Topic<Uint8Array>['codec'] = { encode: (message) => ({ finish: () => message }), decode: (input) => input }
const topicOf = (name: string, cleanup: Topic['cleanup'] = 'compact', embedded = 1): Topic<Uint8Array> => ({
  name,
  codec: raw,
  key: 'key',
  orderingSegments: 1,
  cleanup,
  partitions: { kafka: embedded, embedded },
})
const hourMs = 3_600_000
const soon = { timeout: 10_000, interval: 10 }
const recordOf = (key: string, value: string | undefined): BusRecord => ({
  key,
  value: value === undefined ? undefined : Buffer.from(value),
  headers: {},
  timeMs: 1,
})

let store: TestSql
const buses: Bus[] = []
beforeEach(async () => {
  store = await testSql('bus')
})
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()))
  await store.close()
})

const open = async (options: { sql?: Sql; clean?: Omit<CleanOptions, 'now'>; aheadMs?: number } = {}): Promise<Bus> => {
  const now = (): Date => new Date(Date.now() + (options.aheadMs ?? 0))
  const bus = await postgresBus({ sql: options.sql ?? store.sql, clean: options.clean, now })
  buses.push(bus)
  return bus
}

const append = (bus: Bus, topic: Topic, records: readonly BusRecord[], withinMs = 10_000): Promise<void> =>
  bus.append({ topic, partition: 0, records, deadlineMs: performance.now() + withinMs })

/** Everything a new reader is given. */
const everything = async (topic: Topic): Promise<readonly StoredRecord[]> => {
  const bus = await open({ sql: await store.second() })
  const seen: StoredRecord[] = []
  let done = false
  await bus.follow({
    topic,
    onRecords: async (records, caughtUp) => {
      seen.push(...records)
      done ||= caughtUp
    },
  })
  await expect.poll(() => done, soon).toBe(true)
  return seen
}
const shown = (records: readonly StoredRecord[]): string[] =>
  records.map(
    ({ offset, key, value }) => `${offset} ${key}=${value === undefined ? '' : Buffer.from(value).toString()}`,
  )

describe('append', () => {
  test('appenders that stall before their commit hide nothing from a reader and never swap offsets', async () => {
    const topic = topicOf('stalls')
    const bus = await open()
    await bus.ensureTopics([topic])
    const seen: StoredRecord[] = []
    await bus.follow({ topic, onRecords: async (records) => void seen.push(...records) })
    const others = await Promise.all([store.second(), store.second()])
    await Promise.all(
      Array.from({ length: 8 }, async (_, appender) => {
        const sql = others[appender % 2] ?? store.sql
        for (let n = 0; n < 10; n++) {
          await sql.tx(async (tx) => {
            const data = encodeSegment([recordOf(`a${appender}`, String(n))])
            await tx.query('select bus_append($1, 0, 1, 1e15, $2)', [topic.name, data])
            await sleep(Math.random() * 12)
          })
          await sleep(Math.random() * 5)
          if (appender === 0) await append(bus, topic, [recordOf('hinted', String(n))])
        }
      }),
    )
    await expect.poll(() => seen.length, soon).toBe(90)
    expect(seen.map(({ offset }) => Number(offset))).toEqual(Array.from({ length: 90 }, (_, n) => n))
  })

  test('one that gets its turn only after the deadline stores nothing, whatever it waited for', async () => {
    const topic = topicOf('fenced')
    const bus = await open()
    await bus.ensureTopics([topic])
    const other = await store.second()
    let locked: () => void = () => {}
    const holding = new Promise<void>((resolve) => {
      locked = resolve
    })
    const holder = other.tx(async (tx) => {
      await tx.query('select 1 from bus_partition where topic = $1 for update', [topic.name])
      locked()
      await sleep(600)
    })
    await holding
    const late = append(bus, topic, [recordOf('k', 'late')], 250)
    await expect(late).rejects.toMatchObject({ code: 'CANOPY-BUS-0003', kind: 'transient' })
    await holder
    expect(await bus.endOffsets(topic)).toEqual([0n])
    expect(await store.sql.query('select 1 from bus_segment')).toEqual([])
  })

  test('refuses a topic nobody ensured', async () => {
    const bus = await open()
    await expect(append(bus, topicOf('unheard-of'), [recordOf('k', 'v')])).rejects.toMatchObject({
      code: 'CANOPY-BUS-0001',
    })
  })
})

describe('reading', () => {
  test('hints bring records of another process long before the next poll', async () => {
    const topic = topicOf('hinted')
    const [here, there] = [await open(), await open({ sql: await store.second() })]
    await here.ensureTopics([topic])
    const delays: number[] = []
    await there.follow({
      topic,
      onRecords: async (records) => {
        for (const { timeMs } of records) delays.push(Date.now() - timeMs)
      },
    })
    await sleep(1_100)
    for (let n = 0; n < 5; n++) {
      await append(here, topic, [{ ...recordOf('k', 'v'), timeMs: Date.now() }])
      await sleep(60)
    }
    await expect.poll(() => delays.length, soon).toBe(5)
    expect(delays.sort((a, b) => a - b)[2]).toBeLessThan(300)
  })

  test('idles with one poll a second for all partitions together', async () => {
    let polls = 0
    const counted: Sql = Object.assign(Object.create(store.sql) as Sql, {
      query: (text: string, params?: Parameters<Sql['query']>[1]) => {
        if (/from bus_partition|bus_segment/.test(text)) polls++
        return store.sql.query(text, params)
      },
      tx: store.sql.tx.bind(store.sql),
      listen: store.sql.listen.bind(store.sql),
      notify: store.sql.notify.bind(store.sql),
    })
    const bus = await open({ sql: counted })
    const topics = ['a', 'b', 'c', 'd', 'e'].map((name) => topicOf(`idle.${name}`, 'compact', 4))
    await bus.ensureTopics(topics)
    let assigned = 0
    const onAssigned = (all: readonly unknown[]): void => {
      assigned = all.length
    }
    await bus.consume({ group: 'idle', topics, position: async () => 0n, handle: async () => {}, onAssigned })
    await expect.poll(() => assigned, soon).toBe(20)
    await sleep(300)
    polls = 0
    await sleep(3_000)
    expect(polls).toBeGreaterThanOrEqual(2)
    expect(polls).toBeLessThanOrEqual(4)
  })

  test('says that a position is behind the end of the log, and handles nothing', async () => {
    const warned: object[] = []
    const log = { debug() {}, info() {}, warn: (fields: object) => void warned.push(fields), error() {} }
    const bus = await postgresBus({ sql: store.sql, log })
    buses.push(bus)
    const topic = topicOf('lost')
    await bus.ensureTopics([topic])
    await append(bus, topic, [recordOf('k', 'v')])
    let handled = 0
    const handle = async (): Promise<void> => void handled++
    await bus.consume({ group: 'g', topics: [topic], position: async () => 7n, handle })
    await expect.poll(() => warned[0], soon).toMatchObject({ code: 'CANOPY-BUS-0004', at: 'lost/0' })
    expect(handled).toBe(0)
  })
})

describe('clean', () => {
  test.each([{ keysPerPass: 1_000 }, { keysPerPass: 7 }])(
    'keeps the newest record of each key at its offset: %o',
    async (limits) => {
      const topic = topicOf('compacted')
      const bus = await open({ aheadMs: 2 * hourMs, clean: { ...limits, keepNewest: 1 } })
      await bus.ensureTopics([topic])
      const newest = new Map<string, string>()
      let offset = 0
      for (let n = 0; n < 40; n++) {
        const records = Array.from({ length: 10 }, (_, k) => recordOf(`k${(n * 7 + k * k) % 23}`, `${n}.${k}`))
        for (const { key, value } of records)
          newest.set(key, `${offset++} ${key}=${Buffer.from(value ?? []).toString()}`)
        await append(bus, topic, records)
      }
      await bus.clean()
      const left = shown(await everything(topic))
      for (const each of newest.values()) expect(left).toContain(each)
      // The newest segment is not touched: its older values of a key may stay.
      expect(left.length).toBeLessThanOrEqual(newest.size + 10)
      expect(left.map((each) => Number.parseInt(each, 10))).toEqual(
        left.map((each) => Number.parseInt(each, 10)).sort((a, b) => a - b),
      )
      expect(await store.sql.query('select 1 from bus_segment')).toHaveLength(2)
      await append(bus, topic, [recordOf('after', 'x')])
      expect(shown(await everything(topic)).at(-1)).toBe('400 after=x')
    },
  )

  test('leaves young segments alone', async () => {
    const topic = topicOf('young')
    const bus = await open()
    await bus.ensureTopics([topic])
    for (let n = 0; n < 5; n++) await append(bus, topic, [recordOf('k', String(n))])
    await bus.clean()
    expect(await everything(topic)).toHaveLength(5)
  })

  test('forgets a key only in a run after the one that took its older values', async () => {
    const topic = topicOf('forgotten')
    const bus = await open({ aheadMs: 48 * hourMs, clean: { keepNewest: 1, dirtyShare: 0 } })
    await bus.ensureTopics([topic])
    await append(bus, topic, [recordOf('gone', 'v'), recordOf('kept', 'v')])
    await append(bus, topic, [recordOf('gone', undefined)])
    await append(bus, topic, [recordOf('head', '1')])
    await bus.clean()
    expect(shown(await everything(topic))).toEqual(['1 kept=v', '2 gone=', '3 head=1'])
    await append(bus, topic, [recordOf('head', '2')])
    await bus.clean()
    expect(shown(await everything(topic))).toEqual(['1 kept=v', '4 head=2'])
  })

  test('appends go on while it works, and a reader in the middle misses nothing newer', async () => {
    const topic = topicOf('busy')
    const bus = await open({ aheadMs: 2 * hourMs, clean: { keepNewest: 1, keysPerPass: 50 } })
    await bus.ensureTopics([topic])
    for (let n = 0; n < 200; n++) await append(bus, topic, [recordOf(`k${n % 90}`, String(n))])
    const appending = (async () => {
      for (let n = 200; n < 260; n++) await append(bus, topic, [recordOf(`k${n % 90}`, String(n))])
    })()
    await Promise.all([bus.clean(), bus.clean(), appending])
    const newest = new Map(
      (await everything(topic)).map(({ key, value }) => [key, Buffer.from(value ?? []).toString()]),
    )
    for (let n = 170; n < 260; n++) expect(newest.get(`k${n % 90}`)).toBe(String(n))
  })

  test('drops whole segments of delete topics after their time', async () => {
    const topic = topicOf('results', 'delete')
    const bus = await open({ aheadMs: 8 * 24 * hourMs })
    const young = await open()
    await bus.ensureTopics([topic])
    for (let n = 0; n < 3; n++) await append(bus, topic, [recordOf('k', String(n))])
    await young.clean()
    expect(await store.sql.query('select 1 from bus_segment')).toHaveLength(3)
    await bus.clean()
    expect(await store.sql.query('select 1 from bus_segment')).toEqual([])
    await append(bus, topic, [recordOf('k', 'next')])
    expect(shown(await everything(topic))).toEqual(['3 k=next'])
  })
})
