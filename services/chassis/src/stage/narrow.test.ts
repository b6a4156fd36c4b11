import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure, type FailureKind } from '../failure.ts'
import { SqlFailure } from '../sql/sql-failure.ts'
import type { Entry } from './decode.ts'
import { narrow } from './narrow.ts'
import { source } from './test-stage.ts'

const entry = (offset: number, key = `k${offset}`): Entry => {
  const raw = { offset: BigInt(offset), key, value: Buffer.alloc(1), headers: {}, timeMs: 0 }
  return { kind: 'record', raw, incoming: { topic: source, partition: 0, message: {}, ...raw } as never }
}
const failure = (kind: FailureKind, at?: string): Failure =>
  new Failure({ kind, code: 'CANOPY-TEST', message: 'no', at })
const isLive = (each: Entry): boolean => each.kind === 'record'

async function run(
  entries: readonly Entry[],
  fail: (entries: readonly Entry[], attempt: number) => Failure | undefined,
) {
  const commits: (readonly Entry[])[] = []
  let attempt = 0
  await narrow(entries, {
    signal: new AbortController().signal,
    onFailure: () => undefined,
    commit: async (slice) => {
      const failed = fail(slice, ++attempt)
      if (failed) throw failed
      commits.push(slice)
    },
  })
  return { commits, attempt, all: commits.flat() }
}

test('whichever records are bad, they alone are parked, and the order stays', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ bad: fc.boolean(), named: fc.boolean() }), { minLength: 1, maxLength: 40 }),
      async (kinds) => {
        const { all } = await run(
          kinds.map((_, offset) => entry(offset)),
          (slice) => {
            const bad = slice.find((each) => isLive(each) && kinds[Number(each.raw.offset)]?.bad)
            return bad && failure('permanent', kinds[Number(bad.raw.offset)]?.named ? bad.raw.key : undefined)
          },
        )
        expect(all.map((each) => Number(each.raw.offset))).toEqual(kinds.map((_, offset) => offset))
        expect(all.map((each) => each.kind)).toEqual(kinds.map(({ bad }) => (bad ? 'parked' : 'record')))
      },
    ),
  )
})

test('conflicts and deadlocks halve until they are gone; nothing is parked for them', async () => {
  const deadlock = new SqlFailure({ kind: 'transient', code: 'CANOPY-SQL-0002', message: 'deadlock' }, '40P01')
  for (const contended of [deadlock, failure('conflict')]) {
    const { commits, all } = await run(
      [0, 1, 2, 3, 4, 5, 6, 7].map((n) => entry(n)),
      (slice) => (slice.length > 2 ? contended : undefined),
    )
    expect(commits.map((slice) => slice.length)).toEqual([2, 2, 2, 2])
    expect(all.every(isLive)).toBe(true)
  }
})

test('a transient failure is tried again whole, and left to the bus in the end', async () => {
  const { attempt, commits } = await run([entry(0), entry(1)], (_, n) => (n < 3 ? failure('transient') : undefined))
  expect([attempt, commits.length]).toEqual([3, 1])
  await expect(
    run([entry(0)], () => new Failure({ kind: 'transient', code: 'X', message: 'no', retryAfterMs: 1 })),
  ).rejects.toThrow('no')
})

test('an older record of a bad key is passed over, the newest is parked', async () => {
  const { all } = await run([entry(0, 'x'), entry(1), entry(2, 'x')], (slice) =>
    slice.some((each) => isLive(each) && each.raw.key === 'x') ? failure('permanent', 'x') : undefined,
  )
  expect(all.map((each) => each.kind)).toEqual(['passed', 'record', 'parked'])
})

test('cancelled is thrown at once', async () => {
  await expect(run([entry(0), entry(1)], () => failure('cancelled'))).rejects.toMatchObject({ kind: 'cancelled' })
})
