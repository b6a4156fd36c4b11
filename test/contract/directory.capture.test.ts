/** Agent and capture together on the lab's forest: what is in the directory is on the topics, whoever reads it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { capture } from '@canopy/capture'
import {
  type Bus,
  call,
  postgresBus,
  postgresSql,
  type Running,
  type StoredRecord,
  startServices,
} from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { type LabForest, startForest } from '@canopy/lab'
import { capture as captureRpc, change, configuration, record, topics } from '@canopy/proto'
import { afterAll, beforeAll, expect, test } from 'vitest'

let forest: LabForest
let dir: string
let bus: Bus
let hub: Running
const agents: Running[] = []
const objects = new Map<string, change.DirectoryObject>()
const edges = new Map<string, change.SourceEdge>()
let watermark: record.Watermark | undefined

async function until(what: string, check: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const startAgent = (name: string): Promise<Running> =>
  startServices([agent], {
    adapters: { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined },
    config: {
      agent: {
        name,
        hub: hub.rpcAddresses[0],
        credentials_dir: join(dir, 'credentials'),
        trust: [join(dir, 'ca.pem')],
      },
    },
    rpc: { listen: [`unix:${join(dir, `${name}.sock`)}`] },
  })

const named = (name: string) => [...objects.values()].find((object) => object.name === name)
const membersOf = (guid: string) =>
  [...edges.values()].filter((edge) => edge.groupGuid === guid && edge.present).map((edge) => edge.member)
const client = () => hub.channels.client('capture', captureRpc.CaptureClient)

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-capture-'))
  forest = await startForest({ name: 'contoso.lab', population: { users: 400, groups: 40, contacts: 10 } })
  await writeFile(join(dir, 'ca.pem'), forest.caPem)
  await mkdir(join(dir, 'credentials', 'reader'), { recursive: true })
  await writeFile(join(dir, 'credentials', 'reader', 'username'), forest.account.dn)
  await writeFile(join(dir, 'credentials', 'reader', 'password'), forest.account.password)
  const connection = await testServer()
  const sql = (schema: string) => postgresSql({ connection, schema })
  bus = await postgresBus({ sql: await sql('bus') })
  await bus.ensureTopics(Object.values(topics))
  const domain = {
    name: 'contoso.lab',
    servers: [forest.ldapsUrl],
    credential: 'reader',
    tlsServerName: forest.servername,
  }
  const active = configuration.Configuration.fromPartial({
    name: 'test',
    version: 1n,
    forests: [{ name: 'contoso', state: 'active', domains: [domain] }],
  })
  const value = configuration.Configuration.encode(active).finish()
  await bus.append({
    topic: topics.config,
    partition: 0,
    records: [{ key: 'test', value, headers: {}, timeMs: Date.now() }],
    deadlineMs: performance.now() + 5_000,
  })
  hub = await startServices([capture], { adapters: { sql, bus }, rpc: { listen: [`unix:${join(dir, 'hub.sock')}`] } })
  await bus.follow({ topic: topics.changes, onRecords: async (records) => records.forEach(onChange) })
  await bus.follow({ topic: topics.edges, onRecords: async (records) => records.forEach(onEdge) })
  agents.push(await startAgent('first'))
  await until('the first watermark', () => watermark !== undefined, 30_000)
}, 90_000)

function onChange({ key, value }: StoredRecord): void {
  if (!value) return
  if (key.startsWith('~watermark/')) watermark = record.Watermark.decode(value)
  else {
    const object = change.DirectoryObject.decode(value)
    expect(object.version).toBeGreaterThan(objects.get(key)?.version ?? 0n)
    objects.set(key, object)
  }
}

function onEdge({ key, value }: StoredRecord): void {
  if (value && !key.startsWith('~watermark/')) edges.set(key, change.SourceEdge.decode(value))
}

afterAll(async () => {
  for (const each of agents) await each.stop()
  await hub?.stop()
  await forest?.close()
  await rm(dir, { recursive: true, force: true })
})

test('at the watermark everything is there', async () => {
  const count = (filter: string): number => forest.directory.find(`(&${filter}(!(isCriticalSystemObject=TRUE)))`).length
  const users = count('(&(objectClass=user)(!(objectClass=computer)))')
  const all = users + count('(objectClass=group)') + count('(objectClass=contact)')
  const { memberships } = forest.directory.counts()
  expect(watermark).toMatchObject({ forest: 'contoso', partition: forest.baseDn, objects: all, edges: memberships })
  await until('the edges', () => [...edges.values()].filter((edge) => edge.present).length === memberships)
  const { partitions } = await call(client(), 'getForests', {})
  expect(partitions).toMatchObject([{ agent: 'first', complete: true, blind: false, users, memberships }])
  for (const object of objects.values()) expect(forest.directory.get(object.dn)?.dn).toBe(object.dn)
})

test('a change is on the topic at once', async () => {
  const ada = forest.directory.find('(name=Ada Park)')[0]!
  const started = performance.now()
  forest.directory.modify(ada.dn, { title: 'Countess' })
  await until('the title', () => named('Ada Park')?.attributes.title?.values[0]?.toString() === 'Countess')
  // Generous: other work runs beside this; polling alone would take 2 s.
  expect(performance.now() - started).toBeLessThan(1_000)
})

test('an object is found by every name it has', async () => {
  const ada = named('Ada Park')!
  const upn = ada.attributes.userPrincipalName!.values[0]!.toString()
  for (const who of [
    ada.guid,
    ada.guid.toUpperCase(),
    ada.dn.toLowerCase(),
    upn,
    ada.sid,
    ada.attributes.sAMAccountName!.values[0]!.toString(),
  ]) {
    const { objects: found } = await call(client(), 'findObjects', { who, forest: '', limit: 0 })
    expect(found.map((object) => object.guid)).toEqual([ada.guid])
  }
  const staff = `OU=Staff,${forest.baseDn}`
  const { guids } = await call(client(), 'resolveContainers', {
    forest: 'contoso',
    dns: [staff.toLowerCase(), `OU=None,${forest.baseDn}`],
  })
  expect(guids).toEqual({ [staff.toLowerCase()]: named('Staff')!.guid })
})

test('a member that is deleted leaves its groups, and is in them again when it is restored', async () => {
  const ada = named('Ada Park')!
  const holding = [...edges.values()]
    .filter((edge) => edge.member === ada.guid && edge.present)
    .map((edge) => edge.groupGuid)
  expect(holding).not.toEqual([])
  forest.directory.remove(ada.dn)
  await until('the deletion', () => objects.get(`contoso/${ada.guid}`)?.gone === true)
  await until('no membership', () => holding.every((group) => !membersOf(group).includes(ada.guid)))
  forest.directory.restore(ada.guid)
  await until('the restore', () => objects.get(`contoso/${ada.guid}`)?.gone === false)
  await until('the memberships', () => holding.every((group) => membersOf(group).includes(ada.guid)))
})

test('a moved OU takes what is below it along', async () => {
  const staff = named('Staff')!
  const below = [...objects.values()].filter((object) => !object.gone && object.path.includes(staff.guid))
  expect(below.length).toBeGreaterThan(100)
  forest.directory.add(`OU=Elsewhere,${forest.baseDn}`, { objectClass: ['top', 'organizationalUnit'] })
  forest.directory.move(`OU=Staff,${forest.baseDn}`, `OU=Elsewhere,${forest.baseDn}`)
  await until('all of it', () =>
    below.every(
      ({ guid }) => objects.get(`contoso/${guid}`)?.dn.endsWith(`,OU=Staff,OU=Elsewhere,${forest.baseDn}`) === true,
    ),
  )
})

test('a second agent stands by, and goes on where the first one stopped', { timeout: 40_000 }, async () => {
  agents.push(await startAgent('second'))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const before = (await call(client(), 'getForests', {})).partitions[0]!
  expect(before.agent).toBe('first')
  const told = objects.size
  await agents.shift()!.stop()
  forest.directory.modify(forest.directory.find('(name=Ada Park)')[0]!.dn, { title: 'After' })
  await until('the change', () => named('Ada Park')?.attributes.title?.values[0]?.toString() === 'After')
  const after = (await call(client(), 'getForests', {})).partitions[0]!
  expect(after).toMatchObject({ agent: 'second', epoch: before.epoch + 1n })
  expect(objects.size).toBe(told)
})

test('the preflight and a resnapshot go to the agent', async () => {
  const { lines } = await call(client(), 'checkForest', { forest: 'contoso' })
  expect(lines.map((line) => line.verdict)).not.toContain('VERDICT_FAIL')
  const epoch = watermark!.epoch
  expect(await call(client(), 'resnapshot', { forest: 'contoso', base: '' })).toEqual({ partitions: 1 })
  await until('the watermark of the new reading', () => watermark!.epoch === epoch + 1n, 20_000)
})
