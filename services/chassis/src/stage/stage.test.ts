import { setTimeout as sleep } from 'node:timers/promises'
import { record, type Topic } from '@canopy/proto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Bus, Consumption } from '../bus/bus.ts'
import { partitionOf } from '../bus/partition.ts'
import { Failure } from '../failure.ts'
import { type TestSql, testSql } from '../testing.ts'
import { watermarkPrefix } from './out.ts'
import { type RunStageOptions, runStage } from './run-stage.ts'
import type { RunningStage, StageDefinition } from './stage.ts'
import {
  keepNewest,
  keepStage,
  keptTable,
  type Numbered,
  numberedTopic,
  readLog,
  send,
  shortTtlMs,
  silent,
  source,
  target,
  testBus,
  watermark,
} from './test-stage.ts'

const second = numberedTopic('test.second', 2)
let store: TestSql
let bus: Bus
let running: RunningStage[]

beforeEach(async () => {
  store = await testSql('stage')
  await store.sql.query(keptTable)
  bus = await testBus(store.connection, `${store.schema}_bus`)
  await bus.ensureTopics([source, target, second] as Topic[])
  running = []
})
afterEach(async () => {
  await Promise.all(running.map((stage) => stage.close()))
  await bus.close()
  await store.sql.query(`drop schema "${store.schema}_bus" cascade`)
  await store.close()
})

async function start(definition: StageDefinition, over: Partial<RunStageOptions> = {}): Promise<RunningStage> {
  const stage = await runStage(definition, {
    sql: store.sql,
    bus,
    instance: 'test',
    log: silent,
    signal: new AbortController().signal,
    leaseTtlMs: shortTtlMs,
    ...over,
  })
  running.push(stage)
  return stage
}

async function eventually<T>(read: () => Promise<T>, ok: (value: T) => boolean, withinMs = 8_000): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await read()
    if (ok(value)) return value
    if (performance.now() > end)
      throw new Error(
        `not within ${withinMs} ms: ${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`,
      )
    await sleep(20)
  }
}

const settled = (stage: RunningStage): Promise<unknown> =>
  eventually(
    () => stage.status(),
    ({ outbox, lags }) => outbox === 0 && lags.every((lag) => lag.nextOffset === lag.endOffset),
  )

const outputs = async (): Promise<Map<string, Numbered>> => {
  const log = await readLog(bus, target as Topic)
  return new Map(
    log.filter(({ key }) => !key.startsWith('~')).map(({ key, value }) => [key, target.codec.decode(value!)]),
  )
}

const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index}`)

test('every record is handled once, and the last record of each key is its newest', async () => {
  const stage = await start(keepStage())
  for (let n = 1; n <= 5; n++)
    await send(
      bus,
      source,
      keys(700).map((key) => ({ key, n })),
    )
  await settled(stage)
  const found = await outputs()
  const rows = await store.sql.query<{ key: string; n: number; version: number; applied: number }>('select * from kept')
  expect(rows).toHaveLength(700)
  for (const { key, n, version } of rows) expect(found.get(key)).toEqual({ key, n, version })
  expect(rows.every(({ n }) => n === 5)).toBe(true)
})

test('a stage that starts again goes on behind what it handled', async () => {
  const first = await start(keepStage())
  await send(
    bus,
    source,
    keys(50).map((key) => ({ key, n: 1 })),
  )
  await settled(first)
  await first.close()
  await send(bus, source, [{ key: 'k1', n: 2 }])
  const again = await start(keepStage())
  await settled(again)
  const rows = await store.sql.query<{ key: string; applied: number }>(
    'select key, applied from kept where applied > 1',
  )
  expect(rows).toEqual([{ key: 'k1', applied: 2 }])
})

test('a bad record is parked alone, superseded by a newer one, or released', async () => {
  let refuse = true
  const stage = await start(
    keepStage({
      handle: async (batch) => {
        for (const { key, message } of batch.records) {
          const { n } = message as Numbered
          if (refuse && n === 13) throw new Error('a bug that names no record')
          if (refuse && n === 14)
            throw new Failure({ kind: 'permanent', code: 'CANOPY-TEST-0001', message: 'no', at: key })
        }
        await keepNewest(batch)
      },
    }),
  )
  const good = keys(300).map((key) => ({ key, n: 1 }))
  const bad = [
    { key: 'unnamed', n: 13 },
    { key: 'named', n: 14 },
    { key: 'fixed', n: 14 },
  ]
  await send(bus, source, [...good.slice(0, 150), ...bad, ...good.slice(150)])
  const corrupt = { key: 'corrupt', value: Buffer.from('not json'), headers: { a: 'b' }, timeMs: 5 }
  await bus.append({ topic: source as Topic, partition: 0, records: [corrupt], deadlineMs: performance.now() + 5_000 })
  await settled(stage)
  const parked = await stage.parked(10)
  expect(parked.map(({ key }) => key).sort()).toEqual(['corrupt', 'fixed', 'named', 'unnamed'])
  expect(parked.find(({ key }) => key === 'named')).toMatchObject({
    code: 'CANOPY-TEST-0001',
    topic: source.name,
    reason: 'no',
  })
  expect((await store.sql.query('select from kept')).length).toBe(300)

  await send(bus, source, [{ key: 'fixed', n: 15 }])
  await settled(stage)
  expect((await stage.status()).parked).toBe(3)
  const named = parked.find(({ key }) => key === 'named')!
  await expect(stage.releaseParked(named.id)).rejects.toThrow('no')
  expect((await stage.status()).parked).toBe(3)
  refuse = false
  expect(await stage.releaseParked(named.id)).toBe(true)
  expect(await stage.releaseParked(named.id)).toBe(false)
  await settled(stage)
  expect((await outputs()).get('named')).toMatchObject({ n: 14 })
  expect((await outputs()).get('fixed')).toMatchObject({ n: 15 })
})

test('a watermark goes on when every partition of every input has it, as their minimum, behind the records before it', async () => {
  let pass = true
  const told: bigint[] = []
  const stage = await start(
    keepStage({
      inputs: [source, second] as Topic[],
      onWatermark: async (_tx, _out, { checkpoint }) => {
        told.push(checkpoint)
        return pass
      },
    }),
  )
  const mark = async (
    topic: Topic<Numbered>,
    partition: number,
    checkpoint: bigint,
    forest = 'a.test',
  ): Promise<void> => {
    const value = record.Watermark.encode(watermark(forest, checkpoint)).finish()
    const records = [{ key: `${watermarkPrefix}${forest}/DC=${forest}`, value, headers: {}, timeMs: 1 }]
    await bus.append({ topic: topic as Topic, partition, records, deadlineMs: performance.now() + 5_000 })
  }
  const passed = async (): Promise<bigint[]> => {
    const log = await readLog(bus, target as Topic)
    return log.flatMap(({ key, value }) => (key.startsWith('~') ? [record.Watermark.decode(value!).checkpoint] : []))
  }
  await send(
    bus,
    source,
    keys(40).map((key) => ({ key, n: 1 })),
  )
  for (let partition = 0; partition < 4; partition++) await mark(source, partition, BigInt(5 + partition))
  await mark(second, 0, 9n)
  await settled(stage)
  expect(await passed()).toEqual([])
  expect(await stage.watermarks()).toEqual([])
  await mark(second, 1, 7n)
  await settled(stage)
  expect(await passed()).toEqual([5n, 5n, 5n, 5n])
  expect((await stage.watermarks()).map(({ checkpoint }) => checkpoint)).toEqual([5n])
  // All 40 records came before, so in each partition the watermark's offset is their number.
  const log = await readLog(bus, target as Topic)
  const before = [0, 0, 0, 0]
  for (const { key } of log) if (!key.startsWith('~')) before[partitionOf(target, key, 4)]!++
  const places = log.filter(({ key }) => key.startsWith('~')).map(({ offset }) => Number(offset))
  expect(places.sort((a, b) => a - b)).toEqual(before.sort((a, b) => a - b))
  pass = false
  await mark(source, 0, 20n)
  await settled(stage)
  expect((await stage.watermarks()).map(({ checkpoint }) => checkpoint)).toEqual([6n])
  expect(await passed()).toHaveLength(4)
  await stage.publish((tx, out) => stage.releaseWatermarks(tx, out))
  await settled(stage)
  expect((await passed()).slice().sort()).toEqual([5n, 5n, 5n, 5n, 6n, 6n, 6n, 6n])
  expect(told).toEqual([5n, 6n])
})

test('a process that lost its partition cannot commit', async () => {
  const consumptions: Consumption[] = []
  const held: Bus = {
    ...bus,
    consume: async (consumption) => {
      consumptions.push(consumption)
      return { close: async () => undefined }
    },
  }
  await start(keepStage(), { bus: held, instance: 'owner' })
  await start(keepStage(), { bus: held, instance: 'zombie' })
  const [owner, zombie] = consumptions as [Consumption, Consumption]
  const input = source as Topic
  expect([await owner.position(input, 0), await zombie.position(input, 0)]).toEqual([0n, 0n])
  const of = (offset: bigint, n: number) => ({
    topic: input,
    partition: 0,
    records: [{ offset, key: 'k', value: source.codec.encode({ key: 'k', n }).finish(), headers: {}, timeMs: 1 }],
    endOffset: offset + 1n,
    signal: new AbortController().signal,
  })
  await owner.handle(of(0n, 1))
  await expect(zombie.handle(of(0n, 1))).rejects.toMatchObject({ code: 'CANOPY-STAGE-0002' })
  await owner.handle(of(1n, 2))
  const rows = await store.sql.query('select n, applied from kept')
  expect(rows).toEqual([{ n: 2, applied: 2 }])
  // Delivered again, it learns the stored offset and drops what is behind it.
  await zombie.handle(of(1n, 2))
  expect(await store.sql.query('select n, applied from kept')).toEqual(rows)
})

test('a publisher that stalls beyond its lease publishes nothing stale', async () => {
  let stall = false
  let stalled = 0
  const stalling: Bus = {
    ...bus,
    append: async (request) => {
      if (stall && request.topic.name === target.name) {
        stalled++
        await sleep(shortTtlMs * 3)
      }
      await bus.append(request)
    },
  }
  const slow = await start(keepStage(), { bus: stalling, instance: 'slow' })
  await send(
    bus,
    source,
    keys(100).map((key) => ({ key, n: 1 })),
  )
  await settled(slow)
  const quick = await start(keepStage(), { instance: 'quick' })
  await sleep(300)
  stall = true
  for (let n = 2; n <= 12; n++) {
    await send(
      bus,
      source,
      keys(100).map((key) => ({ key, n })),
    )
    await sleep(100)
  }
  stall = false
  await settled(quick)
  expect(stalled).toBeGreaterThan(0)
  await eventually(outputs, (found) => keys(100).every((key) => found.get(key)?.n === 12))
  await sleep(shortTtlMs * 3)
  const found = await outputs()
  for (const row of await store.sql.query<{ key: string; n: number; version: number }>(
    'select key, n, version from kept',
  )) {
    expect(found.get(row.key)).toEqual(row)
  }
})

test('a stage without inputs publishes from transactions of the service, and a rollback publishes nothing', async () => {
  const stage = await start(keepStage({ name: 'control', inputs: [] }))
  await stage.publish(async (_tx, out) => out.put(target, 'a', { key: 'a', n: 1 }))
  await expect(
    stage.publish(async (_tx, out) => {
      out.put(target, 'b', { key: 'b', n: 1 })
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  await expect(stage.publish(async (_tx, out) => out.put(source, 'a', { key: 'a', n: 1 }))).rejects.toMatchObject({
    code: 'CANOPY-STAGE-0004',
  })
  await settled(stage)
  expect([...(await outputs()).keys()]).toEqual(['a'])
})

test('batches wait while too much is unpublished', async () => {
  let open = false
  const closed: Bus = {
    ...bus,
    append: async (request) => {
      if (!open && request.topic.name === target.name)
        throw new Failure({ kind: 'transient', code: 'CANOPY-TEST-0002', message: 'down' })
      await bus.append(request)
    },
  }
  const stage = await start(keepStage(), { bus: closed, maxQueuedBytes: 2_000 })
  for (let n = 0; n < 10; n++) {
    await send(
      bus,
      source,
      keys(100).map((key) => ({ key: `${key}.${n}`, n })),
    )
    await sleep(50)
  }
  await sleep(300)
  const before = (await store.sql.query('select from kept')).length
  expect(before).toBeLessThan(1_000)
  open = true
  await settled(stage)
  expect((await store.sql.query('select from kept')).length).toBe(1_000)
  expect((await outputs()).size).toBe(1_000)
})
