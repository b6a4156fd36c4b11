import {
  type Bus,
  type Channels,
  call,
  createChannels,
  onEvents,
  postgresBus,
  postgresSql,
  type Running,
  type Sql,
  startServices,
} from '@canopy/chassis'
import { type TestSql, testSql } from '@canopy/chassis/testing'
import { audit as proto, result, topics } from '@canopy/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { audit } from './service.ts'

const dayMs = 86_400_000
let store: TestSql
let buses: Sql[]
let aheadMs: number
let running: Running | undefined
let channels: Channels | undefined

beforeEach(async () => {
  store = await testSql('audit_service')
  buses = []
  aheadMs = 0
})
afterEach(async () => {
  await stop()
  await Promise.all(buses.map((sql) => sql.close()))
  await store.close()
})

const open = (schema: string): Promise<Sql> => postgresSql({ connection: store.connection, schema })
async function openBus(): Promise<Bus> {
  const sql = await open(`${store.schema}_bus`.slice(-40))
  buses.push(sql)
  return await postgresBus({ sql, now: () => new Date(Date.now() + aheadMs) })
}
async function start(config: Readonly<Record<string, unknown>> = {}): Promise<Bus> {
  const bus = await openBus()
  running = await startServices([audit], {
    adapters: { sql: () => open(store.schema), bus },
    rpc: { listen: ['127.0.0.1:0'] },
    config: { audit: config },
  })
  channels = createChannels({ peers: { audit: running.rpcAddresses[0]! } })
  return bus
}
async function stop(): Promise<void> {
  channels?.close()
  await running?.stop()
  running = undefined
}
const client = (): proto.AuditClient => channels!.client('audit', proto.AuditClient)
const append = (bus: Bus, partition: number, ids: readonly string[]): Promise<void> =>
  bus.append({
    topic: topics.results,
    partition,
    records: ids.map((id) => ({
      key: id,
      value: result.Result.encode(
        result.Result.fromPartial({
          id,
          anchor: id,
          action: 'update',
          outcome: 'OUTCOME_DONE',
          display: id,
          at: new Date(),
        }),
      ).finish(),
      headers: {},
      timeMs: Date.now(),
    })),
    deadlineMs: performance.now() + 5_000,
  })

const question = { object: '', since: undefined, limit: 0, after: 0n }
const ids = async (): Promise<string[]> =>
  (await call(client(), 'query', question)).entries.map((entry) => entry.result?.id ?? '').sort()

describe('audit', () => {
  it('follows results as they are recorded, over all partitions, and ends with its reader', async () => {
    const bus = await start()
    await append(bus, 0, ['early'])
    await expect.poll(ids, { timeout: 10_000 }).toEqual(['early'])
    const stream = client().follow({ ...question, limit: 10 })
    stream.on('error', () => undefined)
    const seen: string[] = []
    stream.on('data', (entry: proto.AuditEntry) => seen.push(entry.result?.id ?? ''))
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['early'])
    const many = Array.from({ length: 1_200 }, (_, n) => `a${n}`)
    await Promise.all([append(bus, 1, many), append(bus, 3, ['b'])])
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(1_202)
    expect(new Set(seen)).toEqual(new Set(['early', 'b', ...many]))
    expect(seen.filter((id) => id.startsWith('a'))).toEqual(many)
    const ended = new Promise((resolve) => stream.once('error', resolve))
    stream.cancel()
    await ended
    expect(await call(client(), 'verify', {})).toMatchObject({ intact: true, entries: 1_202 })
  })

  it('ends its followers when it stops', async () => {
    await start()
    const stream = client().follow(question)
    const ended = new Promise<void>((resolve) => {
      stream.once('end', resolve)
      stream.once('error', () => resolve())
    })
    stream.resume()
    // The stream is open once the server has sent its headers, which it does with the first entry: so ask something else first.
    await call(client(), 'query', question)
    const before = performance.now()
    await running?.stop()
    await ended
    expect(performance.now() - before).toBeLessThan(4_000)
  })

  it('records results that retention removed while it stood still as a gap, and no gap for watermarks', async () => {
    let bus = await start({ probe_after_secs: 0 })
    await append(bus, 0, ['one', 'two'])
    await bus.append({
      topic: topics.results,
      partition: 0,
      records: [{ key: '~watermark/f/DC=f', value: Buffer.alloc(0), headers: {}, timeMs: Date.now() }],
      deadlineMs: performance.now() + 5_000,
    })
    await append(bus, 0, ['three'])
    await expect.poll(ids, { timeout: 10_000 }).toEqual(['one', 'three', 'two'])
    await stop()
    bus = await openBus()
    await append(bus, 0, ['lost 1', 'lost 2'])
    await append(bus, 1, ['kept'])
    aheadMs = 8 * dayMs
    await bus.clean()
    aheadMs = 0
    await append(bus, 0, ['four'])
    await append(bus, 1, ['five'])
    const gaps: unknown[] = []
    const forget = onEvents((_, event, fields) => event === 'gapRecorded' && gaps.push(fields))
    await start({ probe_after_secs: 0 })
    await expect.poll(ids, { timeout: 10_000 }).toContain('four')
    await expect.poll(ids, { timeout: 10_000 }).toContain('five')
    forget()
    expect(gaps).toContainEqual({ chain: 0, from: '4', to: '6' })
    const verdict = await call(client(), 'verify', {})
    expect(verdict.intact).toBe(true)
    expect(verdict.gaps).toContain('results 4 to 5 of partition 0 were removed before they were read')
    // Partition 1 lost one as well; nothing else is a gap.
    expect(verdict.gaps).toHaveLength(2)
    await stop()
    await start({ probe_after_secs: 0 })
    expect((await call(client(), 'verify', {})).gaps).toHaveLength(2)
  })

  it('seals on its own', async () => {
    const bus = await start({ seal_interval_secs: 1 })
    await append(bus, 2, ['x'])
    const look = await open(store.schema)
    const roots = async () => (await look.query('select root from seal')).length
    await expect.poll(roots, { timeout: 10_000 }).toBe(1)
    await look.close()
  })
})
