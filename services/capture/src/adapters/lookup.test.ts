/** Pages through what is kept of a forest, on a real store. */
import { change } from '@canopy/proto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fixture, fixture, forest, gone, guid, head, namingContext, ou, user } from './commit.fixture.ts'
import { listObjects } from './lookup.ts'

let f: Fixture
beforeEach(async () => {
  f = await fixture('capture-lookup')
})
afterEach(() => f.close())

async function pages(limit: number): Promise<change.DirectoryObject[][]> {
  const found: change.DirectoryObject[][] = []
  for (let after = ''; ; ) {
    const { objects, next } = await listObjects(f.sql, { forest, after, limit })
    found.push(objects)
    if (next === '') return found
    after = next
  }
}

describe('the objects of a forest', () => {
  test('come once each, in pages, as they were published; what is gone does not', async () => {
    await f.commit([head(), ou(2, 'Staff'), ...[10, 11, 12, 13].map((n) => user(n, { mail: [`${n}@b.c`] }))])
    const published = f.taken().objects
    await f.commit([gone(12)])
    const found = await pages(2)
    expect(found.map((page) => page.length)).toEqual([2, 2, 1, 0])
    const plain = (object: change.DirectoryObject) => change.DirectoryObject.toJSON({ ...object, source: undefined })
    const wanted = published.filter((object) => object.guid !== guid(12))
    expect(found.flat().map(plain)).toEqual(wanted.toSorted((a, b) => (a.guid < b.guid ? -1 : 1)).map(plain))
    expect((await listObjects(f.sql, { forest: 'fabrikam', after: '', limit: 0 })).objects).toEqual([])
  })

  test('a page of large objects is shorter', async () => {
    const attributes = Array.from({ length: 14 }, (_, at) => [`attribute${at}`, ['x'.repeat(60_000)]] as const)
    const large = (n: number) => user(n, Object.fromEntries(attributes))
    await f.commit([head(), ou(2, 'Staff'), ...[10, 11, 12, 13, 14, 15, 16].map(large)])
    const found = await pages(0)
    expect(found.map((page) => page.length)).toEqual([6, 3, 0])
    expect(found.flat().map((object) => object.guid)).toEqual([1, 2, 10, 11, 12, 13, 14, 15, 16].map(guid))
  })

  test('a page begins behind a GUID', async () => {
    const asked = listObjects(f.sql, { forest, after: namingContext, limit: 0 })
    await expect(asked).rejects.toMatchObject({ code: 'CANOPY-CAPTURE-0008' })
  })
})
