/** What really happens in a directory, case by case; each ends with the hub knowing what the server has. */
import { canonicalDn } from '@canopy/domain'
import { Attribute, Change, type Client, Control } from 'ldapts'
import { expect } from 'vitest'
import type { Seen, TestHub } from './directory.hub.ts'
import { below, type Capability, type Dialect, type DirectoryUnderTest, vocabularyOf } from './directory.subject.ts'
import { differences, readTruth } from './directory.truth.ts'

export interface Scene {
  readonly dialect: Dialect
  readonly directory: DirectoryUnderTest
  readonly admin: Client
  readonly hub: TestHub
  /** Where this dialect's objects live. */
  readonly ou: string
}

export interface Case {
  readonly name: string
  readonly needs?: readonly Capability[]
  readonly run: (stage: Stage) => Promise<void>
  readonly timeoutMs?: number
}

export const set = (type: string, values: string[]): Change =>
  new Change({ operation: 'replace', modification: new Attribute({ type, values }) })
export const add = (type: string, values: string[]): Change =>
  new Change({ operation: 'add', modification: new Attribute({ type, values }) })
export const remove = (type: string, values: string[]): Change =>
  new Change({ operation: 'delete', modification: new Attribute({ type, values }) })

const showDeleted = new Control('1.2.840.113556.1.4.417', { critical: true })

/** One case's hands: every name it makes is its own. */
export class Stage {
  readonly scene: Scene
  readonly tag: string
  private people = 0

  constructor(scene: Scene, tag: string) {
    this.scene = scene
    this.tag = `${scene.dialect}${tag}`
  }

  dn(name: string, parent = this.scene.ou): string {
    return below(parent, vocabularyOf(this.scene.directory).rdn, name)
  }

  ouDn(name: string, parent = this.scene.ou): string {
    return below(parent, vocabularyOf(this.scene.directory).ouRdn, name)
  }

  async ou(name: string, parent = this.scene.ou): Promise<string> {
    const dn = this.ouDn(name, parent)
    await this.scene.admin.add(dn, { ...vocabularyOf(this.scene.directory).ou })
    return dn
  }

  async person(name: string, more: Readonly<Record<string, string>> = {}, parent = this.scene.ou): Promise<string> {
    const dn = this.dn(name, parent)
    const account = `${this.tag}p${++this.people}`
    await this.scene.admin.add(dn, { ...vocabularyOf(this.scene.directory).person(account), ...more })
    return dn
  }

  async group(name: string, members: readonly string[], parent = this.scene.ou): Promise<string> {
    const dn = this.dn(name, parent)
    const shape = vocabularyOf(this.scene.directory).group(`${this.tag}g${++this.people}`)
    await this.scene.admin.add(dn, { ...shape, ...(members.length > 0 ? { member: [...members] } : {}) })
    return dn
  }

  seen(name: string): (Seen & { guid: string }) | undefined {
    return this.scene.hub.byName(name, this.scene.ou)
  }

  /** Waits until the hub knows it, and says who it is. */
  async known(name: string): Promise<Seen & { guid: string }> {
    await this.scene.hub.until(`${name} is known`, () => this.seen(name)?.deleted === false)
    return this.seen(name)!
  }

  async deletedDn(guid: string): Promise<string> {
    const { admin, directory } = this.scene
    const { searchEntries } = await admin.search(
      directory.baseDn,
      {
        scope: 'sub',
        filter: '(isDeleted=TRUE)',
        attributes: ['objectGUID'],
        explicitBufferAttributes: ['objectGUID'],
        timeLimit: 0,
      },
      [showDeleted],
    )
    const found = searchEntries.find(
      (entry) => vocabularyOf(directory).guidText(entry.objectGUID as unknown as Buffer) === guid,
    )
    return found?.dn ?? ''
  }

  /** As an administrator does it: the object leaves Deleted Objects under the name it had. */
  async restore(guid: string, to: string): Promise<void> {
    const { admin } = this.scene
    const changes = [remove('isDeleted', []), set('distinguishedName', [to])]
    await admin.modify(await this.deletedDn(guid), changes, [showDeleted])
  }

  /** Until the hub knows what the server has below the dialect's OU, no more and no less. */
  async settles(timeoutMs = 15_000): Promise<void> {
    const { hub, admin, directory, ou } = this.scene
    const end = performance.now() + timeoutMs
    for (;;) {
      const found = differences(hub, await readTruth(admin, directory, ou), ou)
      if (found.length === 0) return
      if (performance.now() > end) expect(found).toEqual([])
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** Escapes, a blank at each end, a hash, right-to-left text and its controls, signs beyond 16 bits, letters in parts. */
const hostileNames = [
  'a, b + c "d" <e>; f = g \\ h # i',
  ' blank at both ends ',
  '# begins with a hash',
  'family 👩‍👩‍👧‍👦 and flag 🇨🇭',
  'turned \u202Eround\u202C and \u2067isolated\u2069',
  'שלום עולם',
  'Cafe\u0301 in parts',
  "Robert'); DROP TABLE objects;--",
  'CN=inner,OU=name',
  '*()\\2a',
] as const

export const forestCases: readonly Case[] = [
  {
    name: 'an OU is renamed, and what is below it follows without being told',
    run: async (stage) => {
      const { hub, admin } = stage.scene
      const ou = await stage.ou('Before')
      const inner = await stage.ou('Inner', ou)
      await stage.person('below an OU', { displayName: 'Below' }, inner)
      const { guid } = await stage.known('below an OU')
      await stage.settles()
      const told = hub.objects.get(guid)!.told
      await admin.modifyDN(ou, stage.ouDn('After, renamed').split(`,${stage.scene.ou}`)[0]!)
      await stage.settles()
      const wanted = stage.dn('below an OU', stage.ouDn('Inner', stage.ouDn('After, renamed')))
      expect(canonicalDn(hub.dnOf(guid) ?? '')).toBe(canonicalDn(wanted))
      if (stage.scene.dialect !== 'syncrepl') expect(hub.objects.get(guid)!.told).toBe(told)
    },
  },
  {
    name: 'an OU is moved below another',
    run: async (stage) => {
      const { hub, admin } = stage.scene
      const [from, to] = [await stage.ou('From'), await stage.ou('To')]
      const moving = await stage.ou('Moving', from)
      await stage.person('in the moving OU', {}, moving)
      const { guid } = await stage.known('in the moving OU')
      await stage.settles()
      await admin.modifyDN(moving, stage.ouDn('Moving', to))
      await stage.settles()
      expect(hub.dnOf(guid)).toBe(stage.dn('in the moving OU', stage.ouDn('Moving', to)))
    },
  },
  {
    name: 'what is added and deleted between two polls leaves nothing behind',
    run: async (stage) => {
      const { hub, admin } = stage.scene
      const staying = await stage.person('stays')
      const group = await stage.group('had a mayfly', [staying])
      await stage.settles()
      hub.cut()
      const mayfly = await stage.person('mayfly')
      await admin.modify(group, add('member', [mayfly]))
      await admin.del(mayfly)
      await admin.modify(staying, set('title', ['afterwards']))
      await hub.until('what came after', () => stage.seen('stays')?.attributes.title?.[0] === 'afterwards')
      await stage.settles()
      expect(stage.seen('mayfly')?.deleted ?? true).toBe(true)
    },
  },
  {
    name: 'a deleted member leaves its groups, which do not say so',
    needs: ['silentMemberLoss'],
    run: async (stage) => {
      const [leaver, stayer] = [await stage.person('leaver'), await stage.person('stayer')]
      await stage.group('loses a member', [leaver, stayer])
      const team = await stage.known('loses a member')
      await stage.settles()
      const told = stage.scene.hub.objects.get(team.guid)!.told
      await stage.scene.admin.del(leaver)
      await stage.settles()
      expect(stage.seen('loses a member')!.members.size).toBe(1)
      if (stage.scene.dialect === 'dirsync') expect(stage.scene.hub.objects.get(team.guid)!.told).toBe(told)
    },
  },
  {
    name: 'a deleted object comes back with its GUID',
    needs: ['restore'],
    run: async (stage) => {
      const dn = await stage.person('comes back', { displayName: 'Comes back' })
      const { guid } = await stage.known('comes back')
      await stage.scene.admin.del(dn)
      await stage.scene.hub.until('the deletion', () => stage.scene.hub.objects.get(guid)?.deleted === true)
      await stage.restore(guid, dn)
      await stage.scene.hub.until('the return', () => stage.scene.hub.objects.get(guid)?.deleted === false)
      await stage.settles()
    },
  },
  {
    name: 'a restored object is in its groups again, and its manager is its manager',
    needs: ['restore', 'restoreEdges'],
    run: async (stage) => {
      const boss = await stage.person('boss')
      const dn = await stage.person('was away', { title: 'Engineer', manager: boss })
      await stage.group('had somebody away', [dn, boss])
      const { guid } = await stage.known('was away')
      await stage.settles()
      await stage.scene.admin.del(dn)
      await stage.scene.hub.until('the deletion', () => stage.scene.hub.objects.get(guid)?.deleted === true)
      await stage.settles()
      await stage.restore(guid, dn)
      await stage.settles()
      expect(stage.seen('had somebody away')!.members).toContain(guid)
      expect(stage.seen('was away')!.references.manager).toBe(stage.seen('boss')!.guid)
    },
  },
  {
    name: 'deleted and restored between two polls',
    needs: ['restore'],
    run: async (stage) => {
      const dn = await stage.person('blinks', { displayName: 'Blinks' })
      const { guid } = await stage.known('blinks')
      await stage.settles()
      stage.scene.hub.cut()
      await stage.scene.admin.del(dn)
      await stage.restore(guid, dn)
      await stage.scene.admin.modify(dn, set('title', ['back']))
      await stage.scene.hub.until('what came after', () => stage.seen('blinks')?.attributes.title?.[0] === 'back')
      await stage.settles()
    },
  },
  {
    name: 'emptied attributes, one value and many, are absent afterwards',
    run: async (stage) => {
      const dn = await stage.person('emptied', { description: 'a', title: 'b', mail: 'c@x.test' })
      await stage.settles()
      await stage.scene.admin.modify(dn, [set('description', []), set('title', []), set('mail', ['d@x.test'])])
      await stage.settles()
      expect(stage.seen('emptied')!.attributes).not.toHaveProperty('title')
    },
  },
  {
    name: 'names that hurt: escapes, blanks, hashes, bidirectional text, signs beyond 16 bits',
    run: async (stage) => {
      const ou = await stage.ou('Names, that "hurt" \\ + <all>')
      const people: string[] = []
      for (const name of hostileNames) people.push(await stage.person(name, { displayName: `<${name}>` }, ou))
      await stage.group('⚠ all, of them', people, ou)
      await stage.settles()
      const told = hostileNames.map((name) => stage.seen(name)?.attributes.displayName)
      expect(told).toEqual(hostileNames.map((name) => [`<${name}>`]))
      expect(stage.seen('⚠ all, of them')!.members.size).toBe(hostileNames.length)
    },
  },
  {
    name: 'names of 255 characters',
    needs: ['longNames'],
    run: async (stage) => {
      const name = `${'ü'.repeat(254)}!`
      await stage.group('holds a long name', [await stage.person(name)])
      await stage.settles()
      expect(stage.seen(name)).toBeDefined()
    },
  },
  {
    name: 'control characters in names, NUL and line feed among them',
    needs: ['controlNames'],
    run: async (stage) => {
      const names = ['nul\0inside', 'line\nfeed', 'return\rhere']
      const people: string[] = []
      for (const name of names) people.push(await stage.person(name))
      await stage.group('holds control characters', people)
      await stage.settles()
      for (const name of names) expect(stage.seen(name), JSON.stringify(name)).toBeDefined()
    },
  },
  {
    name: 'members of another forest are known by their SID',
    needs: ['foreignPrincipals'],
    run: async (stage) => {
      const sid = `S-1-5-21-${stage.scene.dialect === 'usn' ? 7 : 8}-1234567-7654321-1${Math.floor(Math.random() * 900) + 100}`
      const group = await stage.group('holds a stranger', [])
      await stage.scene.admin.modify(group, add('member', [`<SID=${sid}>`]))
      await stage.scene.hub.until('the stranger', () => stage.seen('holds a stranger')?.members.size === 1)
      await stage.settles()
      const [end] = stage.seen('holds a stranger')!.members
      expect(stage.scene.hub.foreign.get(end!)).toBe(sid)
    },
  },
  {
    name: 'a user becomes an inetOrgPerson, and back',
    needs: ['classChange'],
    run: async (stage) => {
      const dn = await stage.person('changes class', { title: 'same' })
      const { guid } = await stage.known('changes class')
      await stage.scene.admin.modify(dn, add('objectClass', ['inetOrgPerson']))
      await stage.scene.hub.until('the class', () =>
        (stage.scene.hub.objects.get(guid)?.attributes.objectClass ?? []).includes('inetOrgPerson'),
      )
      await stage.scene.admin.modify(dn, remove('objectClass', ['inetOrgPerson']))
      await stage.scene.hub.until(
        'the class it had',
        () => !(stage.scene.hub.objects.get(guid)?.attributes.objectClass ?? []).includes('inetOrgPerson'),
      )
      await stage.settles()
    },
  },
  {
    name: 'a value over 64 KB arrives whole',
    needs: ['largeValues'],
    run: async (stage) => {
      const { photo } = vocabularyOf(stage.scene.directory)
      const dn = await stage.person('has a large photo')
      await stage.scene.admin.modify(dn, set(photo, ['p'.repeat(80_000)]))
      await stage.scene.hub.until('the photo', () => stage.seen('has a large photo')?.attributes[photo] !== undefined)
      expect(stage.seen('has a large photo')!.attributes[photo]![0]).toHaveLength(80_000)
      await stage.settles()
    },
  },
  {
    name: 'groups in groups, and a group that is in itself by way of another',
    run: async (stage) => {
      const person = await stage.person('innermost')
      const inner = await stage.group('inner', [person])
      const outer = await stage.group('outer', [inner])
      await stage.scene.admin.modify(inner, add('member', [outer]))
      await stage.settles()
      await stage.scene.admin.modify(outer, set('member', [person]))
      await stage.settles()
    },
  },
  {
    name: 'a name that was somebody else’s a moment ago',
    run: async (stage) => {
      const { hub, admin } = stage.scene
      const [first, second] = [await stage.person('wears the name'), await stage.person('wants the name')]
      const [one, two] = [await stage.known('wears the name'), await stage.known('wants the name')]
      const { rdn } = vocabularyOf(stage.scene.directory)
      hub.cut()
      await admin.modifyDN(first, `${rdn}=gave the name away`)
      await admin.modifyDN(second, `${rdn}=wears the name`)
      await hub.until('both', () => stage.seen('wears the name')?.guid === two.guid)
      await stage.settles()
      expect(stage.seen('gave the name away')!.guid).toBe(one.guid)
    },
  },
  {
    name: 'one member more in a crowd is one member told',
    timeoutMs: 60_000,
    run: async (stage) => {
      const { hub, admin, directory, dialect } = stage.scene
      const { crowd } = directory
      const outsider = hub.index().get(canonicalDn(crowd.outsider))!
      const group = (): Seen => hub.objects.get(hub.index().get(canonicalDn(crowd.group))!)!
      await hub.until('the crowd', () => group()?.members.size === crowd.size, 30_000)
      const told = hub.membersTold
      await admin.modify(crowd.group, add('member', [crowd.outsider]))
      const isIn = (): boolean => group().members.has(outsider) || group().members.has(crowd.outsider)
      await hub.until('one more', () => isIn() && group().members.size === crowd.size + 1, 30_000)
      if (dialect === 'dirsync') expect(hub.membersTold - told).toBe(1)
      await admin.modify(crowd.group, remove('member', [crowd.outsider]))
      await hub.until('one less', () => !isIn() && group().members.size === crowd.size, 30_000)
    },
  },
]
