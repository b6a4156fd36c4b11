/** The rules of the connector space on a real store: merge, delete, restore, lists, sweeps, lease, guard. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { firstVersion } from '../ports.ts'
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
  whole,
} from './commit.fixture.ts'

let f: Fixture
beforeEach(async () => {
  f = await fixture('capture-commit')
})
afterEach(() => f.close())

/** Domain, OU=Staff (2), users 10..12, group 20 with all three. */
async function populate(): Promise<void> {
  await f.commit([head(), ou(2, 'Staff'), ou(3, 'Left'), user(10), user(11), user(12), group(20, [10, 11, 12])], {
    phase: 'PHASE_SNAPSHOT',
    snapshotBegin: true,
    snapshotComplete: true,
  })
  f.taken()
}

describe('objects', () => {
  test('a first reading publishes each object with its place, its edges and a watermark', async () => {
    await f.commit([head(), ou(2, 'Staff'), user(10, { mail: ['a@b.c'] }), group(20, [10])], {
      phase: 'PHASE_SNAPSHOT',
      snapshotBegin: true,
      snapshotComplete: true,
    })
    const { objects, edges, watermarks } = f.taken()
    const person = objects.find((object) => object.guid === guid(10))!
    expect(person).toMatchObject({
      kind: 'user',
      version: firstVersion,
      gone: false,
      name: 'User 10',
      parentGuid: guid(2),
    })
    expect(person.dn).toBe(`CN=User 10,OU=Staff,${namingContext}`)
    expect(person.path).toEqual([guid(1), guid(2)])
    expect(person.attributes.mail?.values.map(String)).toEqual(['a@b.c'])
    expect(edges).toMatchObject([{ groupGuid: guid(20), member: guid(10), present: true, version: firstVersion }])
    expect(watermarks).toMatchObject([
      { forest, partition: namingContext, epoch: 1n, checkpoint: 1n, objects: 2, edges: 1 },
    ])
    expect(await f.counts()).toEqual({ users: 1, groups: 1, contacts: 0, containers: 2, memberships: 1 })
  })

  test('what belongs to the directory itself is kept and published, and not counted', async () => {
    await f.commit([head(), ou(2, 'Staff'), user(10), user(11, { isCriticalSystemObject: ['TRUE'] })])
    expect(f.taken().objects).toHaveLength(4)
    expect(await f.counts()).toMatchObject({ users: 1 })
    await f.commit([user(11, { isCriticalSystemObject: ['FALSE'] })])
    expect(await f.counts()).toMatchObject({ users: 2 })
    await f.commit([user(11, { isCriticalSystemObject: ['TRUE'] }), gone(10)])
    expect(await f.counts()).toMatchObject({ users: 0 })
    await f.commit([gone(11)])
    expect(await f.counts()).toMatchObject({ users: 0 })
  })

  test('the same again publishes nothing, whatever the order of values', async () => {
    await f.commit([head(), ou(2, 'Staff'), user(10, { proxyAddresses: ['b', 'a'] })])
    f.taken()
    await f.commit([user(10, { proxyAddresses: ['a', 'b'] })])
    expect(f.taken().objects).toEqual([])
  })

  test('a delta changes what it names; no values empty an attribute; the version rises by one', async () => {
    await f.commit([head(), ou(2, 'Staff'), user(10, { mail: ['a@b.c'], title: ['x'] })])
    f.taken()
    const dn = `CN=User 10,OU=Staff,${namingContext}`
    await f.commit([entry({ n: 10, dn, complete: false, values: { mail: [], department: ['d'] } })])
    const [object] = f.taken().objects
    expect(object?.version).toBe(firstVersion + 1n)
    expect(Object.keys(object!.attributes).sort()).toEqual(['cn', 'department', 'title'])
  })

  test('a whole entry loses what it no longer has', async () => {
    await f.commit([head(), ou(2, 'Staff'), user(10, { mail: ['a@b.c'] })])
    await f.commit([user(10)])
    expect(f.taken().objects.at(-1)?.attributes.mail).toBeUndefined()
  })

  test('an attribute over 64 KB travels as digest and length', async () => {
    await f.commit([head(), ou(2, 'Staff'), user(10, { thumbnailPhoto: ['x'.repeat(70_000)] })])
    const object = f.taken().objects.at(-1)!
    expect(object.attributes.thumbnailPhoto).toBeUndefined()
    expect(object.oversize.thumbnailPhoto).toMatchObject({ length: 70_000 })
  })

  test('a delta of something unknown is noted to be read whole', async () => {
    const result = await f.commit([
      entry({ n: 77, dn: `CN=x,${namingContext}`, complete: false, values: { title: ['x'] } }),
    ])
    expect(result).toMatchObject({ reread: [guid(77)], changed: 0 })
    expect(await f.sql.query('select guid from reread')).toEqual([{ guid: guid(77) }])
  })

  test('manager is a reference by GUID, and goes when it is emptied', async () => {
    const manager = { added: [link(11)], removed: [], whole: true, first: true, last: true }
    await f.commit([head(), ou(2, 'Staff'), { ...user(10), links: { manager } }])
    expect(f.taken().objects.at(-1)?.references).toEqual({ manager: guid(11) })
    const dn = `CN=User 10,OU=Staff,${namingContext}`
    await f.commit([entry({ n: 10, dn, complete: false, links: { manager: { ...whole, added: [] } } })])
    expect(f.taken().objects.at(-1)?.references).toEqual({})
  })

  test('one entry that the store refuses does not stop the others', async () => {
    const bad = { ...user(13), guid: 'no-guid' }
    const result = await f.commits.tolerant('session', batchOf([head(), ou(2, 'Staff'), user(10), bad, user(11)], {}))
    expect(result.type).toBe('committed')
    expect(
      f
        .taken()
        .objects.map((object) => object.guid)
        .sort(),
    ).toEqual([1, 2, 10, 11].map(guid))
  })
})

describe('deletion', () => {
  beforeEach(populate)

  test('a deleted member leaves its groups; its version goes on after a restore', async () => {
    await f.commit([gone(11)])
    const { objects, edges } = f.taken()
    expect(objects).toMatchObject([{ guid: guid(11), gone: true, version: firstVersion + 1n, attributes: {} }])
    expect(edges).toMatchObject([{ groupGuid: guid(20), member: guid(11), present: false, version: firstVersion + 1n }])
    expect(await f.counts()).toMatchObject({ users: 2, memberships: 2 })

    const dn = `CN=User 11,OU=Staff,${namingContext}`
    const delta = await f.commit([entry({ n: 11, dn, complete: false, values: { title: ['x'] } })])
    expect(delta).toMatchObject({ reread: [guid(11)], changed: 0 })
    const member = { added: [link(11)], removed: [], whole: false, first: true, last: true }
    const inGroup = entry({ n: 20, dn: `CN=Group 20,OU=Staff,${namingContext}`, complete: false, links: { member } })
    const of = { forest, domain, session: 'session', guid: guid(11) }
    const mark = (await f.readings.open(of))!
    await f.readings.whole(of, { mark, absent: false, entries: [user(11), inGroup] })
    const back = f.taken()
    expect(back.objects).toMatchObject([{ guid: guid(11), gone: false, version: firstVersion + 2n }])
    expect(back.edges).toMatchObject([{ member: guid(11), present: true, version: firstVersion + 2n }])
    expect(await f.sql.query('select 1 from reread')).toEqual([])
    expect(await f.counts()).toMatchObject({ users: 3, memberships: 3 })
  })

  test('a deleted group takes its list with it', async () => {
    await f.commit([gone(20)])
    expect(f.taken().edges.map((edge) => edge.present)).toEqual([false, false, false])
    expect(await f.counts()).toMatchObject({ groups: 0, memberships: 0 })
  })

  test('the tombstone of a partition that the object has left says nothing', async () => {
    await f.sql.query(`update object set domain = 'other.lab' where guid = $1`, [guid(11)])
    await f.commit([gone(11)])
    expect(f.taken().objects).toEqual([])
  })

  test('more edges than one transaction takes follow in chunks, and the watermark waits', async () => {
    await f.sql.query(
      `insert into edge (forest, group_guid, member, present, version, seen)
       select $1, $2::uuid, 'S-1-5-21-1-1-1-' || n, true, 1, 1 from generate_series(1, 4500) as n`,
      [forest, guid(20)],
    )
    await f.sql.query(`update partition set checkpoint_at = '-infinity'`)
    await f.commit([gone(20)])
    const first = f.taken()
    expect(first.edges).toHaveLength(2_000)
    expect(first.watermarks).toEqual([])
    await f.settle()
    const rest = f.taken()
    expect(rest.edges).toHaveLength(2_503)
    expect(rest.watermarks).toHaveLength(1)
    expect(await f.sql.query('select 1 from edge where present')).toEqual([])
  })
})

describe('member lists', () => {
  beforeEach(populate)
  const dn = `CN=Group 20,OU=Staff,${namingContext}`
  const delta = (added: readonly number[], removed: readonly number[]) =>
    entry({
      n: 20,
      dn,
      complete: false,
      links: { member: { added: added.map(link), removed: removed.map(link), whole: false, first: true, last: true } },
    })

  test('single changes publish single edges; removing what was never there nothing', async () => {
    await f.commit([delta([13], [10, 14])])
    expect(f.taken().edges).toMatchObject([
      { member: guid(13), present: true },
      { member: guid(10), present: false },
    ])
  })

  test('a whole list is diffed', async () => {
    await f.commit([group(20, [10, 13])])
    const { objects, edges } = f.taken()
    expect(objects).toEqual([])
    expect(edges.map(({ member, present }) => [member, present])).toEqual([
      [guid(13), true],
      ...[guid(11), guid(12)].map((member) => [member, false]),
    ])
  })

  test('a list in parts is diffed at its end only', async () => {
    const part = (members: readonly number[], first: boolean, last: boolean) =>
      entry({ n: 20, dn, complete: false, links: { member: { ...whole, added: members.map(link), first, last } } })
    await f.commit([part([10], true, false)])
    await f.commit([part([13], false, false)])
    expect(f.taken().edges).toMatchObject([{ member: guid(13), present: true }])
    await f.commit([part([14], false, true)])
    expect(
      f
        .taken()
        .edges.map(({ member, present }) => [member, present])
        .sort(),
    ).toEqual(
      [
        [guid(14), true],
        [guid(11), false],
        [guid(12), false],
      ].sort(),
    )
    expect(await f.counts()).toMatchObject({ memberships: 3 })
  })

  test('a foreign principal is an edge end by SID', async () => {
    const foreign = {
      guid: guid(50),
      sid: 'S-1-5-21-1-2-3-1104',
      dn: `CN=S-1-5-21-1-2-3-1104,CN=ForeignSecurityPrincipals,${namingContext}`,
    }
    await f.commit([
      entry({ n: 20, dn, complete: false, links: { member: { ...whole, whole: false, added: [foreign] } } }),
    ])
    expect(f.taken().edges).toMatchObject([{ member: 'S-1-5-21-1-2-3-1104', present: true }])
  })
})

describe('containers', () => {
  beforeEach(populate)

  test('a moved container republishes what is below it behind the batch, the watermark last', async () => {
    await f.commit([ou(4, 'Sub', `OU=Staff,${namingContext}`, 2), user(30, {}, `OU=Sub,OU=Staff,${namingContext}`, 4)])
    await f.settle()
    f.taken()
    await f.sql.query(`update partition set checkpoint_at = '-infinity'`)
    await f.commit([{ ...ou(2, 'Staff', `OU=Left,${namingContext}`, 3), complete: false }])
    expect(f.taken()).toMatchObject({ objects: [{ guid: guid(2) }], watermarks: [] })
    await f.settle()
    const { objects, watermarks } = f.taken()
    const below = objects.find((object) => object.guid === guid(30))!
    expect(below.path).toEqual([1, 3, 2, 4].map(guid))
    expect(below.dn).toBe(`CN=User 30,OU=Sub,OU=Staff,OU=Left,${namingContext}`)
    expect(below.version).toBe(firstVersion + 1n)
    expect(objects.map((object) => object.guid).sort()).toEqual([4, 10, 11, 12, 20, 30].map(guid).sort())
    expect(watermarks).toHaveLength(1)
  })

  test('a renamed container is one record, unless somebody reads names', async () => {
    const renamed = { ...ou(2, 'People'), complete: false }
    await f.commit([renamed])
    expect(await f.settle()).toBe(0)
    expect(f.taken().objects).toHaveLength(1)
  })

  test('a parent that is not told is found by name', async () => {
    await f.commit([{ ...user(40), parentGuid: '' }])
    expect(f.taken().objects).toMatchObject([{ parentGuid: guid(2), path: [guid(1), guid(2)] }])
  })

  test('an object that came before its container is placed when that comes', async () => {
    await f.commit([user(41, {}, `OU=New,${namingContext}`, 9)])
    expect(f.taken().objects).toMatchObject([{ path: [], dn: `CN=User 41,OU=New,${namingContext}` }])
    await f.commit([ou(9, 'New')])
    await f.settle()
    expect(f.taken().objects.find((object) => object.guid === guid(41))?.path).toEqual([guid(1), guid(9)])
  })
})

describe('lease', () => {
  test.each([
    { name: 'another session', session: 'other', batch: {} },
    { name: 'an older epoch', session: 'session', batch: { epoch: 0n } },
    { name: 'a number too high: one before it was lost', session: 'session', batch: { number: 2n } },
    { name: 'a number that was committed before', session: 'session', batch: { number: 0n } },
  ])('$name is refused and changes nothing', async ({ session, batch }) => {
    expect(await f.commits.batch(session, batchOf([head()], batch))).toEqual({ type: 'refused' })
    expect(await f.sql.query('select 1 from object')).toEqual([])
  })

  test('the cursor is committed with the batch', async () => {
    await f.commit([head()], { cursor: Buffer.from('here') })
    const [row] = await f.sql.query<{ cursor: Buffer; next_batch: bigint }>('select cursor, next_batch from partition')
    expect([row?.cursor.toString(), row?.next_batch]).toEqual(['here', 2n])
  })
})

describe('a reading from the start', () => {
  const again = { phase: 'PHASE_SNAPSHOT', snapshotBegin: true, snapshotComplete: true } as const

  test('what it does not see is gone, with its edges; what it sees unchanged is not published', async () => {
    await populate()
    await f.commit([head(), ou(2, 'Staff'), ou(3, 'Left'), user(10), user(12), group(20, [10, 12])], again)
    await f.settle()
    const { objects, edges } = f.taken()
    expect(objects).toMatchObject([{ guid: guid(11), gone: true }])
    expect(edges).toMatchObject([{ member: guid(11), present: false }])
  })

  test('without proof of completeness nothing is gone', async () => {
    await populate()
    await f.commit([head(), ou(2, 'Staff'), user(10)], { ...again, snapshotComplete: false })
    await f.settle()
    expect(f.taken().objects).toEqual([])
  })

  test('edges that the new reading did not see are retracted, though its links come value by value', async () => {
    await populate()
    const member = { added: [link(10)], removed: [], whole: false, first: true, last: true }
    const values = { ...group(20, []), links: { member } }
    await f.commit([head(), ou(2, 'Staff'), ou(3, 'Left'), user(10), user(11), user(12), values], again)
    await f.settle()
    expect(f.taken().edges.map(({ member, present }) => [member, present])).toEqual([
      [guid(11), false],
      [guid(12), false],
    ])
  })

  test('more than a fifth missing is held: nothing is deleted', async () => {
    const users = Array.from({ length: 60 }, (_, n) => user(100 + n))
    await f.commit([head(), ou(2, 'Staff'), ...users], again)
    f.taken()
    await f.commit([head(), ou(2, 'Staff'), user(100)], again)
    await f.settle()
    expect(f.taken().objects).toEqual([])
    const [row] = await f.sql.query<{ held: string }>('select held from partition')
    expect(row?.held).toMatch(/^59 of 62 objects/)
    expect(await f.counts()).toMatchObject({ users: 60 })
  })
})
