/** Who reads what: each partition has one reader, the same in every process, and nobody has two more than another. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { surplus, takes } from './share.ts'

const partition = (n: number, credential = 'c') => ({ forest: 'f', domain: `d${n}`, credential })
const agent = (n: number, held = 0, credentials = ['c']) => ({ session: `s${n}`, credentials, forests: [], held })

test('free partitions are shared out evenly, each to one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 40 }), (agents, partitions) => {
      const all = Array.from({ length: agents }, (_, n) => agent(n))
      const free = Array.from({ length: partitions }, (_, n) => partition(n))
      const shares = all.map(({ session }) => takes(session, free, all))
      expect(shares.flat()).toHaveLength(partitions)
      expect(new Set(shares.flat()).size).toBe(partitions)
      const sizes = shares.map((share) => share.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

test('only who has the credential and may read the forest', () => {
  const all = [agent(1, 0, ['other']), { ...agent(2, 9), forests: ['g'] }, agent(3, 9)]
  expect(takes('s3', [partition(1)], all)).toHaveLength(1)
  expect(takes('s1', [partition(1)], all)).toHaveLength(0)
  expect(takes('s2', [partition(1)], all)).toHaveLength(0)
})

test('a newcomer gets a share of what others hold, one at a time', () => {
  const held = [partition(1), partition(2)]
  expect(surplus('s1', held, [agent(1, 2), agent(2, 0)])).toEqual(partition(1))
  expect(surplus('s1', held, [agent(1, 2), agent(2, 1)])).toBeUndefined()
  expect(surplus('s1', held, [agent(1, 2), agent(2, 0, ['other'])])).toBeUndefined()
})
