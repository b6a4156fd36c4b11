import { topics } from '@canopy/proto'
import { describe, expect, test } from 'vitest'
import { partitionOf } from './partition.ts'

const guid = (n: number): string =>
  `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${(n * 7).toString(16).padStart(12, '0')}`

describe('partitionOf', () => {
  test('never changes: stored logs depend on these values', () => {
    const of = (key: string): number => partitionOf(topics.changes, key, 12)
    expect([of('contoso.lab/a'), of('contoso.lab/b'), of('zażółć/gęślą'), of('')]).toMatchInlineSnapshot(`
      [
        0,
        9,
        4,
        11,
      ]
    `)
  })

  test('keeps every member of one group together, and a group beside nothing in particular', () => {
    const key = `contoso.lab/${guid(1)}`
    const partition = partitionOf(topics.edges, key, 12)
    for (let n = 0; n < 50; n++) expect(partitionOf(topics.edges, `${key}/${guid(n)}`, 12)).toBe(partition)
  })

  const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0')
  const families: Readonly<Record<string, (n: number) => string>> = {
    'two counters': (n) => `contoso.lab/${guid(n)}`,
    'decimal numbers': (n) => `contoso.lab/${n}`,
    'a counter at the end': (n) => `contoso.lab/00000000-0000-0000-0000-${hex(n, 12)}`,
  }
  // What chance alone exceeds once in a thousand times, for partitions - 1 degrees of freedom.
  const limits = [
    { partitions: 4, limit: 16.27 },
    { partitions: 12, limit: 31.26 },
  ]
  const cases = limits.flatMap((each) => Object.keys(families).map((family) => ({ ...each, family })))

  test.each(cases)('spreads $family over $partitions partitions as chance would', ({ partitions, limit, family }) => {
    const counts = new Array<number>(partitions).fill(0)
    const total = 24_000
    for (let n = 0; n < total; n++) {
      const partition = partitionOf(topics.changes, families[family]?.(n) ?? '', partitions)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    const even = total / partitions
    expect(counts.reduce((sum, count) => sum + (count - even) ** 2 / even, 0)).toBeLessThan(limit)
  })
})
