/** The directory contract on the lab's forest, and what only a forest with faults on demand can show. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LabForest, startForest } from '@canopy/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Controller, controllersContract } from './directory.controllers.ts'
import { type ServerProxy, startProxy } from './directory.proxy.ts'
import { activeDirectory, crowdEntries, crowdIn, type DirectoryUnderTest, startAgent } from './directory.subject.ts'
import { directoryContract } from './directory.ts'

const blindAccount = (baseDn: string) => ({ dn: `CN=blind,CN=Users,${baseDn}`, password: 'Blind-1-Blind' })

async function labForest(users: number): Promise<LabForest> {
  const baseDn = 'DC=contract,DC=lab'
  return startForest({
    name: 'contract.lab',
    population: { users, groups: Math.ceil(users / 10), contacts: 5 },
    accounts: [{ ...blindAccount(baseDn), rights: { replicate: false, seesDeleted: false } }],
  })
}

const reached = (forest: LabForest): Omit<DirectoryUnderTest, 'crowd'> => ({
  domain: forest.name,
  baseDn: forest.baseDn,
  server: forest.ldapsUrl,
  servername: forest.servername,
  caPem: forest.caPem,
  admin: forest.admin,
  reader: forest.account,
  blind: blindAccount(forest.baseDn),
  close: () => forest.close(),
})

directoryContract({
  name: 'lab',
  dialects: ['dirsync', 'usn'],
  cannot: {},
  make: async () => {
    const forest = await labForest(300)
    // Twice what a domain controller gives at once.
    const crowd = crowdIn(activeDirectory, forest.baseDn, 3_200)
    for (const { dn, attributes } of crowdEntries(activeDirectory, crowd)) forest.directory.add(dn, attributes)
    return { ...reached(forest), crowd }
  },
})

controllersContract('lab', async () => {
  const forest = await startForest({
    name: 'pair.lab',
    population: { users: 50, groups: 5, contacts: 2 },
    controllers: 2,
  })
  const { replication, admin, account, baseDn, caPem } = forest
  const [first, second] = await Promise.all(
    forest.controllers.map(async ({ ldapsUrl, servername }): Promise<Controller & ServerProxy> => {
      const proxy = await startProxy(ldapsUrl)
      return { ...proxy, server: `ldaps://${proxy.host}`, direct: ldapsUrl, servername, caPem }
    }),
  )
  return {
    domain: forest.name,
    baseDn,
    server: forest.ldapsUrl,
    servername: forest.servername,
    caPem,
    admin,
    reader: account,
    controllers: [first!, second!],
    hold: () => {
      replication.held = true
    },
    replicate: async () => {
      replication.deliver()
      replication.held = false
    },
    close: async () => {
      first?.close()
      second?.close()
      await forest.close()
    },
  }
})

describe('lab: faults', () => {
  let forest: LabForest
  beforeAll(async () => {
    forest = await labForest(3_000)
  }, 60_000)
  afterAll(() => forest?.close())

  test('a wrong password is tried once, and a new value is taken without a restart', async () => {
    const proxy = await startProxy(forest.url)
    const wrong = { dn: forest.account.dn, password: 'not this one' }
    const directory = { ...reached(forest), server: `ldap://${proxy.host}` }
    const running = await startAgent({ directory, account: wrong, dialect: 'auto', allowPlainLoopback: true })
    try {
      await running.hub.until('the refusal', () => running.hub.lastReport?.code === 'CANOPY-LDAP-0004')
      expect(running.hub.lastReport?.message).toContain('data 52e')
      expect(JSON.stringify(running.hub.lastReport, (_, v) => (typeof v === 'bigint' ? String(v) : v))).not.toContain(
        wrong.password,
      )
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      // A new stream to the hub is a new assignment, not a new attempt.
      running.hub.cut()
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect(proxy.binds()).toBe(1)
      await running.setCredential(forest.account)
      await running.hub.until('the stream', () => running.hub.complete)
      expect(proxy.binds()).toBe(2)
    } finally {
      await running.stop()
      proxy.close()
    }
  })

  test('plain LDAP is refused, on loopback too, unless it is allowed: StartTLS is used', async () => {
    const directory = { ...reached(forest), server: forest.url }
    const trusted = await startAgent({ directory, account: forest.account, dialect: 'auto' })
    await trusted.hub.until('the snapshot through StartTLS', () => trusted.hub.complete).finally(() => trusted.stop())
    const stranger = await startAgent({ directory, account: forest.account, dialect: 'auto', trust: [] })
    await stranger.hub
      .until('the refusal', () => stranger.hub.lastReport?.code === 'CANOPY-LDAP-0002')
      .finally(() => stranger.stop())
  })

  test('a lost cookie leads to a new snapshot', async () => {
    const running = await startAgent({ directory: reached(forest), account: forest.account, dialect: 'dirsync' })
    try {
      await running.hub.until('the snapshot', () => running.hub.complete)
      forest.faults.badCookieOnce()
      const begins = () => running.hub.batches.filter((batch) => batch.snapshotBegin).length
      await running.hub.until('the second', () => begins() === 2 && running.hub.caughtUp)
    } finally {
      forest.faults.clear()
      await running.stop()
    }
  })

  test('a connection cut in the middle of a snapshot: everything arrives all the same', async () => {
    forest.faults.cutConnectionAfter(1_200)
    const running = await startAgent({ directory: reached(forest), account: forest.account, dialect: 'usn' })
    try {
      await running.hub.until('the snapshot', () => running.hub.complete, 20_000)
      const users = forest.directory.find('(&(objectClass=user)(!(objectClass=computer)))').length
      const seen = [...running.hub.objects.values()].filter(
        (object) => object.dn.includes('CN=') && object.attributes.sAMAccountName,
      )
      expect(seen.length).toBeGreaterThanOrEqual(users)
    } finally {
      forest.faults.clear()
      await running.stop()
    }
  })

  test('an empty page with a cookie is not the end', async () => {
    forest.faults.emptyPageOnce()
    const running = await startAgent({ directory: reached(forest), account: forest.account, dialect: 'usn' })
    try {
      await running.hub.until('the snapshot', () => running.hub.complete)
      expect(running.hub.objects.size).toBeGreaterThan(3_300)
    } finally {
      forest.faults.clear()
      await running.stop()
    }
  })

  test('a list longer than the server gives at once comes whole', async () => {
    const users = forest.directory.find('(&(objectClass=user)(employeeID=*))').slice(0, 2_600)
    const dn = `CN=Everybody,OU=Groups,${forest.baseDn}`
    forest.directory.add(dn, {
      objectClass: ['top', 'group'],
      sAMAccountName: 'everybody',
      member: users.map((user) => user.dn),
    })
    for (const dialect of ['usn', 'dirsync'] as const) {
      const running = await startAgent({ directory: reached(forest), account: forest.account, dialect })
      try {
        await running.hub.until('the snapshot', () => running.hub.complete)
        expect(running.hub.byName('Everybody')?.members.size).toBe(2_600)
      } finally {
        await running.stop()
      }
    }
  })

  test('no more than four batches are under way without an acknowledgement', async () => {
    const running = await startAgent({ directory: reached(forest), account: forest.account, dialect: 'dirsync' })
    try {
      running.hub.acknowledges = false
      await running.hub.until('the window', () => running.hub.batches.length >= 4)
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(running.hub.batches).toHaveLength(4)
    } finally {
      await running.stop()
    }
  })

  const restores = (['dirsync', 'usn'] as const).flatMap((dialect) => [
    { dialect, behind: 'and is found behind where it was', changesAfter: 1 },
    { dialect, behind: 'and is past where it was when it is found', changesAfter: 4 },
  ])
  test.each(restores)(
    'a controller restored from an old image, by $dialect: it gives USNs out twice $behind',
    {
      timeout: 60_000,
    },
    async ({ dialect, changesAfter }) => {
      const dir = await mkdtemp(join(tmpdir(), 'canopy-lab-'))
      const old = await startForest({ name: 'old.lab', dir, population: { users: 40, groups: 4, contacts: 0 } })
      const { directory, baseDn, faults } = old
      const reachedOld = { ...reached(old), domain: old.name, baseDn }
      const running = await startAgent({ directory: reachedOld, account: old.account, dialect })
      const title = (name: string) => running.hub.byName(name)?.attributes.title?.[0]
      try {
        await running.hub.until('the snapshot', () => running.hub.complete)
        const [one, two, ...others] = directory.find('(employeeID=*)')
        const names = [one, two].map((person) => String(person!.get('name')[0])) as [string, string]
        for (const word of ['kept', 'lost', 'lost too']) directory.modify(one!.guid, { title: word })
        await running.hub.until('the last title', () => title(names[0]) === 'lost too')
        faults.set({ fault: 'usnRollback', changes: 2 })
        directory.modify(two!.guid, { title: 'under a USN seen before' })
        for (const other of others.slice(0, changesAfter - 1)) directory.modify(other.guid, { title: 'behind it' })
        await running.hub.until('the change', () => title(names[1]) === 'under a USN seen before', 20_000)
        await running.hub.until('what is true again', () => title(names[0]) === 'kept', 20_000)
      } finally {
        await running.stop()
        await old.close()
        await rm(dir, { recursive: true, force: true })
      }
    },
  )

  test.each(['dirsync', 'usn'] as const)(
    'by %s, what changes while the connection is away is no sign of an old image',
    async (dialect) => {
      const running = await startAgent({ directory: reached(forest), account: forest.account, dialect })
      const add = (name: string) =>
        forest.directory.add(`CN=${dialect} ${name},CN=Users,${forest.baseDn}`, { objectClass: 'user' })
      try {
        await running.hub.until('the snapshot', () => running.hub.complete)
        const last = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(add)
        await running.hub.until('the last changes', () => last.every(({ guid }) => running.hub.objects.has(guid)))
        forest.faults.set({ fault: 'drop' })
        forest.directory.modify(last[7]!.guid, { title: 'Meanwhile' })
        forest.directory.rename(last[6]!.guid, `CN=${dialect} renamed`)
        forest.directory.remove(last[5]!.guid)
        await running.hub.until('the deletion', () => running.hub.objects.get(last[5]!.guid)?.deleted === true)
        await running.hub.until('the name', () => running.hub.byName(`${dialect} renamed`) !== undefined)
        expect(running.hub.batches.filter((batch) => batch.snapshotBegin)).toHaveLength(1)
      } finally {
        await running.stop()
      }
    },
  )

  test('a controller that falls silent and drops its connections is read on from where it was', async () => {
    const running = await startAgent({ directory: reached(forest), account: forest.account, dialect: 'usn' })
    try {
      await running.hub.until('the snapshot', () => running.hub.complete)
      const { size } = running.hub.objects
      for (const fault of [{ fault: 'mute', on: true }, { fault: 'drop' }] as const) forest.faults.set(fault)
      forest.faults.clear()
      const [ada] = forest.directory.find('(name=Ada Park)')
      forest.directory.modify(ada!.guid, { title: 'After the silence' })
      const seen = () => running.hub.byName('Ada Park')?.attributes.title?.[0]
      await running.hub.until('the change', () => seen() === 'After the silence', 20_000)
      expect(running.hub.objects.size).toBe(size)
    } finally {
      forest.faults.clear()
      await running.stop()
    }
  })
})
