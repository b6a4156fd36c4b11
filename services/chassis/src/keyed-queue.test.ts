/** One flight per key, no lost wake-up, a pause per key. */
import { describe, expect, it } from 'vitest'
import { Failure } from './failure.ts'
import { keyedQueue } from './keyed-queue.ts'
import { sleep } from './sleep.ts'

const backoff = { baseMs: 20, maxMs: 40 }

describe('keyedQueue', () => {
  it('runs a key once however often it is added, and once more when added while it runs', async () => {
    const runs: string[] = []
    const gate = Promise.withResolvers<void>()
    const queue = keyedQueue<string>({
      concurrency: 4,
      backoff,
      run: async (key) => {
        runs.push(key)
        if (runs.length === 1) await gate.promise
        return undefined
      },
    })
    queue.add('a')
    await sleep(1)
    queue.add('a')
    queue.add('a')
    expect(runs).toEqual(['a'])
    gate.resolve()
    await queue.idle()
    expect(runs).toEqual(['a', 'a'])
    expect(queue.size).toBe(0)
  })

  it('never runs a key twice at a time, nor more keys than allowed', async () => {
    const active = new Set<number>()
    let most = 0
    let overlaps = 0
    let runs = 0
    const queue = keyedQueue<number>({
      concurrency: 3,
      backoff,
      run: async (key) => {
        if (active.has(key)) overlaps++
        active.add(key)
        most = Math.max(most, active.size)
        await sleep(1)
        active.delete(key)
        runs++
        return undefined
      },
    })
    for (let round = 0; round < 20; round++) {
      for (let key = 0; key < 10; key++) queue.add(key)
      await sleep(1)
    }
    await queue.idle()
    expect({ most, overlaps }).toEqual({ most: 3, overlaps: 0 })
    expect(runs).toBeGreaterThanOrEqual(10)
  })

  it('backs off on its own while other keys go on', async () => {
    const failures: [string, number][] = []
    const done: string[] = []
    let tries = 0
    const queue = keyedQueue<string>({
      concurrency: 1,
      backoff,
      random: () => 1,
      onFailure: (key, failure, attempt) => failures.push([`${key} ${failure.kind}`, attempt]),
      run: async (key) => {
        if (key === 'bad' && ++tries < 3) throw new Failure({ kind: 'transient', code: 'CANOPY-X', message: 'later' })
        done.push(key)
        return undefined
      },
    })
    queue.add('bad')
    queue.add('good')
    await queue.idle()
    expect(done).toEqual(['good'])
    await expect.poll(() => done, { timeout: 2_000, interval: 5 }).toEqual(['good', 'bad'])
    expect(failures).toEqual([
      ['bad transient', 1],
      ['bad transient', 2],
    ])
  })

  it('leaves a permanent failure until the key is added anew', async () => {
    let runs = 0
    const queue = keyedQueue<string>({
      concurrency: 1,
      backoff,
      run: async () => {
        runs++
        throw new Failure({ kind: 'permanent', code: 'CANOPY-X', message: 'no' })
      },
    })
    queue.add('a')
    await queue.idle()
    await sleep(80)
    expect(runs).toBe(1)
    queue.add('a')
    await queue.idle()
    expect(runs).toBe(2)
  })

  it('comes back after the time it was told, sooner when added', async () => {
    let runs = 0
    const queue = keyedQueue<string>({
      concurrency: 1,
      backoff,
      run: async () => (++runs < 2 ? { againAfterMs: 60_000 } : undefined),
    })
    queue.add('a')
    await queue.idle()
    expect([runs, queue.size]).toEqual([1, 1])
    queue.add('a')
    await queue.idle()
    expect([runs, queue.size]).toEqual([2, 0])
  })

  it('aborts and waits for what runs when it is closed', async () => {
    let ended = false
    const queue = keyedQueue<string>({
      concurrency: 1,
      backoff,
      run: async (_key, signal) => {
        await sleep(10_000, signal).catch(() => undefined)
        await sleep(20)
        ended = true
        return undefined
      },
    })
    queue.add('a')
    await sleep(1)
    await queue.close()
    expect(ended).toBe(true)
    queue.add('b')
    expect(queue.size).toBe(0)
  })
})
