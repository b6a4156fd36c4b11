/** A member list in ranges, from a directory that changes while it is read. */
import { expect, test } from 'vitest'
import type { Directory, RawEntry, Search, SearchResult } from '../ports.ts'
import { readMembers } from './ranges.ts'

const list = { guid: '00000000-0000-4000-8000-000000000001', dn: 'CN=big,DC=x' }
const end: SearchResult = {
  code: 0,
  pagedCookie: undefined,
  dirsync: undefined,
  sync: undefined,
  references: 0,
  referrals: [],
}

async function* nothing(): AsyncGenerator<readonly never[], SearchResult> {
  yield []
  return end
}

/** A group of 25 members that gives ten at a time; `usn` tells its state at each request. */
function directory(usn: (request: number) => string, members = 25): Directory & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    server: 'ldaps://test',
    closed: new Promise(() => {}),
    close: () => {},
    asked,
    sync: () => nothing(),
    async *search({ attributes }: Search) {
      const from = Number(/range=(\d+)-/.exec(attributes[0]!)![1])
      const sizes = { size: 0, firstByte: -1 }
      const state = { name: 'uSNChanged', values: [Buffer.from(usn(asked.length))], ...sizes }
      asked.push(attributes[0]!)
      const to = Math.min(from + 10, members)
      const values = Array.from({ length: to - from }, (_, n) => Buffer.from(`CN=m${from + n}`))
      const range = { name: `member;range=${from}-${to === members ? '*' : to - 1}`, values, ...sizes }
      yield [{ dn: list.dn, attributes: members === 0 ? [] : [range, state] }] satisfies RawEntry[]
      return end
    },
  }
}

async function read(from: Directory): Promise<{ members: string[]; first: boolean; last: boolean }[]> {
  const parts = []
  for await (const event of readMembers(from, list)) {
    if (event.type !== 'entry') continue
    const { added, first, last } = event.entry.links.member!
    parts.push({ members: added.map((link) => link.dn), first, last })
  }
  return parts
}

test('its parts are one list: the first opens it, the last closes it', async () => {
  const parts = await read(directory(() => '7'))
  expect(parts.flatMap((part) => part.members)).toHaveLength(25)
  expect(parts.map(({ first, last }) => [first, last])).toEqual([
    [true, false],
    [false, false],
    [false, true],
  ])
})

test('a list that changes between two ranges is begun again, so that nobody slips through', async () => {
  const changing = directory((request) => (request < 2 ? '7' : '8'))
  const parts = await read(changing)
  expect(changing.asked.map((name) => /=(\d+)/.exec(name)![1])).toEqual(['0', '10', '20', '0', '10', '20'])
  expect(parts.filter((part) => part.last)).toHaveLength(1)
  expect(parts.slice(-3).flatMap((part) => part.members)).toHaveLength(25)
})

test('one that never stands still is not closed: nobody is taken out of it', async () => {
  const parts = await read(directory((request) => String(request)))
  expect(parts.some((part) => part.last)).toBe(false)
})

test('an object that is gone closes nothing', async () => {
  const gone: Directory = {
    ...directory(() => '7'),
    search: () => nothing(),
  }
  expect(await read(gone)).toEqual([])
})
