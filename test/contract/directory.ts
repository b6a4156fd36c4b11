/** What every directory must give a hub through the agent, whichever dialect reads it; what a server cannot do is named. */
import type { Client } from 'ldapts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { add, type Case, forestCases, remove, type Scene, Stage, set } from './directory.cases.ts'
import type { TestHub } from './directory.hub.ts'
import {
  type AgentOptions,
  administer,
  below,
  type DirectoryUnderTest,
  type RunningAgent,
  type Subject,
  startAgent,
  vocabularyOf,
} from './directory.subject.ts'

/** A test, or a skipped one that says what the server cannot do. */
function declare(subject: Subject, { name, needs = [], timeoutMs }: Omit<Case, 'run'>, run: () => Promise<void>): void {
  const reason = needs.map((need) => subject.cannot[need]).find((each) => each !== undefined)
  if (reason === undefined) test(name, { timeout: timeoutMs ?? 30_000 }, run)
  else test.skip(`${name} (${reason})`, run)
}

export function directoryContract(subject: Subject): void {
  const { name } = subject
  let directory: DirectoryUnderTest
  beforeAll(async () => {
    directory = await subject.make()
  }, 120_000)
  afterAll(() => directory?.close())

  describe.each(subject.dialects)(`${name} by %s`, (dialect) => {
    let running: RunningAgent
    let admin: Client
    let ou: string
    const hub = (): TestHub => running.hub
    // Both dialects read one directory: every name is its dialect's own.
    const dn = (cn: string): string => below(ou, vocabularyOf(directory).rdn, `${dialect} ${cn}`)
    const ouOf = (title: string, parent: string): string => below(parent, vocabularyOf(directory).ouRdn, title)
    const seen = (cn: string) => hub().byName(`${dialect} ${cn}`)
    const person = (cn: string, more: Record<string, string> = {}) =>
      admin.add(dn(cn), { ...vocabularyOf(directory).person(`${dialect}-${cn}`), ...more })

    beforeAll(async () => {
      admin = await administer(directory)
      ou = ouOf(`Contract ${dialect}`, directory.baseDn)
      await admin.add(ou, { ...vocabularyOf(directory).ou })
      for (const cn of ['ada', 'ben', 'cleo', 'dora', 'emil'])
        await person(cn, { displayName: `${cn} ü`, mail: `${cn}@x.test` })
      await admin.add(dn('team'), {
        ...vocabularyOf(directory).group(`${dialect}-team`),
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
      if (dialect !== 'syncrepl') expect(hub().objects.get(ada.parentGuid)?.dn).toBe(ou)
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
      const lower = ouOf('Below', ou)
      await admin.add(lower, { ...vocabularyOf(directory).ou })
      const there = below(lower, vocabularyOf(directory).rdn, 'cleopatra')
      await admin.modifyDN(dn('cleo'), there)
      await hub().until('the new name', () => hub().objects.get(guid)?.dn === there)
      if (dialect !== 'syncrepl') expect(hub().objects.get(hub().objects.get(guid)!.parentGuid)?.dn).toBe(lower)
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
        const result = await hub().command({ $case: 'readObject', value: { ...where, who, memberDn: '' } })
        expect(result).toMatchObject({ code: '' })
        expect(result.entries.map((entry) => entry.guid)).toEqual([ben.guid, seen('team')!.guid])
        expect(result.entries[0]).toMatchObject({ complete: true })
        expect(result.entries[1]?.links.member?.added.map((link) => link.guid)).toEqual([ben.guid])
      }
    })

    forestCases.forEach((each, index) => {
      declare(subject, each, async () => {
        // Each in an OU of its own: one that fails does not fail those behind it.
        const own = ouOf(`Case ${index}`, ou)
        await admin.add(own, { ...vocabularyOf(directory).ou })
        const scene: Scene = { dialect, directory, admin, hub: hub(), ou: own }
        await each.run(new Stage(scene, String(index)))
      })
    })

    declare(subject, { name: 'the preflight passes line by line', needs: ['cleanCheck'] }, async () => {
      const { lines } = await hub().command({ $case: 'check', value: { forest: 'forest', domain: directory.domain } })
      expect(lines.filter((line) => line.verdict !== 'VERDICT_PASS')).toEqual([])
      expect(lines.map((line) => line.check)).toEqual(
        expect.arrayContaining([
          'dns',
          'tls',
          'bind',
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
    const blindness = { name: 'an account that is blind to deletions reads on, and is shown' }
    declare(subject, { ...blindness, needs: ['blindAccounts'] }, async () => {
      const running = await start({ account: directory.blind ?? directory.reader })
      await running.hub.until('the stream', () => running.hub.complete)
      expect(running.hub.lastReport?.seesDeletions).toBe(false)
      await expectCode(running, 'CANOPY-LDAP-0005')
    })
  })
}
