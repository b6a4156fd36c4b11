/** Two real Active Directory forests into one tenant, a process per service on Kafka and PostgreSQL: compared with what ldbsearch says. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LabCloud, startCloud } from '@canopy/lab'
import { writeCredential } from '@canopy/standalone'
import { Attribute, Change, Client } from 'ldapts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kafkaServer } from '../servers/kafka/kafka.ts'
import type { LdifEntry } from '../servers/ldif.ts'
import { postgresServer } from '../servers/postgres/postgres.ts'
import { describeWith } from '../servers/required.ts'
import { type SambaForest, sambaServer, startSambaForest } from '../servers/samba/samba.ts'
import { type Stack, startStack } from '../servers/stack/stack.ts'
import { type Workdir, workdir } from '../servers/workdir.ts'
import { differences, type TenantPicture } from './compare.ts'
import { followForeign, pictureOf } from './ldbsearch.ts'

const people = 60
const groups = 12

describeWith([sambaServer, kafkaServer, postgresServer], () => {
  let home: Workdir
  let corp: SambaForest
  let fabrikam: SambaForest
  let cloud: LabCloud
  let stack: Stack
  const deleted = new Set<string>()

  beforeAll(async () => {
    home = await workdir('canopy-e2e')
    const startCorp = startSambaForest({ name: 'CORP.CONTOSO.TEST', netbios: 'CORP' })
    ;[corp, fabrikam] = await Promise.all([
      startCorp,
      startSambaForest({ name: 'AD.FABRIKAM.TEST', netbios: 'FABRIKAM' }),
    ])
    await Promise.all([fill(corp, 'corp.contoso.test'), fill(fabrikam, 'ad.fabrikam.test')])
    await addForeignMember(corp, fabrikam)
    cloud = await startCloud({
      name: 'tenant.lab',
      domains: ['tenant.onmicrosoft.lab', 'corp.contoso.test', 'ad.fabrikam.test'],
    })
    stack = await startPipeline()
  }, 240_000)

  afterAll(async () => {
    await stack?.close()
    await Promise.all([corp?.close(), fabrikam?.close(), cloud?.close()])
    await home?.release()
  }, 60_000)

  async function startPipeline(): Promise<Stack> {
    const folder = (name: string): string => {
      mkdirSync(join(home.path, name), { recursive: true, mode: 0o755 })
      return join(home.path, name)
    }
    const trust = {
      forests: [join(home.path, 'corp.pem'), join(home.path, 'fabrikam.pem')],
      targets: [join(home.path, 'cloud.pem')],
    }
    writeFileSync(trust.forests[0] as string, corp.caPem)
    writeFileSync(trust.forests[1] as string, fabrikam.caPem)
    writeFileSync(trust.targets[0] as string, cloud.caPem)
    const credentials = { forests: folder('forests'), targets: folder('targets') }
    for (const [name, forest] of [
      ['corp-reader', corp],
      ['fabrikam-reader', fabrikam],
    ] as const) {
      const reader = await forest.createReader({ replicate: true, seesDeleted: true })
      writeCredential(credentials.forests, name, { username: reader.userPrincipalName, password: reader.password })
    }
    writeCredential(credentials.targets, 'writer', { client_id: cloud.client.id, client_secret: cloud.client.secret })
    return startStack({ credentials, trust, configuration: configuration() })
  }

  const configuration = (): string => `version: canopy/v1
name: two-domain-controllers
forests:
  - name: contoso
    domains: [{ name: corp.contoso.test, servers: ["${corp.ldapsUrl}"], tlsServerName: ${corp.servername}, credential: corp-reader }]
  - name: fabrikam
    domains: [{ name: ad.fabrikam.test, servers: ["${fabrikam.ldapsUrl}"], tlsServerName: ${fabrikam.servername}, credential: fabrikam-reader }]
scope:
  - forest: contoso
    include: { anyOf: [{ ou: "OU=Staff,${corp.baseDn}" }] }
    createDisabled: true
  - forest: fabrikam
    include: { anyOf: [{ ou: "OU=Staff,${fabrikam.baseDn}" }] }
    createDisabled: true
mappings:
  extends: entra/defaults@2026-11
targets:
  - { name: entra, type: graph, mode: sync, tenant: ${cloud.tenantId}, cloud: custom, graphUrl: "${cloud.graphUrl}", authorityUrl: "${cloud.authorityUrl}", credential: writer, signIn: discardedRandom, quota: { writesPerSecond: 100000 } }
  - { name: contacts, type: exchange, mode: sync, tenant: ${cloud.tenantId}, cloud: custom, exchangeUrl: "${cloud.exchangeUrl}", authorityUrl: "${cloud.authorityUrl}", credential: writer, quota: { writesPerSecond: 100000 } }
`

  const tenant = (): TenantPicture => {
    const dump = (kind: 'users' | 'groups' | 'contacts' | 'members'): Record<string, unknown>[] =>
      JSON.parse(JSON.stringify([...cloud.directory.dump(kind)]))
    return { users: dump('users'), groups: dump('groups'), contacts: dump('contacts'), members: dump('members') }
  }

  /** Only what is below OU=Staff is in scope; the rest of the domain must stay out. */
  async function compared(): Promise<string[]> {
    const inScope = (dn: string): boolean => /,OU=Staff,/i.test(dn)
    const pictures = await Promise.all([corp, fabrikam].map((forest) => pictureOf(forest, inScope)))
    pictures.forEach((picture, i) => {
      followForeign(
        picture,
        pictures.filter((_, other) => other !== i),
      )
    })
    return differences({ forests: pictures, tenant: tenant(), deleted })
  }

  async function converged(withinMs: number): Promise<void> {
    const until = Date.now() + withinMs
    let found = ['not compared yet']
    while (Date.now() < until) {
      const { state } = (await stack.ask('GET', '/api/v1/status')) as { state: string }
      if (state === 'inSync') {
        found = await compared()
        if (found.length === 0) return
      }
      await sleep(500)
    }
    expect(found).toEqual([])
    throw new Error('never in sync')
  }

  it('fills the tenant with both forests, object by object and edge by edge', async () => {
    await converged(90_000)
    const counts = cloud.directory.counts()
    expect(counts.users).toBe(2 * people)
    expect(counts.groups).toBe(2 * groups)
    expect(counts.contacts).toBe(6)
    expect(counts.memberships).toBeGreaterThan(2 * groups * 4)
  }, 120_000)

  it('follows changes, renames, moves, disables, deletions, and members that come and go', async () => {
    await changes(corp)
    await changes(fabrikam)
    await converged(90_000)
    expect(cloud.directory.deletedItems().length).toBe(deleted.size)
  }, 120_000)

  async function changes(forest: SambaForest): Promise<void> {
    const client = new Client({
      url: forest.ldapsUrl,
      tlsOptions: { ca: [forest.caPem], servername: forest.servername },
    })
    await client.bind(forest.adminDn, forest.adminPassword)
    const staff = `OU=Staff,${forest.baseDn}`
    const person = (n: number): string => `CN=Person ${n},OU=Sales,${staff}`
    const set = (dn: string, type: string, values: string[]): Promise<void> =>
      client.modify(dn, new Change({ operation: 'replace', modification: new Attribute({ type, values }) }))
    const members = (group: number, operation: 'add' | 'delete', values: string[]): Promise<void> =>
      client.modify(
        `CN=Group ${group},OU=Groups,${staff}`,
        new Change({ operation, modification: new Attribute({ type: 'member', values }) }),
      )
    await set(person(1), 'title', ['Chief Gärtnerin'])
    await set(person(2), 'department', [])
    await set(person(3), 'userAccountControl', ['514'])
    await client.modifyDN(person(4), 'CN=Person 4 renamed')
    await set(`CN=Person 4 renamed,OU=Sales,${staff}`, 'displayName', ['Renamed Person'])
    await client.modifyDN(person(5), `CN=Person 5,OU=Engineering,${staff}`)
    await members(1, 'add', [person(40), person(41)])
    await members(2, 'delete', [person(8)])
    const picture = await pictureOf(forest)
    const leaver = picture.users.get(picture.byDn.get(person(6).toLowerCase()) ?? '')
    if (!leaver) throw new Error('nobody to delete')
    deleted.add((leaver.objectGUID as Buffer).toString('base64'))
    await client.del(person(6))
    await client.modifyDN(`OU=Engineering,${staff}`, 'OU=Research')
    await client.unbind()
  }
})

async function fill(forest: SambaForest, suffix: string): Promise<void> {
  const staff = `OU=Staff,${forest.baseDn}`
  const ou = (name: string, parent: string): LdifEntry => ({
    dn: `OU=${name},${parent}`,
    attributes: { objectClass: ['top', 'organizationalUnit'] },
  })
  const entries: LdifEntry[] = [
    ou('Staff', forest.baseDn),
    ou('Sales', staff),
    ou('Engineering', staff),
    ou('Groups', staff),
    ou('Outside', forest.baseDn),
  ]
  const short = suffix.split('.')[1] ?? 'x'
  for (let n = 0; n < people; n++) {
    entries.push({
      dn: `CN=Person ${n},OU=Sales,${staff}`,
      attributes: {
        objectClass: ['user'],
        sAMAccountName: `person${n}`,
        userPrincipalName: `person${n}@${suffix}`,
        displayName: `Person ${n} of ${short}, Ünïcode & Söhne`,
        givenName: 'Person',
        sn: `Number ${n}`,
        mail: `person${n}@${suffix}`,
        department: ['Sales', 'Engineering', 'Finance'][n % 3] as string,
        title: 'Clerk',
        userAccountControl: n === 7 ? '514' : '512',
        ...(n > 0 ? { manager: `CN=Person ${Math.floor(n / 4)},OU=Sales,${staff}` } : {}),
      },
    })
  }
  for (let n = 0; n < groups; n++) {
    const members = Array.from({ length: 5 + n }, (_, m) => `CN=Person ${(n * 3 + m) % 30},OU=Sales,${staff}`)
    if (n > 0) members.push(`CN=Group ${n - 1},OU=Groups,${staff}`)
    entries.push({
      dn: `CN=Group ${n},OU=Groups,${staff}`,
      attributes: {
        objectClass: ['group'],
        sAMAccountName: `group${n}-${short}`,
        displayName: `Group ${n} of ${short}`,
        groupType: '-2147483644',
        member: members,
      },
    })
  }
  for (let n = 0; n < 3; n++) {
    entries.push({
      dn: `CN=Partner ${n},OU=Staff,${forest.baseDn}`,
      attributes: {
        objectClass: ['contact'],
        displayName: `Partner ${n} of ${short}`,
        givenName: 'Partner',
        sn: `${n}`,
        mail: `partner${n}@${short}.example`,
      },
    })
  }
  entries.push({
    dn: `CN=Stranger,OU=Outside,${forest.baseDn}`,
    attributes: { objectClass: ['user'], sAMAccountName: 'stranger', userPrincipalName: `stranger@${suffix}` },
  })
  await forest.load(entries)
}

/** As an administrator would: by SID; the domain makes the foreign security principal itself. */
async function addForeignMember(to: SambaForest, from: SambaForest): Promise<void> {
  const { bySid } = await pictureOf(from)
  const sid = [...bySid].find(([, dn]) => dn.startsWith('CN=Person 50,'))?.[0]
  const client = new Client({ url: to.ldapsUrl, tlsOptions: { ca: [to.caPem], servername: to.servername } })
  await client.bind(to.adminDn, to.adminPassword)
  const member = new Attribute({ type: 'member', values: [`<SID=${sid}>`] })
  await client.modify(
    `CN=Group 0,OU=Groups,OU=Staff,${to.baseDn}`,
    new Change({ operation: 'add', modification: member }),
  )
  await client.unbind()
}
