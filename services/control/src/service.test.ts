/** The control service on a real store and bus: versions, publishing, refusals. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, joinLeasePool, postgresBus, postgresSql, type Running, startServices } from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { configuration, control as proto, topics } from '@canopy/proto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { control } from './service.ts'

const source = `version: canopy/v1
name: test
forests: [{ name: a, domains: [{ name: a.lab, credential: r }] }]
targets: [{ name: cloud, type: memory }]
`
let running: Running
let folder: string
let stopFollowing: () => Promise<void>
const published: configuration.Configuration[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canopy-control-'))
  const connection = await testServer()
  const sql = (schema: string) => postgresSql({ connection, schema })
  const store = await sql('bus')
  const bus = await postgresBus({
    sql: store,
    leases: (options) => joinLeasePool(options, { sql: store, instance: 'test' }),
  })
  running = await startServices([control], {
    adapters: { sql, bus },
    rpc: { listen: [`unix:${join(folder, 's')}`] },
    now: () => new Date('2026-11-22T00:00:00Z'),
  })
  const following = await bus.follow({
    topic: topics.config,
    onRecords: async (records) => {
      for (const record of records) if (record.value) published.push(configuration.Configuration.decode(record.value))
    },
  })
  stopFollowing = async () => {
    await following.close()
    await running.stop()
    await store.close()
  }
})
afterAll(async () => {
  await stopFollowing()
  await rm(folder, { recursive: true })
})

const client = () => running.channels.client('control', proto.ControlClient)
const apply = (text: string) => call(client(), 'applyConfiguration', { source: text, who: 'ada' })
const first = 2n ** 40n

describe('control', () => {
  it('answers that nothing was applied yet', async () => {
    await expect(call(client(), 'getConfiguration', { name: '', version: 0n })).rejects.toMatchObject({
      code: 'CANOPY-CONTROL-NOT-FOUND',
    })
  })

  it('refuses what has problems, storing nothing', async () => {
    const answer = await apply(source.replace('forests', 'forest'))
    expect(answer.configuration).toBeUndefined()
    expect(answer.problems[0]).toMatchObject({ code: 'CANOPY-CONFIG-0002', line: 3, mend: 'did you mean forests?' })
    expect((await call(client(), 'listConfigurations', { name: '' })).configurations).toEqual([])
    expect((await call(client(), 'validateConfiguration', { source })).valid).toBe(true)
  })

  it('stores and publishes a version, and none for the same source', async () => {
    expect(await apply(source)).toMatchObject({ changed: true, configuration: { version: first, appliedBy: 'ada' } })
    expect(await apply(source)).toMatchObject({ changed: false, configuration: { version: first } })
    const changed = source.replace('type: memory', 'type: memory, mode: sync')
    expect((await call(client(), 'diffConfiguration', { source: changed })).differences).toEqual([
      { path: 'targets[cloud].mode', oldValue: 'observe', newValue: 'sync' },
    ])
    expect(await apply(changed)).toMatchObject({ changed: true, configuration: { version: first + 1n } })
    await expect
      .poll(() => published.map((one) => [one.version, one.targets[0]?.mode]), { timeout: 5_000 })
      .toEqual([
        [first, 'observe'],
        [first + 1n, 'sync'],
      ])
    expect(published[0]?.source).toBe(source)
  })

  it('gives the newest and any older version', async () => {
    expect((await call(client(), 'getConfiguration', { name: '', version: 0n })).version).toBe(first + 1n)
    expect((await call(client(), 'getConfiguration', { name: 'test', version: first })).source).toBe(source)
    await expect(call(client(), 'getConfiguration', { name: 'test', version: 7n })).rejects.toMatchObject({
      kind: 'permanent',
    })
    const { configurations } = await call(client(), 'listConfigurations', { name: 'test' })
    expect(configurations.map((one) => one.version)).toEqual([first + 1n, first])
    expect(configurations[0]?.appliedAt).toEqual(new Date('2026-11-22T00:00:00Z'))
  })

  it('refuses another name beside the active one', async () => {
    await expect(apply(source.replace('name: test', 'name: other'))).rejects.toMatchObject({
      code: 'CANOPY-CONTROL-0001',
      mend: 'keep name: test; one configuration is active at a time',
    })
  })

  it('counts one version per change when two apply at once', async () => {
    const variants = ['a', 'b', 'c', 'd'].map((remark) => `# ${remark}\n${source}`)
    const answers = await Promise.all(variants.map(apply))
    const versions = answers.map((answer) => answer.configuration?.version).toSorted()
    expect(versions).toEqual([2n, 3n, 4n, 5n].map((counter) => first + counter))
  })

  it('a file at the start that cannot be applied ends it, with the place', async () => {
    const file = join(folder, 'wrong.yaml')
    await writeFile(file, source.replace('forests', 'forest'))
    const connection = await testServer()
    const sql = (schema: string) => postgresSql({ connection, schema })
    const store = await sql('bus')
    const bus = await postgresBus({
      sql: store,
      leases: (options) => joinLeasePool(options, { sql: store, instance: 'test' }),
    })
    const start = startServices([control], {
      adapters: { sql, bus },
      rpc: { listen: ['127.0.0.1:0'] },
      config: { control: { apply_file: file } },
    })
    await expect(start).rejects.toMatchObject({ code: 'CANOPY-CONFIG-0002', at: `${file}:3:1  forest` })
    await store.close()
  })
})
