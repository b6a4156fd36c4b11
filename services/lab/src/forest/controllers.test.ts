/** Several controllers of one domain: own USNs, a lag, conflicts, and what a reader finds that changes from one to another. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BerReader } from './ber/reader.ts'
import { type LabForest, startForest } from './forest.ts'
import { sequence, TestClient, type WireEntry } from './test-client.ts'

const dirSyncOid = '1.2.840.113556.1.4.841'
let forest: LabForest
let clients: TestClient[]

beforeAll(async () => {
  forest = await startForest({
    name: 'two.lab',
    population: { users: 60, groups: 8, contacts: 2 },
    seed: 3,
    controllers: 2,
  })
  clients = forest.controllers.map((each) => new TestClient(each.url))
  for (const client of clients) expect((await client.bind(forest.account.dn, forest.account.password)).code).toBe(0)
})

afterAll(async () => {
  for (const client of clients ?? []) client.close()
  await forest?.close()
})

interface Poll {
  readonly entries: readonly WireEntry[]
  readonly cookie: Buffer
  readonly more: boolean
}

async function poll(controller: number, cookie: Buffer, maxBytes = 0x7fffffff): Promise<Poll> {
  const value = sequence(-0x80000000, maxBytes, cookie)
  const answer = await clients[controller]!.search({ base: forest.baseDn, controls: [{ oid: dirSyncOid, value }] })
  expect(answer.code).toBe(0)
  const body = new BerReader(answer.controls.get(dirSyncOid) ?? Buffer.alloc(0)).enter(0x30).content
  const more = body.integer() !== 0
  body.integer()
  return { entries: answer.entries, cookie: Buffer.from(body.octets()), more }
}

const at = (controller: number) => forest.controllers[controller]!.directory
const titles = (found: Poll) => found.entries.map((entry) => entry.attributes.get('title')?.[0]?.toString())

it('has the same objects under other USNs', () => {
  const described = (controller: number) =>
    at(controller)
      .find(() => true)
      .map((o) => [o.guid, o.sid, o.dn, o.count('member')])
      .sort()
  expect(described(1)).toEqual(described(0))
  expect(at(1).invocationId).not.toBe(at(0).invocationId)
  expect(at(1).highestUsn).toBeGreaterThan(at(0).highestUsn + 10_000)
})

it('takes the cookie of the other controller: nothing is told twice, nothing is missed', async () => {
  const first = await poll(0, Buffer.alloc(0))
  expect((await poll(1, first.cookie)).entries).toEqual([])
  const [ada, ben] = at(0).find('(employeeID=*)')
  forest.replication.held = true
  at(0).modify(ada!.guid, { title: 'Not there yet' })
  expect((await poll(1, first.cookie)).entries).toEqual([])
  at(1).modify(ben!.guid, { title: 'Made there' })
  const seen = await poll(1, first.cookie)
  expect(titles(seen)).toEqual(['Made there'])
  forest.replication.deliver()
  const rest = await poll(1, seen.cookie)
  expect(titles(rest)).toEqual(['Not there yet'])
  expect((await poll(0, rest.cookie)).entries).toEqual([])
  forest.replication.held = false
})

it('goes on at the other controller with a cycle of which only a part was read', async () => {
  const all = new Set((await poll(0, Buffer.alloc(0))).entries.map((entry) => entry.dn))
  const part = await poll(0, Buffer.alloc(0), 10_000)
  expect(part.more).toBe(true)
  const seen = new Set(part.entries.map((entry) => entry.dn))
  let { cookie } = part
  for (let more = true; more; ) {
    const page = await poll(1, cookie, 10_000)
    for (const entry of page.entries) seen.add(entry.dn)
    cookie = page.cookie
    more = page.more
  }
  expect([...all].filter((dn) => !seen.has(dn))).toEqual([])
})

it('keeps both of two objects that got one name, the older one as a conflict object', () => {
  forest.replication.held = true
  const dn = `CN=Twice,CN=Users,${forest.baseDn}`
  const made = [0, 1].map((controller) =>
    at(controller).add(dn, { objectClass: 'user', sAMAccountName: 'twice' }, { atMs: 1_000 + controller }),
  )
  forest.replication.held = false
  forest.replication.deliver()
  for (const controller of [0, 1]) {
    expect(at(controller).get(made[1]!.guid)?.dn).toBe(dn)
    const older = at(controller).get(made[0]!.guid)
    expect(older?.dn).toBe(`CN=Twice\\0ACNF:${made[0]!.guid},CN=Users,${forest.baseDn}`)
    expect(older?.text('sAMAccountName')).toMatch(/^\$DUPLICATE-/)
    expect(older?.sid).toBe(made[0]!.sid)
  }
  expect([forest.replication.pending, forest.replication.refused]).toEqual([0, 0])
})

it('delivers after the lag', async () => {
  const ada = at(0).find('(employeeID=*)')[0]!
  forest.replication.lagMs = 120
  at(0).modify(ada.guid, { title: 'Under way' })
  expect(at(1).get(ada.guid)?.text('title')).not.toBe('Under way')
  await expect.poll(() => at(1).get(ada.guid)?.text('title'), { timeout: 3_000 }).toBe('Under way')
  forest.replication.lagMs = 0
})
