/** Readings that are certified, held, released, and those beside the stream, on a real store. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defaultMissingGuard, judgeMissing } from '../core/guard.ts'
import {
  batchOf,
  domain,
  entry,
  type Fixture,
  fixture,
  forest,
  gone,
  group,
  guid,
  head,
  link,
  namingContext,
  ou,
  user,
} from './commit.fixture.ts'
import { addReading, firstReading } from './readings.sql.ts'
import { nextReturned } from './returned.sql.ts'

let f: Fixture
beforeEach(async () => {
  f = await fixture('capture-readings')
})
afterEach(() => f.close())

const of = { forest, domain }
const holder = { ...of, session: 'session' }
const whole = { phase: 'PHASE_SNAPSHOT', snapshotBegin: true, snapshotComplete: true } as const
const users = (n: number) => Array.from({ length: n }, (_, i) => user(100 + i))
const isGone = async (n: number): Promise<boolean> => {
  const [row] = await f.sql.query<{ gone: boolean }>('select gone from object where guid = $1::uuid', [guid(n)])
  return row?.gone ?? true
}
const held = async () => {
  const [row] = await f.sql.query<{ held: string; missing: number }>('select held, missing from partition')
  return row!
}

describe('what a complete reading did not see', () => {
  const judged = (...counts: readonly (readonly [known: number, missing: number])[]): boolean =>
    judgeMissing(
      counts.map(([known, missing], n) => ({ kind: (['user', 'group'] as const)[n]!, known, missing })),
      defaultMissingGuard,
    ).held

  test.each([
    ['a few of many', [[1_000, 50]], false],
    ['a fifth and one', [[1_000, 201]], true],
    ['two of a handful', [[5, 2]], false],
    ['four of ten in a small forest', [[25, 10]], true],
    [
      'all groups',
      [
        [500, 0],
        [5, 5],
      ],
      true,
    ],
    [
      'all of very few',
      [
        [500, 0],
        [2, 2],
      ],
      false,
    ],
    ['everything', [[30, 30]], true],
  ] as const)('%s', (_, counts, expected) => {
    expect(judged(...counts)).toBe(expected)
  })

  test('half a forest is held: nothing is deleted, no membership either, until a person says so', async () => {
    await f.commit([head(), ou(2, 'Staff'), ...users(20), group(20, [100, 119])], whole)
    f.taken()
    await f.commit([head(), ou(2, 'Staff'), ...users(10), group(20, [100])], whole)
    await f.settle()
    expect(await held()).toMatchObject({ missing: 10, held: expect.stringContaining('10 of 23') })
    expect(f.taken().objects).toEqual([])
    expect(await f.counts()).toMatchObject({ users: 20 })
    expect(await f.readings.release(of)).toBe(10)
    await f.settle()
    expect(await held()).toEqual({ held: '', missing: 0 })
    expect(f.taken().objects.map((object) => [object.guid, object.gone])).toContainEqual([guid(119), true])
    expect(await f.counts()).toMatchObject({ users: 10 })
  })

  test('a better reading lifts what was held', async () => {
    await f.commit([head(), ou(2, 'Staff'), ...users(20)], whole)
    await f.commit([head(), ou(2, 'Staff')], whole)
    expect((await held()).missing).toBe(20)
    await f.commit([head(), ou(2, 'Staff'), ...users(19)], whole)
    await f.settle()
    expect(await held()).toEqual({ held: '', missing: 0 })
    expect(await isGone(119)).toBe(true)
    expect(await isGone(118)).toBe(false)
  })
})

describe('a place read beside the stream', () => {
  const at = `OU=Staff,${namingContext}`
  beforeEach(async () => {
    await f.commit([head(), ou(2, 'Staff'), ou(3, 'Left'), ...users(12), group(20, [100, 101])], whole)
    f.taken()
    await addReading(f.sql, of, at)
  })
  const reading = async () => (await firstReading(f.sql, of))!
  const asked = async (): Promise<bigint> => (await f.readings.open(holder))!

  test('what the stream said after the question wins', async () => {
    const mark = await asked()
    await f.commit([entry({ n: 100, dn: `CN=User 100,${at}`, complete: false, values: { title: ['live'] } })])
    f.taken()
    await f.readings.part(holder, await reading(), {
      mark,
      entries: [user(100, { title: ['read'] }), user(101, { title: ['read'] })],
      last: false,
    })
    const titles = f.taken().objects.map((object) => [object.guid, object.attributes.title?.values.map(String)])
    expect(titles).toEqual([[guid(101), ['read']]])
  })

  test('a member that the stream took away does not come back with an older list', async () => {
    const mark = await asked()
    const removed = { added: [], removed: [link(101)], whole: false, first: true, last: true }
    const dn = `CN=Group 20,${at}`
    await f.commit([entry({ n: 20, dn, complete: false, links: { member: removed } })])
    f.taken()
    await f.readings.part(holder, await reading(), { mark, entries: [group(20, [100, 101])], last: false })
    expect(f.taken().edges).toEqual([])
    // The list is not what the reading says, so it is asked for again.
    expect(await f.sql.query('select guid, absent from reread')).toEqual([{ guid: guid(20), absent: false }])
  })

  test('what it did not see is asked for by its GUID: moved is moved, and only what nobody has is gone', async () => {
    const mark = await asked()
    const seen = [ou(2, 'Staff'), ...users(10), group(20, [100, 101])]
    expect(await f.readings.part(holder, await reading(), { mark, entries: seen, last: true })).toBe('done')
    expect(await f.sql.query('select guid, absent from reread order by guid')).toEqual([
      { guid: guid(110), absent: true },
      { guid: guid(111), absent: true },
    ])
    expect(f.taken().objects).toEqual([])
    const again = await asked()
    const moved = user(110, {}, `OU=Left,${namingContext}`, 3)
    await f.readings.whole({ ...holder, guid: guid(110) }, { mark: again, absent: true, entries: [moved] })
    await f.readings.whole({ ...holder, guid: guid(111) }, { mark: again, absent: true, entries: [] })
    expect(f.taken().objects.map((object) => [object.guid, object.gone, object.parentGuid])).toEqual([
      [guid(110), false, guid(3)],
      [guid(111), true, guid(2)],
    ])
    expect(await f.sql.query('select 1 from reread')).toEqual([])
    expect(await f.sql.query('select 1 from reading')).toEqual([])
  })

  test('too much missing is not even asked for before a person says so', async () => {
    const mark = await asked()
    await f.readings.part(holder, await reading(), { mark, entries: [ou(2, 'Staff')], last: true })
    expect((await held()).held).toContain(`a reading of ${at}`)
    expect(await f.sql.query('select 1 from reread where not held')).toEqual([])
    expect(await f.readings.release(of)).toBe(13)
    expect(await f.sql.query('select 1 from reread where not held')).toHaveLength(13)
    expect(await held()).toEqual({ held: '', missing: 0 })
  })

  test('who has lost the partition writes nothing', async () => {
    const mark = await asked()
    await f.sql.query(`update partition set session = 'another', epoch = epoch + 1`)
    const answer = { mark, entries: [user(100, { title: ['late'] })], last: true }
    expect(await f.readings.part(holder, await reading(), answer)).toBeUndefined()
    expect(await f.readings.whole({ ...holder, guid: guid(100) }, { mark, absent: true, entries: [] })).toBe(false)
    expect(f.taken().objects).toEqual([])
  })
})

describe('what happens to an object', () => {
  beforeEach(async () => {
    await f.commit([head(), ou(2, 'Staff'), user(10, { mail: ['a@b.c'] }), group(20, [10])], whole)
    f.taken()
  })

  test('a move to another domain of the forest, whichever is told first, is one object with one history', async () => {
    const other = 'child.contoso.lab'
    await f.sql.query(
      `insert into partition (forest, domain, naming_context, session, epoch) values ($1, $2, $3, 's2', 1)`,
      [forest, other, `DC=child,${namingContext}`],
    )
    const there = entry({
      n: 10,
      dn: `CN=User 10,DC=child,${namingContext}`,
      classes: ['top', 'person', 'organizationalPerson', 'user'],
      values: { mail: ['a@b.c'] },
    })
    const childHead = entry({ n: 5, dn: `DC=child,${namingContext}`, classes: ['top', 'domain', 'domainDNS'] })
    const batch = {
      ...of,
      domain: other,
      epoch: 1n,
      number: 1n,
      phase: 'PHASE_STREAM',
      entries: [childHead, { ...there, parentGuid: guid(5) }],
      cursor: Buffer.from('c'),
      caughtUp: true,
      snapshotBegin: false,
      snapshotComplete: false,
      observedAt: new Date(),
      server: 'ldaps://dc1.child:636',
      namingContext: `DC=child,${namingContext}`,
      traceparent: undefined,
      snapshotNamesOnly: false,
    } as const
    await f.commits.batch('s2', { ...batch, entries: [...batch.entries] })
    expect(f.taken().objects.filter((object) => object.guid === guid(10))).toMatchObject([
      { gone: false, dn: `CN=User 10,DC=child,${namingContext}` },
    ])
    // The old domain's tombstone comes later and says nothing; the membership stands.
    await f.commit([gone(10)])
    expect(f.taken()).toMatchObject({ objects: [], edges: [] })
  })

  test('another class makes it another kind, and a conflict name is a name', async () => {
    const dn = `CN=User 10\\0ACNF:${guid(10)},OU=Staff,${namingContext}`
    await f.commit([entry({ n: 10, dn, parent: 2, classes: ['top', 'person', 'contact'], values: { mail: [] } })])
    const [object] = f.taken().objects
    expect(object).toMatchObject({ kind: 'contact', name: `User 10\nCNF:${guid(10)}`, gone: false })
    expect(object?.attributes.mail).toBeUndefined()
    expect(await f.counts()).toMatchObject({ users: 0, contacts: 1, memberships: 1 })
  })
})

describe('what is restored in one domain of a forest', () => {
  const elsewhere = { forest, domain: 'emea.contoso.lab' }
  const member = { added: [link(11)], removed: [], whole: false, first: true, last: true }
  const holds = entry({ n: 20, dn: `CN=Group 20,OU=Staff,${namingContext}`, complete: false, links: { member } })
  const present = async (): Promise<boolean> => {
    const rows = await f.sql.query('select 1 from edge where member = $1 and present', [guid(11)])
    return rows.length > 0
  }
  /** The other domain has the person, who goes and comes back; groups are here. */
  async function back(): Promise<bigint> {
    await f.sql.query(`insert into partition (forest, domain, session, epoch) values ($1, $2, 'session', 1)`, [
      forest,
      elsewhere.domain,
    ])
    let number = 1n
    const told = (entries: Parameters<Fixture['commit']>[0]) =>
      f.commits.batch('session', batchOf(entries, { domain: elsewhere.domain, number: number++ }))
    await f.commit([head(), ou(2, 'Staff'), group(20, [11])])
    await told([user(11)])
    await told([gone(11)])
    expect(await present()).toBe(false)
    await told([user(11)])
    return (await f.readings.open(holder))!
  }

  test('the groups of the others are asked, at once and again as controllers replicate, and it is not its own', async () => {
    const mark = await back()
    const [row] = await nextReturned(f.sql, of, 10)
    expect(row).toMatchObject({ guid: guid(11), dn: user(11).dn, asked: 0 })
    expect(await nextReturned(f.sql, elsewhere, 10)).toEqual([])
    // Too early: nobody here has heard of it.
    expect(await f.readings.holders(holder, row!, { mark, entries: [] })).toBe(true)
    expect(await present()).toBe(false)
    expect(await nextReturned(f.sql, of, 10)).toEqual([])
    for (let asked = 1; asked <= 4; asked++) {
      await f.sql.query('update returned set due_at = now()')
      const [again] = await nextReturned(f.sql, of, 10)
      expect(again).toMatchObject({ asked })
      await f.readings.holders(holder, again!, { mark, entries: [holds] })
      expect(await present()).toBe(true)
    }
    expect(await f.sql.query('select 1 from returned')).toEqual([])
  })

  test('the stream knows better of a group it touched meanwhile: it is asked again', async () => {
    const mark = await back()
    const [row] = await nextReturned(f.sql, of, 10)
    await f.commit([group(20, [])])
    await f.readings.holders(holder, row!, { mark, entries: [holds] })
    expect(await present()).toBe(false)
    expect(await nextReturned(f.sql, of, 10)).toEqual([row])
  })

  test('whoever is gone again is in no group', async () => {
    const mark = await back()
    const [row] = await nextReturned(f.sql, of, 10)
    await f.commits.batch('session', batchOf([gone(11)], { domain: elsewhere.domain, number: 4n }))
    await f.readings.holders(holder, row!, { mark, entries: [holds] })
    expect(await present()).toBe(false)
    expect(await f.sql.query('select 1 from returned')).toEqual([])
  })
})
