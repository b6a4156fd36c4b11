import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Address, cloudClient, groupBody, openCloud, userBody } from './testing.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lab-cloud-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

interface Running {
  readonly child: ChildProcess
  readonly ready: Address & { readonly controlToken: string; readonly caFile: string }
}

async function start(): Promise<Running> {
  const main = join(import.meta.dirname, 'main.ts')
  const args = ['--conditions=@canopy/source', main, '--name', 'tenant.lab', '--port', '0', '--dir', dir]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const ready = JSON.parse(line)
    return { child, ready: { ...ready, caPem: readFileSync(ready.caFile, 'utf8') } }
  }
  throw new Error('The process ended before it was ready')
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => child.once('exit', (code) => done(code)))

test('nothing acknowledged is lost by SIGKILL, and the identity of the tenant stays', async () => {
  const { child, ready } = await start()
  const client = cloudClient(ready)
  const acknowledged: string[] = []
  const writing = (async () => {
    for (let at = 0; ; at += 1) {
      const { status, body } = await client.ask('POST', 'users', { body: userBody(`u${at}`) })
      if (status === 201) acknowledged.push(body.id)
    }
  })().catch((error: unknown) => error)
  await new Promise((done) => setTimeout(done, 250))
  const gone = ended(child)
  child.kill('SIGKILL')
  await gone
  expect(await writing).toBeInstanceOf(Error)
  client.close()
  expect(acknowledged.length).toBeGreaterThan(20)
  const again = await start()
  try {
    expect(again.ready).toMatchObject({ tenantId: ready.tenantId, client: ready.client, caPem: ready.caPem })
    const second = cloudClient(again.ready)
    const headers = { authorization: `Bearer ${again.ready.controlToken}` }
    const dump = await second.raw('GET', `${again.ready.authorityUrl}/lab/state?kind=users`, { headers })
    for (const id of acknowledged) expect(dump.body).toContain(id)
    expect((await second.raw('GET', `${again.ready.authorityUrl}/lab/state?kind=users`)).status).toBe(403)
    const fault = { headers, body: { fault: 'unavailable', count: 1 } }
    expect((await second.raw('POST', `${again.ready.authorityUrl}/lab/faults`, fault)).status).toBe(204)
    expect((await second.ask('GET', 'users')).status).toBe(503)
    expect(
      (await second.raw('POST', `${again.ready.authorityUrl}/lab/faults`, { headers, body: { fault: 'rain' } })).status,
    ).toBe(400)
    second.close()
  } finally {
    const stopped = ended(again.child)
    again.child.kill('SIGTERM')
    expect(await stopped).toBe(0)
  }
}, 20_000)

test('a snapshot keeps objects, members, managers, deleted ones and delta tokens; a torn last line is forgotten', async () => {
  let link = ''
  let before: unknown
  {
    await using lab = await openCloud({ dir })
    const { directory } = lab.cloud
    const [a, b, c] = ['a', 'b', 'c'].map((alias) => directory.create('user', userBody(alias) as never).id) as [
      string,
      string,
      string,
    ]
    const group = directory.create('group', groupBody('g', { uniqueName: 'k' }) as never).id
    link = (await lab.ask('GET', 'groups/delta')).body['@odata.deltaLink']
    directory.addMember(group, a)
    directory.addMember(group, b)
    directory.removeMember(group, b)
    directory.setManager(a, b)
    directory.remove(c)
    before = [...directory.dump('users'), ...directory.dump('groups'), ...directory.dump('members')]
  }
  const state = join(dir, 'state')
  const generation = /\d+/.exec(readdirSync(state).find((name) => name.startsWith('snapshot')) ?? '')?.[0]
  appendFileSync(join(state, `journal-${generation}.jsonl`), '{"op":"put","seq":99,"id":"torn')
  for (const round of [1, 2]) {
    await using lab = await openCloud({ dir })
    const { directory } = lab.cloud
    expect(
      [...directory.dump('users'), ...directory.dump('groups'), ...directory.dump('members')],
      `round ${round}`,
    ).toEqual(before)
    const path = `groups/delta${new URL(link).search}`
    expect((await lab.ask('GET', path)).body.value[0]['members@delta']).toHaveLength(2)
    expect((await lab.ask('POST', 'groups', { body: groupBody('x', { uniqueName: 'K' }) })).status).toBe(400)
  }
  expect(statSync(join(dir, 'registration.json')).mode & 0o777).toBe(0o600)
})

test('1,500 objects are replayed in less than 0.3 s', async () => {
  const { Tenant } = await import('./tenant.ts')
  const { openJournal } = await import('./journal.ts')
  const settings = {
    id: 't',
    name: 't',
    domains: [],
    lagMs: 0,
    securityGroupDelete: 'soft' as const,
    seed: 's',
    nowMs: Date.now,
  }
  const tenant = new Tenant(settings)
  tenant.open((store) => openJournal(dir, store))
  for (let at = 0; at < 1500; at += 1)
    tenant.create('user', { properties: { displayName: `User ${at}`, userPrincipalName: `u${at}@x.lab` } })
  tenant.flush()
  const start = performance.now()
  const again = new Tenant(settings)
  again.open((store) => openJournal(dir, store))
  expect(performance.now() - start).toBeLessThan(300)
  expect(again.store.entries.user.size).toBe(1500)
})

test('the same seed makes the same ids', async () => {
  const ids: string[] = []
  for (let round = 0; round < 2; round += 1) {
    await using lab = await openCloud({ seed: 'seven' })
    ids.push(lab.cloud.tenantId, (await lab.ask('POST', 'users', { body: userBody('a') })).body.id)
  }
  expect(ids.slice(0, 2)).toEqual(ids.slice(2))
})

test('what is written after a torn line survives the next crash; damage in the middle is not passed over', async () => {
  const { Tenant } = await import('./tenant.ts')
  const { openJournal } = await import('./journal.ts')
  const settings = {
    id: 't',
    name: 't',
    domains: [],
    lagMs: 0,
    securityGroupDelete: 'soft' as const,
    seed: 's',
    nowMs: Date.now,
  }
  const open = () => {
    const tenant = new Tenant(settings)
    tenant.open((store) => openJournal(dir, store))
    return tenant
  }
  const journal = join(dir, 'journal-0.jsonl')
  const first = open()
  first.create('user', { properties: { displayName: 'a' } })
  first.flush()
  appendFileSync(journal, '{"op":"put","id":"torn')
  const second = open()
  second.create('user', { properties: { displayName: 'b' } })
  second.flush()
  expect([...open().store.entries.user.values()].map(({ properties }) => properties.displayName)).toEqual(['a', 'b'])
  appendFileSync(journal, 'damaged\n{}\n')
  expect(open).toThrow(/line 3 is damaged/)
})
