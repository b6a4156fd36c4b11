/** The directory contract on the lab's forest, and what only a forest with faults on demand can show. */
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'
import { type LabForest, startForest } from '@canopy/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

/** Passes bytes on and counts the bind requests among them; each request fits a packet here. */
async function countingProxy(target: string): Promise<{ url: string; binds: () => number; close: () => void }> {
  const { hostname, port } = new URL(target)
  let binds = 0
  const server = createServer((client) => {
    const upstream = connectTcp({ host: hostname, port: Number(port) })
    client.on('data', (chunk: Buffer) => {
      // LDAPMessage ::= SEQUENCE { messageID INTEGER, [APPLICATION 0] BindRequest
      if (chunk[0] === 0x30 && chunk.indexOf(0x60) > 0 && chunk.indexOf(0x60) < 8) binds++
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => client.write(chunk))
    for (const [a, b] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      a.on('error', () => b.destroy())
      a.on('close', () => b.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`,
    binds: () => binds,
    close: () => server.close(),
  }
}

describe('lab: faults', () => {
  let forest: LabForest
  beforeAll(async () => {
    forest = await labForest(3_000)
  }, 60_000)
  afterAll(() => forest?.close())

  test('a wrong password is tried once, and a new value is taken without a restart', async () => {
    const proxy = await countingProxy(forest.url)
    const wrong = { dn: forest.account.dn, password: 'not this one' }
    const directory = { ...reached(forest), server: proxy.url }
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
})
