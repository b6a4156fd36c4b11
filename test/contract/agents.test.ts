/** Many agents on two processes of capture: shared out, replaced, asked through each other, never believed when late. */
import { call } from '@canopy/chassis'
import { agent as proto } from '@canopy/proto'
import { credentials as grpc } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Line, until, World } from './agents.world.ts'

describe('two agents, two processes of capture', () => {
  let world: World
  let line: Line
  const holders = async (hub = 0): Promise<Record<string, string>> => {
    const { partitions } = await call(world.client(hub), 'getForests', {})
    return Object.fromEntries(partitions.map(({ forest, agent }) => [forest, agent]))
  }
  const complete = async (): Promise<boolean> =>
    (await call(world.client(), 'getForests', {})).partitions.every((each) => each.complete)

  beforeAll(async () => {
    world = await World.start({ forests: { one: 'reader', two: 'reader' } })
    line = await world.line(1)
    await Promise.all([
      world.startAgent('near', world.hubs[0]!.rpcAddresses[0]!),
      world.startAgent('far', line.address),
    ])
    await until('both forests', complete, 30_000)
  }, 60_000)
  afterAll(() => world?.close())

  test('each has one of the two partitions', { timeout: 30_000 }, async () => {
    await until('one each', async () => new Set(Object.values(await holders())).size === 2, 20_000)
    const { agents } = await call(world.client(), 'listAgents', {})
    expect(agents.map(({ name, protocol, partitions }) => [name, protocol, partitions.length])).toEqual([
      ['far', 2, 1],
      ['near', 2, 1],
    ])
  })

  test('either process answers for both: what the other holds is forwarded', async () => {
    for (const hub of [0, 1]) {
      const { lines } = await call(world.client(hub), 'checkForest', { forest: '' }, { deadlineMs: 30_000 })
      expect(lines.filter(({ verdict }) => verdict === 'VERDICT_FAIL')).toEqual([])
      for (const forest of ['one', 'two']) {
        const of = lines.filter(({ subject }) => subject === `${forest}/contoso.lab`).map(({ check }) => check)
        const wanted = ['credential', 'dns', 'tls', 'bind', 'clock', 'sees deletions', 'replication right']
        expect(of).toEqual(expect.arrayContaining(wanted))
      }
    }
  })

  test('an object is read now, by every name it has', async () => {
    const ada = world.forest.directory.find('(name=Ada Park)')[0]!
    const known = world.named('one', 'Ada Park')!
    const upn = known.attributes.userPrincipalName!.values[0]!.toString()
    for (const who of [ada.dn, known.guid, upn, known.attributes.mail!.values[0]!.toString()]) {
      const { objects, unanswered } = await call(world.client(), 'readObject', { who, forest: '' })
      expect(unanswered).toEqual([])
      expect(objects.map(({ forest, guid }) => [forest, guid])).toEqual([
        ['one', known.guid],
        ['two', known.guid],
      ])
    }
    expect((await call(world.client(), 'readObject', { who: 'nobody@contoso.lab', forest: '' })).objects).toEqual([])
  })

  test('an agent whose line goes dead is replaced within 10 s, and writes nothing when it is back', {
    timeout: 60_000,
  }, async () => {
    const before = (await call(world.client(), 'getForests', {})).partitions
    const lost = before.find(({ agent }) => agent === 'far')!
    line.cut()
    const cutMs = performance.now()
    world.forest.directory.modify(world.forest.directory.find('(name=Ada Park)')[0]!.dn, { title: 'After the cut' })
    await until('the other agent', async () => (await holders())[lost.forest] === 'near', 20_000)
    await until(
      'the change, read by it',
      () => world.named(lost.forest, 'Ada Park')?.attributes.title?.values[0]?.toString() === 'After the cut',
    )
    expect(performance.now() - cutMs).toBeLessThan(10_000)
    const after = (await call(world.client(), 'getForests', {})).partitions.find(
      ({ forest }) => forest === lost.forest,
    )!
    expect(after.epoch).toBeGreaterThan(lost.epoch)
    const read = after.batches
    // What the lost agent still had on its way arrives, or its stream breaks: it is not the holder any more.
    line.mend()
    await until('it attaches again', async () => {
      const { agents } = await call(world.client(), 'listAgents', {})
      return agents.some(({ name }) => name === 'far')
    })
    const back = (await call(world.client(), 'getForests', {})).partitions.find(({ forest }) => forest === lost.forest)!
    expect(back.batches).toBeGreaterThanOrEqual(read)
    const versions = [...world.objects.values()].map(({ version }) => version)
    expect(versions.length).toBeGreaterThan(100)
  })
})

describe('one attempt per version of a credential', () => {
  test('over two agents and three partitions a wrong password is tried once, until a new one or a person comes', {
    timeout: 60_000,
  }, async () => {
    const world = await World.start({ forests: { one: 'reader', two: 'reader', three: 'reader' } })
    try {
      await world.setCredential('reader', { dn: world.forest.account.dn, password: 'not this one' })
      await Promise.all([0, 1].map((n) => world.startAgent(`a${n}`, world.hubs[n]!.rpcAddresses[0]!)))
      const codes = async () => (await call(world.client(), 'getForests', {})).partitions.map(({ code }) => code)
      await until('three refusals', async () => (await codes()).join() === Array(3).fill('CANOPY-LDAP-0004').join())
      await new Promise((resolve) => setTimeout(resolve, 4_000))
      expect(world.forest.binds.refused).toBe(1)
      expect(await call(world.client(), 'retryCredential', { credential: 'reader' })).toEqual({ versions: 1 })
      await until('one more', () => world.forest.binds.refused === 2)
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      expect(world.forest.binds.refused).toBe(2)
      // The one to come is taken where the one in use is refused.
      await world.setNextPassword('reader', world.forest.account.password)
      await until('all are read', async () =>
        (await call(world.client(), 'getForests', {})).partitions.every(({ complete }) => complete),
      )
      expect(world.forest.binds.refused).toBe(2)
    } finally {
      await world.close()
    }
  })
})

describe('an agent of protocol 1', () => {
  test('is assigned, writes, and is asked for nothing it does not know', { timeout: 40_000 }, async () => {
    const world = await World.start({ forests: { one: 'reader' }, processes: 1 })
    const client = new proto.HubClient(world.hubs[0]!.rpcAddresses[0]!, grpc.createInsecure())
    const stream = client.attach()
    try {
      const heard: proto.HubMessage[] = []
      stream.on('data', (message: proto.HubMessage) => heard.push(message))
      stream.on('error', () => {})
      const beat = setInterval(() => stream.write({ body: { $case: 'heartbeat', value: {} } }), 1_000)
      const of = (name: string) => heard.map(({ body }) => body).find((body) => body?.$case === name)
      const hello = proto.Hello.fromPartial({ agent: 'old', version: '0.1.0', protocol: 1, credentials: ['reader'] })
      stream.write({ body: { $case: 'hello', value: hello } })
      await until('the assignment', () => of('assignment') !== undefined)
      const { value } = of('assignment') as { value: proto.Assignment }
      const entry = proto.Entry.fromPartial({
        guid: '00000000-0000-4000-8000-000000000001',
        dn: 'DC=contoso,DC=lab',
        complete: true,
        attributes: { objectClass: { values: [Buffer.from('domainDNS')] } },
      })
      const { forest, domain, epoch } = value
      const batch = { forest, domain, epoch, number: value.nextBatch, namingContext: 'DC=contoso,DC=lab' }
      const flags = { caughtUp: true, snapshotBegin: true, snapshotComplete: true, entries: [entry] }
      stream.write({ body: { $case: 'batch', value: proto.Batch.fromPartial({ ...batch, ...flags }) } })
      await until('the acknowledgement', () => of('ack') !== undefined)
      const place = { forest: 'one', base: 'OU=Staff,DC=contoso,DC=lab' }
      await call(world.client(), 'resnapshot', place)
      const readings = async () => (await call(world.client(), 'getForests', {})).partitions[0]!.readings
      await until('a reason', async () => (await readings())[0]?.trouble.includes('older protocol') === true)
      expect(of('command')).toBeUndefined()
      // An epoch that is not the lease's: refused, and told where to go on.
      const late = { ...batch, epoch: epoch - 1n, number: value.nextBatch + 1n }
      stream.write({ body: { $case: 'batch', value: proto.Batch.fromPartial(late) } })
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(heard.filter(({ body }) => body?.$case === 'ack')).toHaveLength(1)
      clearInterval(beat)
    } finally {
      stream.cancel()
      client.close()
      await world.close()
    }
  })
})

describe('readings beside the stream', () => {
  test('a blind forest is shown, and what was deleted is found by reading one OU, and by itself', {
    timeout: 60_000,
  }, async () => {
    const world = await World.start({ forests: { one: 'blind' }, processes: 1, capture: { blind_reading_ms: 8_000 } })
    try {
      await world.startAgent('only', world.hubs[0]!.rpcAddresses[0]!)
      const status = async () => (await call(world.client(), 'getForests', {})).partitions[0]!
      await until('the first reading', async () => (await status()).complete)
      await until('all of it', () => world.objects.size > 70)
      expect((await status()).blind).toBe(true)
      const { directory, baseDn } = world.forest
      const staff = [...world.objects.values()].filter(({ kind, dn }) => kind === 'user' && dn.includes('OU=Staff'))
      const [first, second, moved] = staff
      directory.remove(first!.dn)
      await call(world.client(), 'resnapshot', { forest: 'one', base: `OU=Staff,${baseDn}` })
      await until('the deletion', () => world.objects.get(`one/${first!.guid}`)?.gone === true)
      // A move out of the place that is read, while it is read, is a move.
      directory.add(`OU=Elsewhere,${baseDn}`, { objectClass: ['top', 'organizationalUnit'] })
      await call(world.client(), 'resnapshot', { forest: 'one', base: `OU=Staff,${baseDn}` })
      directory.move(moved!.dn, `OU=Elsewhere,${baseDn}`)
      await until('the move', () => world.objects.get(`one/${moved!.guid}`)?.dn.includes('OU=Elsewhere') === true)
      await until('no reading', async () => (await status()).readings.length === 0)
      expect(world.objects.get(`one/${moved!.guid}`)?.gone).toBe(false)
      directory.remove(second!.dn)
      await until('the second, on schedule', () => world.objects.get(`one/${second!.guid}`)?.gone === true, 20_000)
    } finally {
      await world.close()
    }
  })
})
