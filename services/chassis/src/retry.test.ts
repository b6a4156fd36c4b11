/** Retries wait within their bounds and give up when told to. */
import { describe, expect, it } from 'vitest'
import { Failure } from './failure.ts'
import { backoffMs, retry } from './retry.ts'

const backoff = { baseMs: 100, maxMs: 1_000 }
const transient = (retryAfterMs?: number) =>
  new Failure({ kind: 'transient', code: 'CANOPY-X', message: 'later', retryAfterMs })

/** Fails with each error in turn, then answers. */
function failing(errors: unknown[]) {
  const pauses: number[] = []
  const options = { backoff, random: () => 1, sleep: async (ms: number) => void pauses.push(ms) }
  let calls = 0
  const run = (more = {}) =>
    retry({ ...options, ...more }, async () => {
      const error = errors[calls++]
      if (error !== undefined) throw error
      return calls
    })
  return { run, pauses, calls: () => calls }
}

describe('retry', () => {
  it('doubles its pauses up to the bound', async () => {
    const work = failing(Array.from({ length: 6 }, () => transient()))
    expect(await work.run()).toBe(7)
    expect(work.pauses).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  it('waits at least as long as the other side asked', async () => {
    const work = failing([transient(5_000)])
    await work.run()
    expect(work.pauses).toEqual([5_000])
  })

  it.each(['permanent', 'conflict', 'cancelled'] as const)('does not try a %s failure again', async (kind) => {
    const work = failing([new Failure({ kind, code: 'CANOPY-X', message: 'no' })])
    await expect(work.run()).rejects.toMatchObject({ kind })
    expect(work.calls()).toBe(1)
  })

  it('gives up after its attempts, and when it is aborted while it waits', async () => {
    const work = failing(Array.from({ length: 9 }, () => transient()))
    await expect(work.run({ attempts: 3 })).rejects.toMatchObject({ code: 'CANOPY-X' })
    expect(work.calls()).toBe(3)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 10)
    const slow = retry(
      { backoff: { baseMs: 60_000, maxMs: 60_000 }, random: () => 1, signal: abort.signal },
      async () => {
        throw transient()
      },
    )
    await expect(slow).rejects.toMatchObject({ kind: 'cancelled' })
  })

  it('has full jitter', () => {
    expect(backoffMs(backoff, 3, () => 0)).toBe(0)
    expect(backoffMs(backoff, 3, () => 0.5)).toBe(200)
    expect(backoffMs(backoff, 500, () => 1)).toBe(1_000)
  })
})
