/** Agent and capture together on OpenLDAP by syncrepl: what the server holds is on the topics, whatever happens to either. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { capture } from '@canopy/capture'
import { type Bus, call, postgresBus, postgresSql, type Running, startServices } from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { capture as captureRpc, change, configuration, record, topics } from '@canopy/proto'
import { Attribute, Change, Client } from 'ldapts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LdifEntry } from '../servers/ldif.ts'
import { type Slapd, slapdServer, startSlapd } from '../servers/openldap/openldap.ts'
import { describeWith } from '../servers/required.ts'

const suffix = 'dc=example,dc=test'
const people = `ou=People,${suffix}`
const groups = `ou=Groups,${suffix}`
const person = (n: number): string => `uid=p${n},${people}`
const count = 300

function* entries(): Generator<LdifEntry> {
  for (const name of ['Groups', 'People', 'Attic']) {
    yield { dn: `ou=${name},${suffix}`, attributes: { objectClass: 'organizationalUnit', ou: name } }
  }
  // Before its members, as in a directory that has grown: a link names what is read later.
  const member = Array.from({ length: 200 }, (_, n) => person(n))
  yield { dn: `cn=team,${groups}`, attributes: { objectClass: 'groupOfNames', cn: 'team', member } }
  const unique = { objectClass: 'groupOfUniqueNames', cn: 'unique', uniqueMember: [person(1), `${person(2)}#'0'B`] }
  yield { dn: `cn=unique,${groups}`, attributes: unique }
  for (let n = 0; n < count; n++) {
    const names = { uid: `p${n}`, cn: `Zoë ${n}`, sn: 'Öz', mail: `p${n}@example.test` }
    // The manager comes later than whom they manage.
    const manager = person((n + 1) % count)
    yield { dn: person(n), attributes: { objectClass: 'inetOrgPerson', ...names, manager, title: 'Clerk' } }
  }
}

describeWith(slapdServer, () => {
  let slapd: Slapd
  let dir: string
  let bus: Bus
  let hub: Running
  let bridge: Running
  let admin: Client
  const objects = new Map<string, change.DirectoryObject>()
  const edges = new Map<string, change.SourceEdge>()
  /** Every published record, in order. */
  const published: string[] = []
  let watermark: record.Watermark | undefined

  const until = async (what: string, check: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> => {
    const end = performance.now() + timeoutMs
    while (!(await check())) {
      if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const at = (dn: string) => [...objects.values()].find((object) => !object.gone && object.dn === dn)
  const text = (dn: string, attribute: string) => at(dn)?.attributes[attribute]?.values.map(String)
  const membersOf = (dn: string) => {
    const guid = at(dn)?.guid
    return [...edges.values()].filter((edge) => edge.groupGuid === guid && edge.present).map((edge) => edge.member)
  }
  const status = async () =>
    (await call(hub.channels.client('capture', captureRpc.CaptureClient), 'getForests', {})).partitions[0]!

  const startAgent = (): Promise<Running> =>
    startServices([agent], {
      adapters: { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined },
      config: {
        agent: {
          name: 'bridge',
          hub: hub.rpcAddresses[0],
          credentials_dir: join(dir, 'credentials'),
          trust: [join(dir, 'ca.pem')],
        },
      },
      rpc: { listen: [`unix:${join(dir, 'agent.sock')}`] },
    })

  const administer = async (): Promise<Client> => {
    const client = new Client({ url: slapd.ldapUrl })
    await client.bind(slapd.adminDn, slapd.adminPassword)
    return client
  }
  const modify = (dn: string, operation: 'add' | 'delete' | 'replace', type: string, values: string[]) =>
    admin.modify(dn, new Change({ operation, modification: new Attribute({ type, values }) }))

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'canopy-openldap-'))
    slapd = await startSlapd({ suffix, entries: entries(), tls: true })
    admin = await administer()
    await writeFile(join(dir, 'ca.pem'), slapd.tls!.caPem)
    await mkdir(join(dir, 'credentials', 'reader'), { recursive: true })
    await writeFile(join(dir, 'credentials', 'reader', 'username'), slapd.adminDn)
    await writeFile(join(dir, 'credentials', 'reader', 'password'), slapd.adminPassword)
    const connection = await testServer()
    const sql = (schema: string) => postgresSql({ connection, schema })
    bus = await postgresBus({ sql: await sql('bus') })
    await bus.ensureTopics(Object.values(topics))
    const domain = {
      name: 'example.test',
      servers: [slapd.tls!.ldapsUrl],
      credential: 'reader',
      tlsServerName: slapd.tls!.servername,
    }
    const active = configuration.Configuration.fromPartial({
      name: 'test',
      version: 1n,
      forests: [{ name: 'plain', state: 'active', domains: [domain] }],
    })
    const value = configuration.Configuration.encode(active).finish()
    await bus.append({
      topic: topics.config,
      partition: 0,
      records: [{ key: 'test', value, headers: {}, timeMs: Date.now() }],
      deadlineMs: performance.now() + 5_000,
    })
    hub = await startServices([capture], { adapters: { sql, bus }, rpc: { listen: [`unix:${join(dir, 'hub.sock')}`] } })
    await bus.follow({
      topic: topics.changes,
      onRecords: async (records) => {
        for (const each of records) {
          if (!each.value) continue
          if (each.key.startsWith('~watermark/')) watermark = record.Watermark.decode(each.value)
          else {
            objects.set(each.key, change.DirectoryObject.decode(each.value))
            published.push(each.key)
          }
        }
      },
    })
    await bus.follow({
      topic: topics.edges,
      onRecords: async (records) => {
        for (const { key, value } of records) {
          if (!value || key.startsWith('~watermark/')) continue
          edges.set(key, change.SourceEdge.decode(value))
          published.push(key)
        }
      },
    })
    bridge = await startAgent()
    await until('the first watermark', () => watermark !== undefined, 30_000)
  }, 90_000)

  afterAll(async () => {
    await bridge?.stop()
    await hub?.stop()
    await admin?.unbind()
    await slapd?.close()
    await rm(dir, { recursive: true, force: true })
  })

  test('everything is there: people, groups of both kinds, links to what is read later', async () => {
    expect(await status()).toMatchObject({
      dialect: 'syncrepl',
      complete: true,
      blind: false,
      users: count,
      groups: 2,
      containers: 4,
      memberships: 202,
    })
    await until('the edges', () => membersOf(`cn=team,${groups}`).length === 200)
    expect(at(person(7))).toMatchObject({ kind: 'user', name: 'p7', references: { manager: at(person(8))!.guid } })
    expect(text(person(7), 'cn')).toEqual(['Zoë 7'])
    expect(at(person(7))!.path).toEqual([at(suffix)!.guid, at(people)!.guid])
    expect(membersOf(`cn=unique,${groups}`).sort()).toEqual([at(person(1))!.guid, at(person(2))!.guid].sort())
  })

  test('a change comes at once, and nothing else is told', async () => {
    const before = published.length
    const startedMs = performance.now()
    await modify(person(3), 'replace', 'title', ['Countess'])
    await until('the title', () => text(person(3), 'title')?.[0] === 'Countess')
    // Generous: other work runs beside this; a poll would take 2 s.
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect(published.slice(before)).toEqual([`plain/${at(person(3))!.guid}`])
    await modify(person(3), 'delete', 'title', [])
    await until('no title', () => text(person(3), 'title') === undefined)
  })

  test('one member more or less is one edge', async () => {
    const team = `cn=team,${groups}`
    const [ada, ben] = [at(person(250))!.guid, at(person(0))!.guid]
    const before = published.length
    await modify(team, 'add', 'member', [person(250)])
    await until('the member', () => membersOf(team).includes(ada))
    await modify(team, 'delete', 'member', [person(0)])
    await until('no such member', () => !membersOf(team).includes(ben))
    expect(published.slice(before).filter((key) => key.split('/').length === 3)).toHaveLength(2)
    expect(membersOf(team)).toHaveLength(200)
  })

  test('a member that does not exist yet is one as soon as it does', async () => {
    const team = `cn=team,${groups}`
    const late = `uid=late,${people}`
    await modify(team, 'add', 'member', [late])
    await modify(person(4), 'replace', 'title', ['Behind it'])
    await until('what came behind', () => text(person(4), 'title')?.[0] === 'Behind it')
    expect(membersOf(team)).toHaveLength(200)
    await admin.add(late, { objectClass: 'inetOrgPerson', cn: 'Late', sn: 'Comer' })
    await until('the late member', () => membersOf(team).includes(at(late)?.guid ?? 'none'))
  })

  test('a rename and a moved container keep identities, and what comes later finds its place', async () => {
    const { guid } = at(person(5))!
    await admin.modifyDN(person(5), `uid=renamed,ou=Attic,${suffix}`)
    await until('the new place', () => at(`uid=renamed,ou=Attic,${suffix}`)?.guid === guid)
    await admin.modifyDN(`ou=Attic,${suffix}`, `ou=Loft,${suffix}`)
    const inside = `uid=inside,ou=Loft,${suffix}`
    await admin.add(inside, { objectClass: 'inetOrgPerson', cn: 'In', sn: 'Side' })
    await until('the new object', () => at(inside) !== undefined)
    const loft = [...objects.values()].find((object) => object.name === 'Loft')!
    expect(at(inside)!.parentGuid).toBe(loft.guid)
  })

  test('a deletion takes the memberships along', async () => {
    const { guid } = at(person(6))!
    await admin.del(person(6))
    await until('the deletion', () => objects.get(`plain/${guid}`)?.gone === true)
    await until('no membership', () => !membersOf(`cn=team,${groups}`).includes(guid))
  })

  test('what happened while the agent was away is caught up with, without reading everything again', async () => {
    const { epoch } = await status()
    const { guid } = at(person(10))!
    const before = published.length
    await bridge.stop()
    await admin.del(person(10))
    await modify(person(11), 'replace', 'title', ['While away'])
    bridge = await startAgent()
    await until('the deletion', () => objects.get(`plain/${guid}`)?.gone === true)
    await until('the change', () => text(person(11), 'title')?.[0] === 'While away')
    expect(new Set(published.slice(before).filter((key) => key.split('/').length === 2)).size).toBe(2)
    expect((await status()).epoch).toBeGreaterThan(epoch)
  })

  test('a server that forgot its log: what it no longer has is gone, and the rest is untouched', async () => {
    await bridge.stop()
    const { guid } = at(person(20))!
    const team = membersOf(`cn=team,${groups}`).length
    await admin.del(person(20))
    await modify(person(21), 'replace', 'title', ['Before the restart'])
    await admin.unbind()
    await slapd.restart()
    admin = await administer()
    const before = published.length
    const generation = watermark!.epoch
    bridge = await startAgent()
    await until('the deletion', () => objects.get(`plain/${guid}`)?.gone === true)
    await until('the change', () => text(person(21), 'title')?.[0] === 'Before the restart')
    await until('the watermark', () => watermark!.epoch > generation)
    // Person 20 was in the team: one edge, and only that one, goes with them.
    await until('the membership', () => membersOf(`cn=team,${groups}`).length === team - 1)
    expect(new Set(published.slice(before)).size).toBe(3)
  })

  test('a server that crashed is newer than it knows: nothing of it is lost, nothing deleted', async () => {
    await bridge.stop()
    await modify(person(22), 'replace', 'title', ['Before the crash'])
    await admin.add(`uid=hidden,${people}`, { objectClass: 'inetOrgPerson', cn: 'Hid', sn: 'Den' })
    await admin.unbind()
    await slapd.kill()
    await slapd.restart()
    admin = await administer()
    const before = published.length
    bridge = await startAgent()
    await until('the change', () => text(person(22), 'title')?.[0] === 'Before the crash')
    await until('the new object', () => at(`uid=hidden,${people}`) !== undefined)
    await modify(person(23), 'replace', 'title', ['After it'])
    await until('what came behind', () => text(person(23), 'title')?.[0] === 'After it')
    expect(new Set(published.slice(before)).size).toBe(3)
  })

  test('an object is read on request, with the groups that hold it, and the preflight passes', async () => {
    const client = hub.channels.client('capture', captureRpc.CaptureClient)
    const { lines } = await call(client, 'checkForest', { forest: 'plain' })
    expect(lines.filter((line) => line.verdict === 'VERDICT_FAIL')).toEqual([])
    expect(lines.map((line) => `${line.check}: ${line.message}`)).toEqual(
      expect.arrayContaining(['sees deletions: told by syncrepl', 'replication right: syncrepl']),
    )
  })

  test('at the end, the topics say what the server says', async () => {
    const { searchEntries } = await admin.search(suffix, {
      filter: '(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))',
      attributes: ['entryUUID', 'member'],
    })
    const truth = new Map(searchEntries.map((entry) => [String(entry.entryUUID), entry]))
    const live = [...objects.values()].filter(
      ({ gone, name, kind }) => !gone && name !== 'unique' && kind !== 'container',
    )
    expect(live.map((object) => object.guid).sort()).toEqual([...truth.keys()].sort())
    const team = searchEntries.find((entry) => entry.dn.startsWith('cn=team'))!
    const names = new Map(searchEntries.map((entry) => [entry.dn.toLowerCase(), String(entry.entryUUID)]))
    const members = [team.member].flat().map((dn) => names.get(String(dn).toLowerCase()))
    const here = new Set(membersOf(`cn=team,${groups}`))
    // A renamed member stays one here until its group is told again; the server keeps the old name.
    const renamed = [...objects.values()].find((object) => object.name === 'renamed')!.guid
    expect([...here].filter((guid) => guid !== renamed).sort()).toEqual(members.filter(Boolean).sort())
  })
})
