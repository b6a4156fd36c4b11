/** What people get wrong, and what breaks around Canopy: one clear message each, a state that is known, and nothing lost. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { agent } from '@canopy/agent'
import { call, Failure, startServices } from '@canopy/chassis'
import { type StatusSnapshot, statusSnapshot } from '@canopy/console'
import { createAuthority, type LabForest, startForest } from '@canopy/lab'
import { introspection, topics } from '@canopy/proto'
import { type Standalone, startStandalone } from '@canopy/standalone'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../servers/stack/free-ports.ts'
import { configured, type Place, place } from './place.ts'

const population = { users: 8, groups: 2, contacts: 0, membersPerGroup: 3 }
const names = ['fine.lab', 'password.lab', 'down.lab', 'cert.lab', 'blind.lab'] as const
const poll = { timeout: 25_000, interval: 150 }

describe('around a Canopy that runs', () => {
  let ground: Place
  let canopy: Standalone
  let fine: LabForest
  let password: LabForest
  let down: LabForest | undefined
  let cert: LabForest
  let blind: LabForest
  let downPort = 0
  let bringUp: () => Promise<LabForest>

  beforeAll(async () => {
    const authority = await createAuthority()
    ground = await place(names)
    // Forests of one seed would be one forest: the same people.
    let seed = 1
    const start = (name: string) => startForest({ name, population, authority, seed: ++seed })
    const blindReader = { dn: 'CN=blind-reader,CN=Users,DC=blind,DC=lab', password: 'Sees-no-deletions-1' }
    const [port = 0] = await freePorts(1)
    downPort = port
    bringUp = () => startForest({ name: 'down.lab', population, authority, ldapsPort: downPort, seed: 20 })
    ;[fine, password, cert, blind] = await Promise.all([
      start('fine.lab'),
      start('password.lab'),
      startForest({ name: 'cert.lab', population, seed: 21 }),
      startForest({
        name: 'blind.lab',
        population,
        seed: 22,
        authority,
        accounts: [{ ...blindReader, rights: { replicate: false, seesDeleted: false } }],
      }),
    ])
    // One entry as a directory of another kind would answer it.
    const [nobody] = fine.directory.find('(employeeType=*)')
    const entry = fine.directory.store.byGuid.get(nobody?.guid ?? '')
    if (entry) fine.faults.withoutGuid.add(entry)

    ground.trust('forests', authority.caPem)
    ground.trust('cert', authority.caPem)
    ground.reader('fine-reader', fine.account)
    ground.reader('password-reader', { ...password.account, password: 'not-the-password' })
    ground.reader('cert-reader', cert.account)
    ground.reader('blind-reader', blindReader)
    // The forest itself is not there yet; its account is known once it is.
    ground.reader('down-reader', { dn: 'CN=canopy-reader,CN=Users,DC=down,DC=lab', password: 'not-known-yet' })
    ground.writer('not-the-secret')
    const config = ground.configure([
      configured(fine),
      { ...configured(password), optional: true },
      {
        name: 'down.lab',
        server: `ldaps://127.0.0.1:${downPort}`,
        servername: 'dc1.down.lab',
        credential: 'down-reader',
        optional: true,
      },
      { ...configured(cert), optional: true },
      { ...configured(blind), optional: true },
    ])
    canopy = await startStandalone({ data: ground.data, config })
  }, 60_000)

  afterAll(async () => {
    await canopy?.close()
    await Promise.all([fine, password, cert, blind, down].map((forest) => forest?.close()))
    await ground?.close()
  })

  const status = (): Promise<StatusSnapshot> => statusSnapshot(canopy.running.channels)
  const forest = async (name: string) => (await status()).forests.find((each) => each.forest === name)
  /** Between two attempts: while one is made, the forest is connecting. */
  const waits = async (name: string): Promise<StatusSnapshot['forests'][number]> => {
    let said: StatusSnapshot['forests'][number] | undefined
    await expect
      .poll(async () => {
        said = await forest(name)
        return said?.state
      }, poll)
      .toBe('waiting')
    if (!said) throw new Error(`no forest ${name}`)
    return said
  }
  const inCloud = (of: LabForest): number => {
    const people = new Set(
      of.directory.find('(employeeType=*)').map((each) => String(each.attributes.userPrincipalName)),
    )
    return ground.cloud.directory.users((user) => people.has(String(user.properties.userPrincipalName))).length
  }
  const tokens = (): Record<string, number> =>
    Object.fromEntries([...ground.cloud.directory.requestLog].filter(([what]) => what.startsWith('token')))

  test('a wrong secret of the tenant: one attempt, then it waits; a new secret brings it on', async () => {
    await expect
      .poll(async () => (await status()).targets[0], poll)
      .toMatchObject({ state: 'waiting', code: 'CANOPY-CLOUD-0002' })
    const target = (await status()).targets[0]
    expect(target?.message).toContain('tenant-writer')
    expect(target?.mend).toMatch(/new value for tenant-writer/)
    expect(`${target?.message} ${target?.mend}`).not.toContain('not-the-secret')
    await sleep(4_000)
    expect(tokens()).toEqual({ 'token 401': 1 })
    expect(ground.cloud.directory.counts().users).toBe(0)
    ground.writer()
    await expect.poll(() => inCloud(fine), poll).toBe(population.users - 1)
    expect(tokens()).toEqual({ 'token 401': 1, 'token 200': 1 })
  })

  test('a domain controller that is not there: it waits, and goes on when it comes', async () => {
    const said = await waits('down.lab')
    expect(said).toMatchObject({ code: 'CANOPY-LDAP-0001' })
    expect(said.mend).not.toBe('')
    down = await bringUp()
    ground.reader('down-reader', down.account)
    await expect.poll(() => (down ? inCloud(down) : 0), { ...poll, timeout: 60_000 }).toBe(population.users)
  }, 70_000)

  test('a certificate nobody vouches for is refused; its authority beside the others brings it in', async () => {
    const said = await waits('cert.lab')
    expect(said).toMatchObject({ code: 'CANOPY-LDAP-0002' })
    expect(said.message).toMatch(/not trusted/)
    // The password is not told to a server that is not trusted.
    expect(cert.binds).toEqual({ accepted: 0, refused: 0 })
    ground.trust('cert', cert.caPem)
    await expect.poll(() => inCloud(cert), { ...poll, timeout: 60_000 }).toBe(population.users)
  }, 70_000)

  test('an entry without objectGUID is left out and said; the others go on', async () => {
    await expect
      .poll(async () => (await forest('fine.lab'))?.message, poll)
      .toBe('1 entries without objectGUID were skipped')
    expect(await forest('fine.lab')).toMatchObject({ state: 'following', complete: true })
  })

  test('a wrong password: one bind, then it waits; a new credential brings it in without a restart', async () => {
    const said = await forest('password.lab')
    expect(said).toMatchObject({ state: 'waiting', code: 'CANOPY-LDAP-0004' })
    expect(said?.message).toContain('password-reader')
    expect(said?.mend).toMatch(/Not tried again/)
    expect(password.binds).toEqual({ accepted: 0, refused: 1 })
    await sleep(2_500)
    expect(password.binds.refused).toBe(1)
    ground.reader('password-reader', password.account)
    await expect.poll(() => inCloud(password), poll).toBe(population.users)
    expect(password.binds.refused).toBe(1)
  })

  test('an account that cannot see deletions: the forest is blind, not broken, and nothing is deleted', async () => {
    await expect.poll(() => inCloud(blind), poll).toBe(population.users)
    expect(await forest('blind.lab')).toMatchObject({ state: 'following', blind: true, code: 'CANOPY-LDAP-0005' })
    const [leaver, stayer] = blind.directory.find('(employeeType=*)')
    if (!leaver || !stayer) throw new Error('the forest is empty')
    const before = ground.cloud.directory.counts()
    blind.directory.remove(leaver.guid)
    blind.directory.modify(stayer.guid, { displayName: 'Still seen' })
    await expect
      .poll(() => ground.cloud.directory.users((user) => user.properties.displayName === 'Still seen').length, poll)
      .toBe(1)
    expect(ground.cloud.directory.counts()).toMatchObject({ users: before.users, deleted: before.deleted })
  })

  test('a corrupt record is parked and listed; the others go on', async () => {
    const client = canopy.running.channels.client('transform', introspection.IntrospectionClient)
    const partitions = await canopy.bus.partitions(topics.changes)
    for (let partition = 0; partition < partitions; partition++) {
      await canopy.bus.append({
        topic: topics.changes,
        partition,
        deadlineMs: performance.now() + 5_000,
        records: [
          {
            key: `fine.lab/garbage-${partition}`,
            value: Buffer.from('ffffffffffffffff', 'hex'),
            headers: {},
            timeMs: Date.now(),
          },
        ],
      })
    }
    const parked = async () => (await call(client, 'listParked', { service: 'transform', limit: 100 })).parked
    await expect.poll(async () => (await parked()).length, poll).toBe(partitions)
    for (const each of await parked()) {
      expect(each).toMatchObject({
        key: expect.stringMatching(/^fine\.lab\/garbage-/),
        code: expect.stringMatching(/^CANOPY-/),
      })
      expect(each.reason).not.toBe('')
    }
    const people = fine.directory.find('(employeeType=*)').slice(1)
    for (const person of people) fine.directory.modify(person.guid, { title: 'Behind the garbage' })
    await expect
      .poll(
        () => ground.cloud.directory.users((user) => user.properties.jobTitle === 'Behind the garbage').length,
        poll,
      )
      .toBe(people.length)
  })

  test('a second agent takes a share of the forests, each has one reader, and nothing is written twice', async () => {
    const before = { ...fine.binds }
    const writes = ground.cloud.directory.writes()
    const readers = async () => (await status()).forests.map(({ agent }) => agent)
    const forests = (await readers()).filter((name) => name !== '').length
    const second = await startServices([agent], {
      adapters: { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined },
      rpc: { listen: ['127.0.0.1:0'] },
      config: {
        agent: {
          name: 'second',
          hub: canopy.running.rpcAddresses.find((address) => address.startsWith('unix:')),
          credentials_dir: ground.credentials,
          trust: [join(ground.data, 'trust', 'forests.pem')],
        },
      },
    })
    try {
      await expect.poll(readers, poll).toContain('second')
      await sleep(3_000)
      const share = (await readers()).filter((name) => name === 'second').length
      expect(share).toBeLessThanOrEqual(Math.ceil(forests / 2))
      // Handed on once at most, and a bind is all that it costs.
      expect(fine.binds.accepted - before.accepted).toBeLessThanOrEqual(1)
      expect(fine.binds.refused).toBe(before.refused)
      const [person] = fine.directory.find('(employeeType=*)').slice(-1)
      fine.directory.modify(person?.guid ?? '', { title: 'Told once' })
      await expect
        .poll(() => ground.cloud.directory.users((user) => user.properties.jobTitle === 'Told once').length, poll)
        .toBe(1)
      await sleep(500)
      expect(ground.cloud.directory.writes() - writes).toBe(1)
    } finally {
      await second.stop()
    }
  })

  test('a data folder in use is refused, also with --reset, and its owner goes on', async () => {
    for (const reset of [false, true]) {
      const refused = await startStandalone({
        data: ground.data,
        config: join(ground.root, 'canopy.yaml'),
        reset,
      }).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(refused).toBeInstanceOf(Failure)
      expect(refused).toMatchObject({ code: 'CANOPY-SQL-0004', message: expect.stringMatching(/another Canopy uses/) })
    }
    const [person] = fine.directory.find('(employeeType=*)').slice(-1)
    fine.directory.modify(person?.guid ?? '', { title: 'Still its owner' })
    await expect
      .poll(() => ground.cloud.directory.users((user) => user.properties.jobTitle === 'Still its owner').length, poll)
      .toBe(1)
  })
})

describe('what cannot start says so in three lines, with exit code 1, and leaves nothing running', () => {
  let ground: Place
  let taken: Server

  beforeAll(async () => {
    ground = await place(['fine.lab'])
    taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
  })
  afterAll(async () => {
    taken.close()
    await ground.close()
  })

  const file = (name: string, text: string): string => {
    const path = join(ground.root, name)
    writeFileSync(path, text)
    return path
  }

  interface Ended {
    readonly code: number | null
    readonly errors: string
  }

  const run = async (entry: string, args: readonly string[]): Promise<Ended> => {
    const path = fileURLToPath(new URL(`../../services/${entry}/src/main.ts`, import.meta.url))
    const flags = ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning']
    const child = spawn(process.execPath, [...flags, path, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, errors }
  }

  const standalone = (name: string, config: string): Promise<Ended> =>
    run('standalone', ['--data', join(ground.root, name), '--config', config, '--until-synced'])

  const threeLines = (what: RegExp, at: RegExp, mend: RegExp) =>
    new RegExp(`${what.source}[^\\n]*\\n {2}at {3}[^\\n]*${at.source}[^\\n]*\\n {2}mend [^\\n]*${mend.source}`)

  test('YAML that is none', async () => {
    const config = file('broken.yaml', 'version: canopy/v1\nforests:\n  - name: "fine.lab\n    domains: [}\n')
    const { code, errors } = await standalone('broken', config)
    expect(errors).toMatch(threeLines(/^CANOPY-CONFIG-\d+ {2}/, /broken\.yaml:\d+:\d+/, /\w/))
    expect(code).toBe(1)
    expect(existsSync(join(ground.root, 'broken'))).toBe(false)
  }, 20_000)

  test('a key nobody knows: the nearest one is named, with line and column', async () => {
    const good = readFileSync(
      ground.configure([{ name: 'fine.lab', server: 'ldaps://127.0.0.1:1', servername: 'x', credential: 'y' }]),
      'utf8',
    )
    const config = file('unknown.yaml', good.replace('mappings:\n  extends:', 'mappings:\n  extendz:'))
    const line = good.split('\n').findIndex((text) => text.includes('extends:')) + 1
    const { code, errors } = await standalone('unknown', config)
    expect(errors).toMatch(
      threeLines(/^CANOPY-CONFIG-\d+ {2}[^\n]*extendz/, new RegExp(`unknown\\.yaml:${line}:3`), /extends/),
    )
    expect(code).toBe(1)
    expect(existsSync(join(ground.root, 'unknown'))).toBe(false)
  }, 20_000)

  test('a key of the process configuration nobody knows', async () => {
    const config = file('process.yaml', 'log_levle: debug\n')
    const { code, errors } = await run('capture', ['--config', config])
    expect(errors).toMatch(threeLines(/^CANOPY-CONFIG-\d+ {2}[^\n]*log_levle/, /process\.yaml:1:1/, /log_level/))
    expect(code).toBe(1)
  }, 20_000)

  test('a port that is taken', async () => {
    const address = taken.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const token = file('token', 'a-token-of-the-test')
    const config = file(
      'console.yaml',
      `rpc: { listen: "127.0.0.1:0" }\nhealth: { listen: "127.0.0.1:0" }\nconsole: { listen: "127.0.0.1:${port}", token_file: "${token}" }\n`,
    )
    const { code, errors } = await run('console', ['--config', config])
    expect(errors).toMatch(
      threeLines(new RegExp(`^CANOPY-CONSOLE-0005 {2}127\\.0\\.0\\.1:${port}`), /console\.listen/, /another address/),
    )
    expect(code).toBe(1)
  }, 20_000)

  test('a data folder of a newer version is left as it is', async () => {
    const data = join(ground.root, 'newer')
    mkdirSync(data)
    writeFileSync(join(data, 'VERSION'), '99\n')
    const config = ground.configure([
      { name: 'fine.lab', server: 'ldaps://127.0.0.1:1', servername: 'x', credential: 'y' },
    ])
    const { code, errors } = await standalone('newer', config)
    expect(errors).toMatch(threeLines(/^CANOPY-DATA-0002 {2}[^\n]*newer Canopy/, /--data/, /newer version/))
    expect(code).toBe(1)
    expect(readFileSync(join(data, 'VERSION'), 'utf8')).toBe('99\n')
    expect(existsSync(join(data, 'database'))).toBe(false)
  }, 20_000)
})
