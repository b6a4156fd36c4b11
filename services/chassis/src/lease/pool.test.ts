import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sql } from '../sql/sql.ts'
import { type TestSql, testSql } from '../testing.ts'
import type { Lease, LeasePool } from './lease.ts'
import { voidLeases } from './pool.sql.ts'
import { joinLeasePool } from './pool.ts'
import { fairShare } from './share.ts'

let store: TestSql
let other: Sql
beforeAll(async () => {
  store = await testSql('leases')
  other = await store.second()
})
afterAll(() => store.close())

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `n${String(index).padStart(3, '0')}`)

async function until(what: () => boolean, withinMs: number): Promise<number> {
  const started = performance.now()
  while (!what()) {
    if (performance.now() - started > withinMs) throw new Error(`not within ${withinMs} ms`)
    await sleep(5)
  }
  return performance.now() - started
}

test('alone, everything is held when join returns', async () => {
  const pool = await joinLeasePool({ pool: 'alone', names: names(300) }, { sql: store.sql, instance: 'a' })
  expect(pool.held()).toHaveLength(300)
  expect(pool.holds('n007')?.epoch).toBe(1n)
  await pool.close()
  const again = await joinLeasePool({ pool: 'alone', names: names(300) }, { sql: store.sql, instance: 'a' })
  expect(again.held()).toHaveLength(300)
  expect(again.holds('n007')?.epoch).toBe(2n)
  await again.close()
})

test('a join and a leave rebalance within moments, and nothing is held twice', async () => {
  const holders = new Map<string, string>()
  const errors: string[] = []
  const join = (instance: string, sql: Sql): Promise<LeasePool> =>
    joinLeasePool(
      {
        pool: 'pair',
        names: names(12),
        onAcquired: ({ name }) => {
          if (holders.has(name)) errors.push(`${name} is held by ${holders.get(name)} and got by ${instance}`)
          holders.set(name, instance)
        },
        onLost: async ({ name }) => {
          await sleep(20)
          holders.delete(name)
        },
      },
      { sql, instance },
    )
  const a = await join('a', store.sql)
  expect(a.held()).toHaveLength(12)
  const b = await join('b', other)
  await until(() => b.held().length === 6 && a.held().length === 6, 1_000)
  const c = await join('c', other)
  await until(() => [a, b, c].every((pool) => pool.held().length === 4), 1_500)
  await b.close()
  await until(() => a.held().length === 6 && c.held().length === 6, 1_000)
  await a.close()
  await until(() => c.held().length === 12, 1_000)
  await c.close()
  expect(errors).toEqual([])
})

test('shares add up whatever the numbers, and single leases spread over the members', () => {
  for (let count = 0; count < 20; count++) {
    for (let size = 1; size < 8; size++) {
      const members = names(size)
      const shares = members.map((owner) => fairShare({ pool: 'p', names: count, members, owner }))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(count)
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
    }
  }
  const winners = new Set(
    names(40).map((pool) => names(3).find((owner) => fairShare({ pool, names: 1, members: names(3), owner }) === 1)),
  )
  expect(winners.size).toBe(3)
})

test('under random stalls no two members believe to hold one lease at the same time', { timeout: 30_000 }, async () => {
  // Every use of a lease is noted with the interval in which it may still have an effect: until the deadline it saw.
  const uses: { name: string; epoch: bigint; from: number; to: number }[] = []
  let running = true
  const member = async (index: number, sql: Sql): Promise<void> => {
    const inUse = new Map<string, Promise<void>>()
    const pool = await joinLeasePool(
      { pool: 'stalls', names: names(6), ttlMs: 600, onLost: async ({ name }) => inUse.get(name) },
      { sql, instance: `m${index}` },
    )
    while (running) {
      for (const { name } of pool.held()) {
        const lease = inUse.has(name) ? undefined : pool.holds(name)
        if (!lease) continue
        const from = performance.now()
        const most = Math.max(0, lease.deadlineMs - from)
        const use = sleep(Math.random() < 0.1 ? most : Math.min(most, Math.random() * 30)).then(() => {
          uses.push({ name, epoch: lease.epoch, from, to: Math.min(performance.now(), lease.deadlineMs) })
          inUse.delete(name)
        })
        inUse.set(name, use)
      }
      if (Math.random() < 0.004) block(700)
      await sleep(5)
    }
    await pool.close()
  }
  const members = [member(1, store.sql), member(2, other), member(3, other)]
  await sleep(6_000)
  running = false
  await Promise.all(members)
  expect(uses.length).toBeGreaterThan(150)
  const byName = Map.groupBy(uses, (use) => use.name)
  for (const all of byName.values()) {
    const byEpoch = [...Map.groupBy(all, (use) => use.epoch).entries()].sort((a, b) => Number(a[0] - b[0]))
    for (let i = 1; i < byEpoch.length; i++) {
      const before = Math.max(...byEpoch[i - 1]![1].map((use) => use.to))
      const after = Math.min(...byEpoch[i]![1].map((use) => use.from))
      expect(after).toBeGreaterThan(before)
    }
  }
  expect([...byName.values()].some((all) => new Set(all.map((use) => use.epoch)).size > 1)).toBe(true)
})

test('hints that arrive while a slow statement runs do not stop the renewals', async () => {
  const slow: Sql = {
    schema: store.sql.schema,
    query: async (text, params) => {
      await sleep(60)
      return store.sql.query(text, params)
    },
    tx: (fn, options) => store.sql.tx(fn, options),
    listen: (channel, fn) => store.sql.listen(channel, fn),
    notify: (channel, payload) => store.sql.notify(channel, payload),
    close: () => store.sql.close(),
  }
  const lost: string[] = []
  const options = { pool: 'slow', names: names(3), ttlMs: 900, onLost: async ({ name }: Lease) => void lost.push(name) }
  const pool = await joinLeasePool(options, { sql: slow, instance: 'a' })
  for (let n = 0; n < 100; n++) {
    await other.notify('lease', 'slow\nsomebody')
    await sleep(Math.random() * 30)
  }
  await sleep(1_500)
  expect(lost).toEqual([])
  expect(pool.held()).toHaveLength(3)
  await pool.close()
})

test('leases of a member that vanished are taken after their time, or at once when all are void', async () => {
  const lost: Lease[] = []
  const gone = await store.second()
  const options = { pool: 'gone', names: names(4), ttlMs: 900 }
  const a = await joinLeasePool(
    { ...options, onLost: async (lease) => void lost.push(lease) },
    { sql: gone, instance: 'a' },
  )
  const started = performance.now()
  await gone.close()
  const b = await joinLeasePool(options, { sql: store.sql, instance: 'b' })
  expect(b.held()).toHaveLength(0)
  await until(() => b.held().length === 4, 3_000)
  expect(performance.now() - started).toBeGreaterThan(800)
  // The old holder knew by its own clock, before the new one had them.
  expect(lost).toHaveLength(4)
  expect(a.held()).toHaveLength(0)
  await a.close()
  await voidLeases(store.sql)
  const c = await joinLeasePool(options, { sql: store.sql, instance: 'c' })
  expect(c.held()).toHaveLength(4)
  await c.close()
  await b.close()
})

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}
