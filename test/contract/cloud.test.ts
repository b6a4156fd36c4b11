/** The contract of a cloud directory, run on the lab's tenant over HTTPS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LabCloud, startCloud } from '@canopy/lab'
import { configuration } from '@canopy/proto'
import { writeCredential } from '@canopy/standalone'
import { type CloudAnswer, type CloudDirectory, type CloudRequest, openDirectory, SecretAttempts } from '@canopy/write'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let folder: string
let cloud: LabCloud
let graph: CloudDirectory
let exchange: CloudDirectory

const open = (type: string, credential = 'writer', attempts = new SecretAttempts()): CloudDirectory =>
  openDirectory(
    configuration.Target.fromPartial({
      name: 'tenant',
      type,
      tenant: cloud.tenantId,
      graphUrl: cloud.graphUrl,
      authorityUrl: cloud.authorityUrl,
      exchangeUrl: cloud.exchangeUrl,
      credential,
    }),
    { credentialsDir: folder, trust: [join(folder, 'ca.pem')], attempts },
  )

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-cloud-'))
  cloud = await startCloud({ name: 'tenant.lab' })
  writeFileSync(join(folder, 'ca.pem'), cloud.caPem)
  writeCredential(folder, 'writer', { client_id: cloud.client.id, client_secret: cloud.client.secret })
  graph = open('graph')
  exchange = open('exchange')
})

afterAll(async () => {
  await graph?.close()
  await exchange?.close()
  await cloud?.close()
  rmSync(folder, { recursive: true, force: true })
})

const requests = (): number => [...cloud.directory.requestLog.values()].reduce((all, n) => all + n, 0)

const user = (name: string, more: Record<string, string[]> = {}): CloudRequest => ({
  op: 'create',
  kind: 'user',
  anchor: `anchor-${name}`,
  sourceAnchor: Buffer.from(name.padEnd(16)).toString('base64'),
  attributes: {
    accountEnabled: ['true'],
    displayName: [`User ${name}`],
    mailNickname: [name],
    userPrincipalName: [`${name}@contoso.lab`],
    jobTitle: ['Gardener'],
    ...more,
  },
})
const group = (name: string): CloudRequest => ({
  op: 'create',
  kind: 'group',
  anchor: `group-${name}`,
  sourceAnchor: '',
  attributes: { displayName: [`Group ${name}`], mailNickname: [`group-${name}`] },
})
const one = async (request: CloudRequest, directory = graph): Promise<CloudAnswer> =>
  (await directory.send([request], 5_000))[0] as CloudAnswer
const id = async (request: CloudRequest): Promise<string> => {
  const answer = await one(request)
  if (!answer.ok || !answer.id) throw new Error(JSON.stringify(answer))
  return answer.id
}
const failureKind = (answer: CloudAnswer): string => (answer.ok ? 'ok' : answer.failure.kind)

describe('graph', () => {
  it('creates a batch of users and answers in order', async () => {
    const answers = await graph.send(
      Array.from({ length: 20 }, (_, n) => user(`batch${n}`)),
      5_000,
    )
    expect(answers.every((answer) => answer.ok && answer.id)).toBe(true)
    expect(cloud.directory.counts().users).toBe(20)
    const first = answers[0] as CloudAnswer & { ok: true }
    const read = await one({ op: 'read', kind: 'user', id: first.id as string })
    expect(read).toMatchObject({
      ok: true,
      object: { attributes: { displayName: ['User batch0'], jobTitle: ['Gardener'] } },
    })
  })

  it('updates, empties and truncates nothing it was not told', async () => {
    const who = await id(user('update', { department: ['Roots'] }))
    expect(
      await one({ op: 'update', kind: 'user', id: who, attributes: { jobTitle: [], businessPhones: ['1'] } }),
    ).toEqual({ ok: true })
    const read = (await one({ op: 'read', kind: 'user', id: who })) as CloudAnswer & { ok: true }
    expect(read.object?.attributes).toMatchObject({ jobTitle: [], department: ['Roots'], businessPhones: ['1'] })
  })

  it('says that a user principal name is taken', async () => {
    await id(user('taken'))
    const answer = await one({
      ...user('other'),
      attributes: { ...(user('taken') as { attributes: object }).attributes },
    } as CloudRequest)
    expect(failureKind(answer)).toBe('exists')
  })

  it('finds a user by its immutable id and a group by its unique name', async () => {
    const who = await id(user('found'))
    const asked = user('found') as CloudRequest & { op: 'create' }
    expect(await one({ ...asked, op: 'find' })).toMatchObject({ ok: true, id: who })
    expect(await one({ ...asked, op: 'find', sourceAnchor: 'bm9ib2R5' })).toEqual({ ok: true })
    await one(group('found'))
    expect(await one({ ...(group('found') as CloudRequest & { op: 'create' }), op: 'find' })).toMatchObject({
      ok: true,
      object: { anchor: 'group-found' },
    })
  })

  it('creates a group once, however often it is asked', async () => {
    const before = cloud.directory.counts().groups
    await one(group('twice'))
    await one(group('twice'))
    expect(cloud.directory.counts().groups).toBe(before + 1)
  })

  it('adds and removes members; doing it again is no failure', async () => {
    await one(group('members'))
    const found = (await one({
      ...(group('members') as CloudRequest & { op: 'create' }),
      op: 'find',
    })) as CloudAnswer & { ok: true }
    const groupId = found.id as string
    const members = await Promise.all([id(user('m1')), id(user('m2'))])
    expect(await one({ op: 'addMembers', id: groupId, members })).toEqual({ ok: true })
    expect(failureKind(await one({ op: 'addMembers', id: groupId, members }))).toBe('exists')
    expect(await one({ op: 'addMembers', id: groupId, members: members.slice(0, 1) })).toEqual({ ok: true })
    const listed: string[] = []
    for await (const page of graph.members(groupId)) listed.push(...page)
    expect(listed.toSorted()).toEqual(members.toSorted())
    const removal: CloudRequest = { op: 'removeMember', id: groupId, member: members[0] as string }
    expect((await one(removal)).ok).toBe(true)
    const again = await one(removal)
    expect(again.ok || again.failure.kind === 'done').toBe(true)
  })

  it('sets and clears a manager', async () => {
    const [who, boss] = await Promise.all([id(user('reports')), id(user('boss'))])
    expect(await one({ op: 'setManager', id: who, manager: boss })).toEqual({ ok: true })
    expect(await one({ op: 'clearManager', id: who })).toEqual({ ok: true })
  })

  it('deletes softly and restores', async () => {
    const who = await id(user('leaver'))
    expect((await one({ op: 'delete', kind: 'user', id: who })).ok).toBe(true)
    expect(failureKind(await one({ op: 'read', kind: 'user', id: who }))).toBe('missing')
    expect((await one({ op: 'restore', kind: 'user', id: who })).ok).toBe(true)
    expect((await one({ op: 'read', kind: 'user', id: who })).ok).toBe(true)
  })

  it('marks what another engine masters', async () => {
    const seeded = cloud.directory.seed('user', {
      displayName: 'Synced',
      userPrincipalName: 'synced@contoso.lab',
      mailNickname: 'synced',
      onPremisesSyncEnabled: true,
    })
    const read = (await one({ op: 'read', kind: 'user', id: seeded })) as CloudAnswer & { ok: true }
    expect(read.object?.foreignMaster).toBe(true)
    expect(failureKind(await one({ op: 'update', kind: 'user', id: seeded, attributes: { jobTitle: ['x'] } }))).toBe(
      'refused',
    )
  })

  it('reads the whole tenant by pages', async () => {
    const seen = new Set<string>()
    for await (const page of graph.list('user')) for (const object of page) seen.add(object.id)
    expect(seen.size).toBe(cloud.directory.counts().users)
  })

  it('tells throttled, unavailable and unknown apart', async () => {
    const read: CloudRequest = { op: 'read', kind: 'user', id: await id(user('faults')) }
    cloud.faults.set({ fault: 'throttled', count: 1, retryAfterSecs: 2 })
    expect(await one(read)).toMatchObject({ ok: false, failure: { kind: 'throttled', retryAfterMs: 2_000 } })
    cloud.faults.set({ fault: 'unavailable', count: 1 })
    expect(failureKind(await one(read))).toBe('transient')
    cloud.faults.set({ fault: 'dropAfterApplying', count: 1 })
    expect(failureKind(await one(user('dropped')))).toBe('unknown')
    cloud.faults.set({ fault: 'clear' })
    expect(await one({ ...(user('dropped') as CloudRequest & { op: 'create' }), op: 'find' })).toMatchObject({
      ok: true,
      object: { attributes: { mailNickname: ['dropped'] } },
    })
  })

  it('tries a refused secret once per version', async () => {
    writeCredential(folder, 'wrong', { client_id: cloud.client.id, client_secret: 'not-it' })
    const refused = open('graph', 'wrong')
    const read: CloudRequest = { op: 'read', kind: 'user', id: 'x' }
    const first = await one(read, refused)
    expect(first).toMatchObject({ ok: false, failure: { kind: 'waiting', code: 'CANOPY-CLOUD-0002' } })
    const before = requests()
    await one(read, refused)
    await one(read, refused)
    expect(requests()).toBe(before)
    writeCredential(folder, 'wrong', { client_id: cloud.client.id, client_secret: cloud.client.secret })
    expect(failureKind(await one(read, refused))).not.toBe('waiting')
    await refused.close()
  })

  it('tries a refused secret once for all targets that share it', async () => {
    writeCredential(folder, 'shared', { client_id: cloud.client.id, client_secret: 'not-it-either' })
    const attempts = new SecretAttempts()
    const directories = [open('graph', 'shared', attempts), open('exchange', 'shared', attempts)]
    const before = requests()
    const answers = await Promise.all(
      directories.map((directory, i) => one({ op: 'read', kind: i === 0 ? 'user' : 'contact', id: 'x' }, directory)),
    )
    expect(answers.map(failureKind)).toEqual(['waiting', 'waiting'])
    expect(requests()).toBe(before + 1)
    await Promise.all(directories.map((directory) => directory.close()))
  })

  it('checks the tenant, a line each', async () => {
    const lines = await graph.check()
    expect(lines.map((line) => line.verdict)).not.toContain('VERDICT_FAIL')
    expect(lines.length).toBeGreaterThan(3)
  })

  it('does not trust a certificate nobody vouches for', async () => {
    const stranger = openDirectory(
      configuration.Target.fromPartial({
        name: 't',
        type: 'graph',
        tenant: cloud.tenantId,
        graphUrl: cloud.graphUrl,
        authorityUrl: cloud.authorityUrl,
        credential: 'writer',
      }),
      { credentialsDir: folder, trust: [], attempts: new SecretAttempts() },
    )
    expect(await one({ op: 'read', kind: 'user', id: 'x' }, stranger)).toMatchObject({
      ok: false,
      failure: { kind: 'transient', code: 'CANOPY-CLOUD-0001' },
    })
    await stranger.close()
  })
})

describe('exchange', () => {
  const contact: CloudRequest & { op: 'create' } = {
    op: 'create',
    kind: 'contact',
    anchor: '11111111-2222-4333-8444-555555555555',
    sourceAnchor: '',
    attributes: {
      displayName: ['Lin Chen'],
      mail: ['lin@partner.example'],
      givenName: ['Lin'],
      companyName: ['Partner'],
    },
  }

  it('creates, changes, finds, lists and deletes a mail contact', async () => {
    const made = (await one(contact, exchange)) as CloudAnswer & { ok: true }
    expect(made).toMatchObject({ ok: true })
    const who = made.id as string
    expect(cloud.directory.counts().contacts).toBe(1)
    expect(
      await one(
        { op: 'update', kind: 'contact', id: who, attributes: { displayName: ['Lin Chen-Wu'], companyName: [] } },
        exchange,
      ),
    ).toMatchObject({ ok: true })
    expect(await one({ ...contact, op: 'find' }, exchange)).toMatchObject({
      ok: true,
      object: { anchor: contact.anchor, attributes: { displayName: ['Lin Chen-Wu'], mail: ['lin@partner.example'] } },
    })
    expect(failureKind(await one(contact, exchange))).toBe('exists')
    const listed = []
    for await (const page of exchange.list('contact')) listed.push(...page)
    expect(listed).toHaveLength(1)
    expect((await one({ op: 'delete', kind: 'contact', id: who }, exchange)).ok).toBe(true)
    expect(cloud.directory.counts().contacts).toBe(0)
  })
})
