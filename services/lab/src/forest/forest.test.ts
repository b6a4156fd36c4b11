import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BerReader } from './ber/reader.ts'
import { type LabForest, startForest } from './forest.ts'
import { sequence, TestClient, type WireEntry } from './test-client.ts'

const dirSyncOid = '1.2.840.113556.1.4.841'
const pagedOid = '1.2.840.113556.1.4.319'
const incremental = -0x80000000
const base = 'DC=contoso,DC=lab'
const weak = { dn: `CN=weak,CN=Users,${base}`, password: 'weak-Password1' }

let forest: LabForest
let client: TestClient

beforeAll(async () => {
  forest = await startForest({
    name: 'contoso.lab',
    population: { users: 120, groups: 20, contacts: 5 },
    seed: 7,
    accounts: [{ ...weak, rights: { replicate: false, seesDeleted: false } }],
  })
  client = new TestClient(forest.url)
  expect((await client.bind(forest.account.dn, forest.account.password)).code).toBe(0)
})

afterAll(async () => {
  client.close()
  await forest.close()
})

interface Poll {
  readonly code: number
  readonly entries: readonly WireEntry[]
  readonly cookie: Buffer
  readonly more: boolean
}

async function poll(cookie: Buffer, o: { flags?: number; maxBytes?: number; as?: TestClient } = {}): Promise<Poll> {
  const value = sequence(o.flags ?? incremental, o.maxBytes ?? 0x7fffffff, cookie)
  const answer = await (o.as ?? client).search({ base, controls: [{ oid: dirSyncOid, value }] })
  const control = answer.controls.get(dirSyncOid)
  if (control === undefined) return { code: answer.code, entries: answer.entries, cookie: Buffer.alloc(0), more: false }
  const body = new BerReader(control).enter(0x30).content
  const more = body.integer() !== 0
  body.integer()
  return { code: answer.code, entries: answer.entries, cookie: Buffer.from(body.octets()), more }
}

async function drain(): Promise<Buffer> {
  return (await poll(Buffer.alloc(0))).cookie
}

function names(entry: WireEntry | undefined): string[] {
  return [...(entry?.attributes.keys() ?? [])].sort()
}

function texts(entry: WireEntry | undefined, name: string): string[] | undefined {
  return entry?.attributes.get(name)?.map((value) => value.toString())
}

describe('DirSync', () => {
  it('tells nothing, then only the attribute that changed, and an emptied one without values', async () => {
    const cookie = await drain()
    expect((await poll(cookie)).entries).toEqual([])
    const [ada] = forest.directory.find('(cn=Ada Park)')
    forest.directory.modify(ada?.dn ?? '', { title: 'Countess', mobile: undefined })
    forest.directory.modify(ada?.dn ?? '', { title: 'Countess' })
    const { entries } = await poll(cookie)
    expect(entries).toHaveLength(1)
    expect(names(entries[0])).toEqual(['instanceType', 'mobile', 'objectGUID', 'title'])
    expect(texts(entries[0], 'title')).toEqual(['Countess'])
    expect(texts(entries[0], 'mobile')).toEqual([])
  })

  it('gives all members as range=1-1 first, then only what was added and removed', async () => {
    const first = await poll(Buffer.alloc(0))
    const group = forest.directory.find((o) => o.objectClass === 'group' && o.count('member') > 2)[0]
    const dn = group?.dn ?? ''
    const inFirst = first.entries.find((entry) => entry.dn === dn)
    expect(inFirst?.attributes.get('member;range=1-1')).toHaveLength(group?.count('member') ?? 0)
    expect(inFirst?.attributes.has('member')).toBe(false)
    const gone = String(group?.get('member')[0])
    const fresh =
      forest.directory.find((o) => o.objectClass === 'user' && !(group?.get('member').includes(o.dn) ?? true))[0]?.dn ??
      ''
    forest.directory.removeMember(dn, gone)
    forest.directory.addMember(dn, fresh)
    const { entries } = await poll(first.cookie)
    expect(entries).toHaveLength(1)
    expect(names(entries[0])).toEqual(['instanceType', 'member;range=0-0', 'member;range=1-1', 'objectGUID'])
    expect(texts(entries[0], 'member;range=0-0')).toEqual([gone])
    expect(texts(entries[0], 'member;range=1-1')).toEqual([fresh])
    const full = await poll(first.cookie, { flags: 0 })
    expect(full.entries[0]?.attributes.get('member')).toHaveLength(group?.count('member') ?? 0)
  })

  it('tells an OU rename as the OU alone', async () => {
    const cookie = await drain()
    forest.directory.rename(`OU=Legal,OU=Staff,${base}`, 'OU=Legal & Tax')
    const { entries } = await poll(cookie)
    expect(entries.map((entry) => entry.dn)).toEqual([`OU=Legal & Tax,OU=Staff,${base}`])
    expect(names(entries[0])).toEqual(['instanceType', 'name', 'objectGUID', 'parentGUID'])
  })

  it('tells a deletion as a tombstone without its groups, and a restore', async () => {
    const group = forest.directory.find((o) => o.objectClass === 'group' && o.count('member') > 1)[0]
    const victim = forest.directory.get(String(group?.get('member')[0]))
    const guid = victim?.guid ?? ''
    const before = group?.count('member') ?? 0
    const dn = victim?.dn ?? ''
    const cookie = await drain()
    forest.directory.remove(dn)
    expect(group?.count('member')).toBe(before - 1)
    const { entries, cookie: after } = await poll(cookie)
    expect(entries).toHaveLength(1)
    expect(entries[0]?.dn).toMatch(new RegExp(`\\\\0ADEL:${guid},CN=Deleted Objects,`))
    expect(texts(entries[0], 'isDeleted')).toEqual(['TRUE'])
    expect(texts(entries[0], 'lastKnownParent')?.[0]).toMatch(/^<GUID=/)
    forest.directory.restore(guid)
    const restored = await poll(after)
    expect(restored.entries.map((entry) => entry.dn)).toEqual([dn])
    expect(texts(restored.entries[0], 'isDeleted')).toEqual([])
    expect(group?.count('member')).toBe(before)
  })

  it('pages by maxBytes until there is no more, losing nothing that changes in between', async () => {
    const all = await poll(Buffer.alloc(0))
    const seen = new Map<string, WireEntry>()
    let cookie: Buffer = Buffer.alloc(0)
    let pages = 0
    for (let more = true; more; pages++) {
      const page = await poll(cookie, { maxBytes: 20_000 })
      for (const entry of page.entries) seen.set(entry.attributes.get('objectGUID')?.[0]?.toString('hex') ?? '', entry)
      if (pages === 1)
        forest.directory.modify(forest.directory.find('(employeeID=1000110)')[0]?.dn ?? '', { title: 'Late' })
      cookie = page.cookie
      more = page.more
    }
    expect(pages).toBeGreaterThan(3)
    expect(seen.size).toBe(all.entries.length)
    const late = [...seen.values()].find((entry) => texts(entry, 'employeeID')?.[0] === '1000110')
    expect(texts(late, 'title')).toEqual(['Late'])
    expect(late?.attributes.has('sAMAccountName')).toBe(true)
  })

  it('sends ancestors before what is below them where that is asked, and by USN where not', async () => {
    const cookie = await drain()
    const late = `OU=Late,${base}`
    const [ada] = forest.directory.find('(cn=Ada Park)')
    forest.directory.add(late, { objectClass: 'organizationalUnit' })
    const { dn } = forest.directory.add(`CN=Early bird,${late}`, { objectClass: 'user', sAMAccountName: 'early' })
    forest.directory.modify(ada?.dn ?? '', { title: 'In between' })
    forest.directory.modify(late, { description: 'Changed last' })
    const order = async (flags: number) => (await poll(cookie, { flags })).entries.map((entry) => entry.dn)
    expect(await order(incremental)).toEqual([dn, ada?.dn, late])
    expect(await order(incremental | 0x800)).toEqual([late, dn, ada?.dn])
    forest.directory.remove(late, { tree: true })
  })

  it('refuses foreign cookies and accounts without the right, and hides deletions from the blind', async () => {
    expect((await poll(Buffer.from('MSDS no cookie'))).code).toBe(12)
    forest.faults.badCookieOnce()
    const cookie = await drain()
    expect((await poll(cookie)).code).toBe(12)
    expect((await poll(cookie)).code).toBe(0)
    const poor = new TestClient(forest.url)
    await poor.bind(weak.dn, weak.password)
    expect((await poll(Buffer.alloc(0), { as: poor })).code).toBe(50)
    forest.directory.remove(forest.directory.find('(objectClass=contact)')[0]?.dn ?? '')
    expect((await poll(cookie, { as: poor, flags: 1 })).entries).toEqual([])
    expect((await poll(cookie)).entries).toHaveLength(1)
    poor.close()
  })
})

describe('searches', () => {
  it('asks for a bind first and refuses a wrong password in AD words', async () => {
    const stranger = new TestClient(forest.url)
    expect((await stranger.search({ base: '', scope: 0 })).entries).toHaveLength(1)
    expect((await stranger.search({ base })).code).toBe(1)
    const refused = await stranger.bind('CONTOSO\\canopy-reader', 'nonsense')
    expect([refused.code, refused.diagnostic]).toEqual([49, expect.stringContaining('data 52e, v4563')])
    expect((await stranger.bind('CONTOSO\\canopy-reader', forest.account.password)).code).toBe(0)
    stranger.close()
  })

  it('pages, survives an empty page, and cuts an answer in half on demand', async () => {
    const total = forest.directory.find('(objectClass=user)').length
    forest.faults.emptyPageOnce()
    let cookie: Buffer = Buffer.alloc(0)
    const sizes: number[] = []
    do {
      const controls = [{ oid: pagedOid, value: sequence(50, cookie) }]
      const page = await client.search({ base, filter: '(objectClass=user)', controls })
      sizes.push(page.entries.length)
      const body = new BerReader(page.controls.get(pagedOid) ?? Buffer.alloc(0)).enter(0x30).content
      body.integer()
      cookie = body.octets()
    } while (cookie.length > 0)
    expect(sizes[0]).toBe(0)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total)
    forest.faults.halfAnswerAfter(3)
    expect(await client.search({ base, filter: '(objectClass=user)' })).toMatchObject({
      code: 0,
      entries: { length: 3 },
    })
    forest.faults.cutConnectionAfter(2)
    const cut = new TestClient(forest.url)
    await cut.bind(forest.account.dn, forest.account.password)
    await expect(cut.search({ base })).rejects.toThrow('connection closed')
  })

  it('forces ranges on large groups and size limits on searches without pages', async () => {
    const big = await startForest({ name: 'big.lab', population: { users: 1600, groups: 0, contacts: 0 } })
    const people = big.directory.find('(employeeID=*)').map((person) => person.dn)
    big.directory.add(`CN=Everybody,OU=Groups,${big.baseDn}`, { objectClass: 'group', member: people })
    const reader = new TestClient(big.url)
    await reader.bind(big.account.dn, big.account.password)
    const ask = (attribute: string) =>
      reader.search({ base: `CN=Everybody,OU=Groups,${big.baseDn}`, scope: 0, attributes: [attribute] })
    expect((await ask('member')).entries[0]?.attributes.get('member;range=0-1499')).toHaveLength(1500)
    expect((await ask('member;range=1500-*')).entries[0]?.attributes.get('member;range=1500-*')).toHaveLength(100)
    expect(await reader.search({ base: big.baseDn })).toMatchObject({ code: 4, entries: { length: 1000 } })
    reader.close()
    await big.close()
  })

  it.each([
    ['(&(objectCategory=person)(objectClass=user)(sAMAccountName=adapark))', 1],
    ['(|(cn=Ada P*)(cn=*a Par*k))', 1],
    ['(&(objectClass=user)(userAccountControl:1.2.840.113556.1.4.803:=2))', 1],
    ['(&(cn=Ada Park)(!(noSuchAttribute=1)))', 0],
    ['(&(objectClass=user)(employeeID>=1000119)(employeeID<=1000120))', 2],
  ])('answers %s', async (filter, count) => {
    expect((await client.search({ base, filter, attributes: ['cn'] })).entries).toHaveLength(count)
  })

  it('finds nested members with the in-chain rule and names entries by GUID with extended DNs', async () => {
    const outer = forest.directory.find(
      (o) => o.objectClass === 'group' && o.get('member').some((dn) => String(dn).includes('OU=Groups')),
    )[0]
    const filter = `(memberOf:1.2.840.113556.1.4.1941:=${outer?.dn ?? ''})`
    expect((await client.search({ base, filter })).entries.length).toBeGreaterThan(outer?.count('member') ?? 0)
    const controls = [{ oid: '1.2.840.113556.1.4.529', value: sequence(1) }]
    const found = await client.search({ base: `<GUID=${outer?.guid ?? ''}>`, scope: 0, controls })
    expect(found.entries[0]?.dn).toBe(`<GUID=${outer?.guid ?? ''}>;<SID=${outer?.sid ?? ''}>;${outer?.dn ?? ''}`)
    expect(texts(found.entries[0], 'member')?.every((member) => member.startsWith('<GUID='))).toBe(true)
  })
})

describe('writes and notifications', () => {
  it('keeps five watches for a connection and no more, each of everything', async () => {
    const watcher = new TestClient(forest.url)
    await watcher.bind(forest.account.dn, forest.account.password)
    const controls = [{ oid: '1.2.840.113556.1.4.528' }]
    for (let n = 0; n < 5; n++) watcher.search({ base, controls }).catch(() => undefined)
    await watcher.search({ base: '', scope: 0 })
    expect((await watcher.search({ base, controls })).code).toBe(11)
    expect((await watcher.search({ base, controls, filter: '(cn=x)' })).code).toBe(53)
    watcher.close()
  })

  it('refuses what AD refuses and tells watchers what changed', async () => {
    const admin = new TestClient(forest.url)
    await admin.bind(forest.admin.dn, forest.admin.password)
    const group = forest.directory.find(
      (o) => o.objectClass === 'group' && o.count('member') > 0 && o.text('isCriticalSystemObject') === undefined,
    )[0]
    const dn = group?.dn ?? ''
    const held = String(group?.get('member')[0])
    const code = async (kind: 0 | 1 | 2, type: string, value: string) =>
      (await admin.modify(dn, [{ kind, type, values: [value] }])).code
    expect(await code(0, 'member', held)).toBe(68)
    expect(await code(0, 'member', `CN=Nobody,${base}`)).toBe(32)
    expect(await code(1, 'info', 'absent')).toBe(16)
    expect(await code(0, 'description', group?.text('description') ?? '')).toBe(20)
    expect(await code(0, 'msDS-ConsistencyGuid', 'x')).toBe(16)
    expect((await client.modify(dn, [{ kind: 2, type: 'info', values: ['x'] }])).code).toBe(50)
    const told = new Promise<string>((resolve) => {
      const controls = [{ oid: '1.2.840.113556.1.4.528' }]
      client.search({ base, controls, onEntry: (entry) => resolve(entry.dn) }).catch(() => undefined)
    })
    await client.search({ base: '', scope: 0 })
    expect(await code(0, 'member', '<SID=S-1-5-21-1-2-3-1105>')).toBe(0)
    expect(await told).toContain('S-1-5-21-1-2-3-1105')
    expect(group?.get('member')).toContain(`CN=S-1-5-21-1-2-3-1105,CN=ForeignSecurityPrincipals,${base}`)
    expect((await admin.remove(`OU=Staff,${base}`)).code).toBe(66)
    admin.close()
  })
})

describe.skipIf(!existsSync('/usr/bin/ldapsearch'))('ldapsearch (skipped where Debian ldap-utils are missing)', () => {
  it('reads every user over LDAPS and StartTLS in pages', async () => {
    const { mkdtempSync, writeFileSync, rmSync } = await import('node:fs')
    const { tmpdir } = await import('node:os')
    const { join } = await import('node:path')
    const dir = mkdtempSync(join(tmpdir(), 'lab-forest-'))
    writeFileSync(`${dir}/ca.pem`, forest.caPem)
    const env = { ...process.env, LDAPTLS_CACERT: `${dir}/ca.pem` }
    const common = [
      '-LLL',
      '-x',
      '-D',
      forest.account.dn,
      '-w',
      forest.account.password,
      '-b',
      base,
      '-E',
      'pr=40/noprompt',
    ]
    const total = forest.directory.find('(objectClass=user)').length
    for (const how of [
      ['-H', forest.ldapsUrl],
      ['-ZZ', '-H', forest.url],
    ]) {
      const { stdout } = await promisify(execFile)(
        '/usr/bin/ldapsearch',
        [...how, ...common, '(objectClass=user)', 'cn'],
        { env },
      )
      expect(stdout.match(/^dn:/gm)).toHaveLength(total)
    }
    rmSync(dir, { recursive: true })
  })
})
