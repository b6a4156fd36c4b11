/** What every Active Directory must give a hub through the agent, whichever dialect reads it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { type Running, startServices } from '@canopy/chassis'
import { Attribute, Change, Client } from 'ldapts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestHub } from './directory.hub.ts'

export interface Account {
  readonly dn: string
  readonly password: string
}

export interface DirectoryUnderTest {
  readonly domain: string
  readonly baseDn: string
  /** What the agent is told. */
  readonly server: string
  readonly servername: string
  readonly caPem: string
  readonly admin: Account
  /** May replicate and sees deletions. */
  readonly reader: Account
  /** May do neither. */
  readonly blind: Account
  close(): Promise<void>
}

export const readAttributes = [
  'displayName',
  'mail',
  'title',
  'proxyAddresses',
  'sAMAccountName',
  'userPrincipalName',
  'manager',
  'description',
]

export interface RunningAgent {
  readonly hub: TestHub
  setCredential(account: Account): Promise<void>
  stop(): Promise<void>
}

export interface AgentOptions {
  readonly directory: Pick<DirectoryUnderTest, 'domain' | 'server' | 'servername' | 'caPem'>
  readonly account: Account
  readonly dialect: 'auto' | 'dirsync' | 'usn'
  /** Default: the directory's CA. */
  readonly trust?: readonly string[]
  readonly tlsServerName?: string
  readonly allowPlainLoopback?: boolean
}

export async function startAgent({ directory, account, dialect, ...options }: AgentOptions): Promise<RunningAgent> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-agent-'))
  await writeFile(join(dir, 'ca.pem'), directory.caPem)
  const setCredential = async ({ dn, password }: Account): Promise<void> => {
    await mkdir(join(dir, 'credentials', 'reader'), { recursive: true })
    await writeFile(join(dir, 'credentials', 'reader', 'username'), dn)
    await writeFile(join(dir, 'credentials', 'reader', 'password'), password)
  }
  await setCredential(account)
  const hub = await TestHub.start({
    forest: 'forest',
    domain: directory.domain,
    servers: [directory.server],
    credential: 'reader',
    tlsServerName: options.tlsServerName ?? directory.servername,
    attributes: readAttributes,
    dialect,
    pollIntervalMs: 500,
  })
  const config = {
    name: 'test',
    hub: hub.address,
    credentials_dir: join(dir, 'credentials'),
    trust: options.trust ?? [join(dir, 'ca.pem')],
    allow_plain_loopback: options.allowPlainLoopback ?? false,
  }
  const adapters = { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined }
  const running: Running = await startServices([agent], {
    adapters,
    config: { agent: config },
    rpc: { listen: [`unix:${join(dir, 'a.sock')}`] },
  })
  return {
    hub,
    setCredential,
    stop: async () => {
      await running.stop()
      await hub.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A person's own changes, by a client that is none of ours. */
export async function administer(directory: DirectoryUnderTest): Promise<Client> {
  const client = new Client({
    url: directory.server,
    tlsOptions: { ca: [directory.caPem], servername: directory.servername },
  })
  await client.bind(directory.admin.dn, directory.admin.password)
  return client
}

const set = (type: string, values: string[]): Change =>
  new Change({ operation: 'replace', modification: new Attribute({ type, values }) })
const add = (type: string, values: string[]): Change =>
  new Change({ operation: 'add', modification: new Attribute({ type, values }) })
const remove = (type: string, values: string[]): Change =>
  new Change({ operation: 'delete', modification: new Attribute({ type, values }) })

export function directoryContract(name: string, make: () => Promise<DirectoryUnderTest>): void {
  let directory: DirectoryUnderTest
  beforeAll(async () => {
    directory = await make()
  }, 120_000)
  afterAll(() => directory?.close())

  describe.each(['dirsync', 'usn'] as const)(`${name} by %s`, (dialect) => {
    let running: RunningAgent
    let admin: Client
    let ou: string
    const hub = (): TestHub => running.hub
    // Both dialects read one directory: every name is its dialect's own.
    const dn = (cn: string): string => `CN=${dialect} ${cn},${ou}`
    const seen = (cn: string) => hub().byName(`${dialect} ${cn}`)
    const person = (cn: string, more: Record<string, string> = {}) =>
      admin.add(dn(cn), { objectClass: ['user'], sAMAccountName: `${dialect}-${cn}`, ...more })

    beforeAll(async () => {
      admin = await administer(directory)
      ou = `OU=Contract ${dialect},${directory.baseDn}`
      await admin.add(ou, { objectClass: ['organizationalUnit'] })
      for (const cn of ['ada', 'ben', 'cleo', 'dora', 'emil'])
        await person(cn, { displayName: `${cn} ü`, mail: `${cn}@x.test` })
      await admin.add(dn('team'), {
        objectClass: ['group'],
        sAMAccountName: `${dialect}-team`,
        member: [dn('ada'), dn('ben')],
      })
      running = await startAgent({ directory, account: directory.reader, dialect })
      await hub().until(
        'the snapshot',
        () => hub().complete && hub().lastReport?.state === 'PARTITION_STATE_STREAM',
        60_000,
      )
    }, 90_000)

    afterAll(async () => {
      await running?.stop()
      await admin?.unbind()
    })

    test('the snapshot brings containers first, whole objects, and member lists by GUID', () => {
      expect(hub().batches[0]).toMatchObject({ snapshotBegin: true, phase: 'PHASE_SNAPSHOT' })
      expect(hub().lastReport).toMatchObject({
        state: 'PARTITION_STATE_STREAM',
        dialect,
        seesDeletions: true,
        code: '',
      })
      const ada = seen('ada')!
      expect(ada).toMatchObject({ dn: dn('ada'), attributes: { displayName: ['ada ü'], mail: ['ada@x.test'] } })
      expect(hub().objects.get(ada.parentGuid)?.dn).toBe(ou)
      expect(seen('team')!.members).toEqual(new Set([ada.guid, seen('ben')!.guid]))
    })

    test('a changed and an emptied attribute, and one never asked for', async () => {
      await admin.modify(dn('ada'), [set('title', ['Engineer']), set('mail', [])])
      await hub().until('the title', () => seen('ada')?.attributes.title?.[0] === 'Engineer')
      expect(seen('ada')).toMatchObject({ attributes: { displayName: ['ada ü'] } })
      expect(seen('ada')!.attributes.mail).toBeUndefined()
      const told = seen('ada')!.told
      await admin.modify(dn('ada'), set('title', ['Engineer']))
      await admin.modify(dn('ben'), set('title', ['Behind it']))
      await hub().until('the next change', () => seen('ben')?.attributes.title?.[0] === 'Behind it')
      if (dialect === 'dirsync') expect(seen('ada')!.told).toBe(told)
    })

    test('members come and go', async () => {
      const [ada, cleo] = ['ada', 'cleo'].map((cn) => seen(cn)!.guid) as [string, string]
      await admin.modify(dn('team'), [add('member', [dn('cleo')]), remove('member', [dn('ada')])])
      await hub().until('both', () => seen('team')!.members.has(cleo) && !seen('team')!.members.has(ada))
      expect(seen('team')!.members.size).toBe(2)
    })

    test('manager is a link, and goes', async () => {
      await admin.modify(dn('ben'), set('manager', [dn('ada')]))
      await hub().until('the manager', () => seen('ben')?.references.manager === seen('ada')?.guid)
      await admin.modify(dn('ben'), set('manager', []))
      await hub().until('none', () => seen('ben')?.references.manager === undefined)
    })

    test('a rename and a move keep the GUID', async () => {
      const { guid } = seen('cleo')!
      const below = `OU=Below,${ou}`
      await admin.add(below, { objectClass: ['organizationalUnit'] })
      await admin.modifyDN(dn('cleo'), `CN=cleopatra,${below}`)
      await hub().until('the new name', () => hub().objects.get(guid)?.dn === `CN=cleopatra,${below}`)
      expect(hub().objects.get(hub().objects.get(guid)!.parentGuid)?.dn).toBe(below)
    })

    test('a deletion is seen as one', async () => {
      const { guid } = seen('dora')!
      await admin.del(dn('dora'))
      await hub().until('the deletion', () => hub().objects.get(guid)?.deleted === true)
    })

    test('after a break the agent goes on where the last committed batch ended', async () => {
      const before = hub().entries
      hub().cut()
      await admin.modify(dn('ada'), set('title', ['While away']))
      await hub().until('the change', () => seen('ada')?.attributes.title?.[0] === 'While away')
      expect(hub().batches.filter((batch) => batch.snapshotBegin)).toHaveLength(1)
      expect(hub().entries - before).toBeLessThan(10)
    })

    test('an object is read on request, with the groups that hold it', async () => {
      const ben = seen('ben')!
      const where = { forest: 'forest', domain: directory.domain }
      for (const who of [ben.guid, ben.dn, `${dialect}-ben`]) {
        const result = await hub().command({ $case: 'readObject', value: { ...where, who } })
        expect(result).toMatchObject({ code: '' })
        expect(result.entries.map((entry) => entry.guid)).toEqual([ben.guid, seen('team')!.guid])
        expect(result.entries[0]).toMatchObject({ complete: true })
        expect(result.entries[1]?.links.member?.added.map((link) => link.guid)).toEqual([ben.guid])
      }
    })

    test('the preflight passes line by line', async () => {
      const { lines } = await hub().command({ $case: 'check', value: { forest: 'forest', domain: directory.domain } })
      expect(lines.filter((line) => line.verdict !== 'VERDICT_PASS')).toEqual([])
      expect(lines.map((line) => line.check)).toEqual(
        expect.arrayContaining([
          'dns',
          'connect',
          'clock',
          'sees deletions',
          'replication right',
          'attributes readable',
        ]),
      )
    })

    test('a resnapshot reads everything again', async () => {
      await hub().command({ $case: 'resnapshot', value: { forest: 'forest', domain: directory.domain } })
      await hub().until(
        'the second snapshot',
        () => hub().batches.filter((batch) => batch.snapshotComplete).length === 2,
        60_000,
      )
    })
  })

  describe(`${name}: what stands in the way is told by its code`, () => {
    const start = (change: Partial<AgentOptions>) =>
      startAgent({ directory, account: directory.reader, dialect: 'auto', ...change })
    const expectCode = async (running: RunningAgent, code: string): Promise<void> => {
      try {
        await running.hub.until(code, () => running.hub.lastReport?.code === code)
        expect(running.hub.lastReport?.mend).not.toBe('')
      } finally {
        await running.stop()
      }
    }

    test('unreachable', async () =>
      expectCode(await start({ directory: { ...directory, server: 'ldaps://127.0.0.1:1' } }), 'CANOPY-LDAP-0001'))
    test('certificate not trusted', async () => expectCode(await start({ trust: [] }), 'CANOPY-LDAP-0002'))
    test('another name', async () => expectCode(await start({ tlsServerName: 'other.example' }), 'CANOPY-LDAP-0003'))
    test('another domain', async () =>
      expectCode(await start({ directory: { ...directory, domain: 'other.test' } }), 'CANOPY-LDAP-0006'))
    test('an account that is blind to deletions reads on, and is shown', async () => {
      const running = await start({ account: directory.blind })
      await running.hub.until('the stream', () => running.hub.complete)
      expect(running.hub.lastReport?.seesDeletions).toBe(false)
      await expectCode(running, 'CANOPY-LDAP-0005')
    })
  })
}
