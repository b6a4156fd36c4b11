import { topics } from '@canopy/proto'
import { describe, expect, test } from 'vitest'
import { partitionOf } from './partition.ts'

const guid = (n: number): string => `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${(n * 7).toString(16).padStart(12, '0')}`

describe('partitionOf', () => {
  test('never changes: stored logs depend on these values', () => {
    const of = (key: string): number => partitionOf(topics.changes, key, 12)
    expect([of('contoso.lab/a'), of('contoso.lab/b'), of('zażółć/gęślą'), of('')]).toMatchInlineSnapshot()
  })

  test('keeps every member of one group together, and a group beside nothing in particular', () => {
    const key = `contoso.lab/${guid(1)}`
    const partition = partitionOf(topics.edges, key, 12)
    for (let n = 0; n < 50; n++) expect(partitionOf(topics.edges, `${key}/${guid(n)}`, 12)).toBe(partition)
  })

  test.each([4, 12])('spreads consecutive keys over %i partitions within 5 %%', (partitions) => {
    const counts = new Array<number>(partitions).fill(0)
    const total = 24_000
    for (let n = 0; n < total; n++) {
      const partition = partitionOf(topics.changes, `contoso.lab/${guid(n)}`, partitions)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    const even = total / partitions
    for (const count of counts) expect(Math.abs(count - even) / even).toBeLessThan(0.05)
  })
})
