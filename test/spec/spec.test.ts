/** Runs every service against SPEC.md, on its real store and bus; the numbers are those of the page. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { agent } from '@canopy/agent'
import { audit } from '@canopy/audit'
import { capture } from '@canopy/capture'
import {
  call,
  channelCredentials,
  configReference,
  declaredEvents,
  Failure,
  joinLeasePool,
  onEvents,
  postgresBus,
  postgresSql,
  type Running,
  type ServiceDefinition,
  type SqlConnection,
  startServices,
} from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { consoleService } from '@canopy/console'
import { compileConfiguration, control } from '@canopy/control'
import { change, contribution, desired, introspection, result, type Topic, topics } from '@canopy/proto'
import { resolve } from '@canopy/resolve'
import { transform } from '@canopy/transform'
import { write } from '@canopy/write'
import { makeClientConstructor } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Case {
  readonly name: string
  readonly definition: ServiceDefinition
  /** What it reads, with a sound message for a key; none: it has no stage. */
  readonly inputs: readonly {
    readonly topic: Topic
    readonly message: (n: number) => unknown
    readonly key: (n: number) => string
  }[]
}

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const input = <M>(topic: Topic<M>, message: (n: number) => M, key: (n: number) => string) => ({
  topic: topic as Topic,
  message,
  key,
})
const forest = 'spec.lab'

const inputs = {
  changes: input(
    topics.changes,
    (n) => change.DirectoryObject.fromPartial({ forest, guid: guid(n), kind: 'user', version: 1n }),
    (n) => `${forest}/${guid(n)}`,
  ),
  contributions: input(
    topics.contributions,
    (n) => contribution.Contribution.fromPartial({ forest, guid: guid(n), kind: 'user', version: 1n }),
    (n) => `${forest}/${guid(n)}`,
  ),
  edges: input(
    topics.edges,
    (n) =>
      change.SourceEdge.fromPartial({ forest, groupGuid: guid(n), member: guid(n + 100), version: 1n, present: true }),
    (n) => `${forest}/${guid(n)}/${guid(n + 100)}`,
  ),
  desired: input(
    topics.desired,
    (n) => desired.DesiredObject.fromPartial({ anchor: guid(n), kind: 'user', version: 1n }),
    (n) => guid(n),
  ),
  desiredEdges: input(
    topics.desiredEdges,
    (n) =>
      desired.DesiredEdge.fromPartial({
        groupAnchor: guid(n),
        memberAnchor: guid(n + 100),
        version: 1n,
        present: true,
      }),
    (n) => `${guid(n)}/${guid(n + 100)}`,
  ),
  results: input(
    topics.results,
    (n) =>
      result.Result.fromPartial({ id: `r${n}`, anchor: guid(n), target: 'entra', action: 'create', at: new Date(0) }),
    (n) => guid(n),
  ),
}

const cases: readonly Case[] = [
  { name: 'control', definition: control, inputs: [] },
  { name: 'agent', definition: agent, inputs: [] },
  { name: 'capture', definition: capture, inputs: [] },
  { name: 'transform', definition: transform, inputs: [inputs.changes] },
  { name: 'resolve', definition: resolve, inputs: [inputs.contributions, inputs.edges] },
  { name: 'write', definition: write, inputs: [inputs.desired, inputs.desiredEdges] },
  { name: 'audit', definition: audit, inputs: [inputs.results] },
  { name: 'console', definition: consoleService(), inputs: [] },
]

const soundPerInput = 5
const corrupt = Buffer.from('ffffffffffffffff', 'hex')
const poll = { timeout: 15_000, interval: 50 }

const configuration = `version: canopy/v1
name: spec
forests:
  - name: ${forest}
    domains: [{ name: ${forest}, servers: ["ldaps://127.0.0.1:1"], credential: none }]
mappings: { extends: entra/defaults@2026-11 }
targets:
  - { name: entra, type: graph, mode: observe, tenant: 00000000-0000-4000-8000-000000000000, credential: none, signIn: discardedRandom }
`

/** What has no default because it says where something else is. */
const needed: Record<string, object> = {}

let connection: SqlConnection
let folder: string

beforeAll(async () => {
  connection = await testServer()
  folder = await mkdtemp(join(tmpdir(), 'canopy-spec-'))
  await writeFile(join(folder, 'token'), 'a-token-of-the-test')
  needed.console = { listen: '127.0.0.1:0', token_file: join(folder, 'token') }
  needed.agent = { hub: `unix:${join(folder, 'nobody-listens.sock')}` }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Started {
  readonly running: Running
  readonly bus: Awaited<ReturnType<typeof postgresBus>>
}

/** Everything real: a schema per service of this run, the bus in a schema of its own. */
async function start({ definition, name }: Case, section: object = {}): Promise<Started> {
  const open = (schema: string) => postgresSql({ connection, schema: `${name}_${schema}`, poolSize: 4 })
  const busSql = await open('bus')
  const bus = await postgresBus({
    sql: busSql,
    leases: (options) => joinLeasePool(options, { sql: busSql, instance: `${name}-bus` }),
  })
  const own = needed[name] ?? {}
  try {
    const running = await startServices([definition], {
      adapters: { sql: open, bus },
      rpc: { listen: [`unix:${join(folder, `${name}.sock`)}`] },
      healthListen: '127.0.0.1:0',
      config: { [name]: { ...own, ...section } },
      instance: `${name}-${process.pid}`,
    })
    // The bus leaves the store that it was given open.
    const stop = async () => {
      const unclean = await running.stop()
      await busSql.close()
      return unclean
    }
    return { running: { ...running, stop }, bus }
  } catch (error) {
    await busSql.close()
    throw error
  }
}

const status = (running: Running, name: string) =>
  call(running.channels.client(name, introspection.IntrospectionClient), 'getServiceStatus', { service: name })

const refusal = (starting: Promise<Started>): Promise<unknown> =>
  starting.then(
    async ({ running }) => {
      await running.stop()
      return undefined
    },
    (error: unknown) => error,
  )

/** Sound records, and behind the first of them one that nobody can read. */
async function feed({ bus }: Started, of: Case['inputs'][number]): Promise<number> {
  const sound = Array.from({ length: soundPerInput }, (_, n) => ({
    key: of.key(n),
    value: Buffer.from(of.topic.codec.encode(of.message(n)).finish()),
    headers: {},
    timeMs: Date.now(),
  }))
  const records = sound.toSpliced(1, 0, { key: `${forest}/corrupt/x`, value: corrupt, headers: {}, timeMs: Date.now() })
  await bus.append({ topic: of.topic, partition: 0, deadlineMs: performance.now() + 5_000, records })
  return records.length
}

async function configure({ bus }: Started): Promise<void> {
  const compiled = compileConfiguration(configuration)
  if (!compiled.configuration) throw new Error(JSON.stringify(compiled.problems))
  const value = Buffer.from(topics.config.codec.encode({ ...compiled.configuration, version: 1n }).finish())
  await bus.append({
    topic: topics.config as Topic,
    partition: 0,
    deadlineMs: performance.now() + 5_000,
    records: [{ key: 'spec', value, headers: {}, timeMs: Date.now() }],
  })
}

/** Everything that is on the bus, each different record once: a new publisher may repeat what the one before it sent. */
async function said({ bus }: Started): Promise<readonly string[]> {
  const all = new Set<string>()
  for (const topic of Object.values(topics)) {
    const caughtUp = Promise.withResolvers<void>()
    const following = await bus.follow({
      topic: topic as Topic,
      onRecords: async (records, atEnd) => {
        for (const { key, value } of records)
          all.add(`${topic.name} ${key} ${Buffer.from(value ?? []).toString('base64')}`)
        if (atEnd) caughtUp.resolve()
      },
    })
    await caughtUp.promise
    await following.close()
  }
  return [...all].sort()
}

describe.each(cases)('$name', (one) => {
  const { name, definition } = one

  test('1: its main runs it and nothing else', () => {
    const main = readFileSync(fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url)), 'utf8')
    expect(main).toMatch(/^await run\(\[\w+(\(\))?\]\)$/m)
    expect(main.split('\n').filter((line) => /^(import|await)/.test(line))).toHaveLength(3)
  })

  test('7, 8: its section is strict, and every key is described', async () => {
    const rows = configReference(definition.config)
    for (const row of rows) {
      expect(row.description, row.path).not.toBe('')
      if (/^(number|integer)/.test(row.type))
        expect(row.path).toMatch(/_(ms|secs|mins|hours|days|mb|bytes|size|count|rows)$|\.(percent|floor)$/)
    }
    const [first] = rows
    const key = first?.path.split(/[.[]/)[0]
    const wrong = key === undefined ? 'surely_not_a_key' : `${key}x`
    const error = await refusal(start(one, { [wrong]: 1 }))
    expect(error).toBeInstanceOf(Failure)
    expect(String((error as Failure).code)).toMatch(/^CANOPY-CONFIG-/)
    expect((error as Failure).message).toContain(wrong)
    if (key !== undefined) expect((error as Failure).mend).toContain(key)
  })

  test('3, 4, 9, 23: it starts on its defaults, answers what it is asked, and ends when it is told', async () => {
    const { running } = await start(one)
    expect(running.health().ready).toBe(true)
    const health = `http://${running.healthAddress}`
    const answers = await Promise.all(['/healthz', '/readyz'].map((path) => fetch(`${health}${path}`)))
    expect(answers.map((answer) => answer.status)).toEqual([200, 200])
    expect(await status(running, name)).toMatchObject({
      service: name,
      parked: 0,
      version: expect.stringMatching(/^\d/),
    })
    const check = {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: () => Buffer.alloc(0),
      requestDeserialize: () => ({}),
      responseSerialize: () => Buffer.alloc(0),
      responseDeserialize: (bytes: Buffer) => bytes,
    } as const
    const Client = makeClientConstructor({ check }, 'grpc.health.v1.Health')
    const client = new Client(
      running.rpcAddresses[0] ?? '',
      channelCredentials(running.rpcAddresses[0] ?? '', undefined),
    )
    const serving = await new Promise<Buffer>((done, failed) => {
      client.check?.({}, (error: Error | null, bytes: Buffer) => (error ? failed(error) : done(bytes)))
    })
    client.close()
    expect(serving.toString('hex')).toBe('0801')
    expect(await running.stop()).toBeUndefined()
    expect(running.health().ready).toBe(false)
    await expect(fetch(`${health}/healthz`)).rejects.toThrow()
  })

  test.skipIf(definition.migrations === undefined)(
    '18: a store of a newer version is refused and left as it is',
    async () => {
      const first = await start(one)
      await first.running.stop()
      const sql = await postgresSql({ connection, schema: `${name}_${name}`, poolSize: 1 })
      await sql.query("insert into schema_version (set, version, name) values ('service', 9999, 'from_the_future')")
      expect(await refusal(start(one))).toMatchObject({ code: 'CANOPY-SQL-0003' })
      await sql.query('delete from schema_version where version = 9999')
      await sql.close()
    },
  )

  test.skipIf(one.inputs.length === 0)('10, 11, 13, 20: it accounts for every record, once', async () => {
    let received = 0
    let putAside = 0
    const forget = onEvents((_service, event, fields) => {
      if (event === 'received' && fields.topic !== topics.config.name) received += Number(fields.records)
      if (event === 'parked') putAside++
    })
    let started = await start(one)
    await configure(started)
    let fed = 0
    for (const each of one.inputs) fed += await feed(started, each)
    const handled = async () => {
      const { lags } = await status(started.running, name)
      return one.inputs.every(({ topic }) =>
        lags.some(
          (lag) =>
            lag.topic === topic.name && lag.partition === 0 && lag.nextOffset === lag.endOffset && lag.endOffset > 0n,
        ),
      )
    }
    await expect.poll(handled, poll).toBe(true)
    await expect.poll(async () => (await status(started.running, name)).parked, poll).toBe(one.inputs.length)
    const client = started.running.channels.client(name, introspection.IntrospectionClient)
    const { parked } = await call(client, 'listParked', { service: name, limit: 10 })
    expect(parked.map((each) => each.key)).toEqual(one.inputs.map(() => `${forest}/corrupt/x`))
    for (const each of parked) expect(each.code).toMatch(/^CANOPY-/)
    // Every record is in exactly one batch that was committed, or was put aside in front of it.
    await expect.poll(() => [received, putAside], poll).toEqual([fed - one.inputs.length, one.inputs.length])
    await expect.poll(async () => (await status(started.running, name)).outbox, poll).toBe(0)

    const before = await said(started)

    // What was handled is not handled again after a restart, and told once more it changes nothing.
    expect(await started.running.stop()).toBeUndefined()
    received = 0
    putAside = 0
    started = await start(one)
    await expect.poll(handled, poll).toBe(true)
    expect([received, putAside]).toEqual([0, 0])
    for (const each of one.inputs) await feed(started, each)
    await expect.poll(() => [received, putAside], poll).toEqual([fed - one.inputs.length, one.inputs.length])
    await expect.poll(async () => (await status(started.running, name)).outbox, poll).toBe(0)
    expect(await said(started)).toEqual(before)
    expect((await status(started.running, name)).parked).toBe(one.inputs.length)
    expect(await started.running.stop()).toBeUndefined()
    forget()
  })

  test('21: whatever it says is declared, with a sentence for operators', () => {
    const declared = declaredEvents().get(name)
    expect(declared, `services/${name}/src/events.ts declares nothing`).toBeDefined()
    for (const [event, { doc, message }] of Object.entries(declared ?? {})) {
      expect(doc, event).toMatch(/^\p{Lu}.{15,}\.$/su)
      expect(message, event).not.toBe('')
    }
  })

  test('its page says what it keeps and when it fails', () => {
    const page = new URL(`../../services/${name}/README.md`, import.meta.url)
    expect(existsSync(page)).toBe(true)
    expect(readFileSync(page, 'utf8').split('\n').length).toBeLessThanOrEqual(61)
  })
})
