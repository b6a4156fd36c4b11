/** Killed in the middle of an evaluation of everything, it goes on where it was, and says everything once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Bus, partitionOf, postgresBus, postgresSql } from '@canopy/chassis'
import { collect, testSql } from '@canopy/chassis/testing'
import { change, configuration, type Topic, topics } from '@canopy/proto'
import { afterEach, expect, test, vi } from 'vitest'

const count = 6_000
const guidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
})

function start(connection: unknown, schema: string): ChildProcess {
  const script = fileURLToPath(new URL('./testing/process.ts', import.meta.url))
  const args = ['--conditions=@canopy/source', script, JSON.stringify(connection), schema]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] })
  children.push(child)
  return child
}

async function publish(bus: Bus): Promise<void> {
  const { changes } = topics
  const partitions = bus.partitions(changes as Topic)
  for (let partition = 0; partition < partitions; partition++) {
    const records = Array.from({ length: count }, (_, n) => `a/${guidOf(n)}`).flatMap((key, n) => {
      if (partitionOf(changes as Topic, key, partitions) !== partition) return []
      const object = change.DirectoryObject.fromPartial({ forest: 'a', guid: guidOf(n), version: 1n, kind: 'user' })
      object.attributes = { displayName: { values: [Buffer.from(`p${n}`)] } }
      return [{ key, value: changes.codec.encode(object).finish(), headers: {}, timeMs: Date.now() }]
    })
    await bus.append({ topic: changes as Topic, partition, records, deadlineMs: performance.now() + 20_000 })
  }
}

async function apply(bus: Bus, version: bigint, expression: string): Promise<void> {
  const value = configuration.Configuration.encode(
    configuration.Configuration.fromPartial({
      name: 'test',
      version,
      forests: [{ name: 'a' }],
      mappings: [{ kind: 'user', target: 'displayName', source: { $case: 'expression', value: expression } }],
    }),
  ).finish()
  const records = [{ key: 'test', value, headers: {}, timeMs: Date.now() }]
  await bus.append({ topic: topics.config as Topic, partition: 0, records, deadlineMs: performance.now() + 5_000 })
}

test('an evaluation of everything goes on after kill -9', { timeout: 120_000 }, async () => {
  const store = await testSql('reevaluation')
  const { connection, schema } = store
  const busSql = await postgresSql({ connection, schema: `${schema}_bus` })
  const bus = await postgresBus({ sql: busSql })
  await bus.ensureTopics([topics.changes, topics.config, topics.contributions] as readonly Topic[] as Topic[])
  const seen = await collect(bus, topics.contributions)
  const objects = () => seen.messages.filter(({ key }) => !key.startsWith('='))
  await publish(bus)
  await apply(bus, 1n, '[displayName]')
  const first = start(connection, schema)
  await vi.waitFor(() => expect(objects()).toHaveLength(count), { timeout: 40_000, interval: 50 })

  await apply(bus, 2n, 'ToUpper([displayName])')
  const own = await postgresSql({ connection, schema: `${schema}_transform` })
  await vi.waitFor(async () => expect(await own.query('select from evaluation')).not.toHaveLength(0), {
    timeout: 20_000,
    interval: 2,
  })
  first.kill('SIGKILL')
  const [left] = await own.query<{ done: bigint }>(
    'select coalesce(sum(next_offset), 0)::bigint as done from evaluation',
  )
  expect(Number(left!.done)).toBeGreaterThan(0)
  expect(Number(left!.done)).toBeLessThan(count)

  // What was evaluated is read no more: a digest that is spoiled there stays unseen, and the object is not said again.
  const [spoiled] = await own.query<{ guid: string }>(
    `update digest set digest = '' where guid = (select guid from digest where version > $1 limit 1) returning guid`,
    [1n << 40n],
  )
  expect(spoiled).toBeDefined()
  start(connection, schema)
  const isEvaluated = () => own.query('select from active where version = 2 and evaluated = epoch')
  await vi.waitFor(async () => expect(await isEvaluated()).toHaveLength(1), { timeout: 40_000, interval: 100 })
  await vi.waitFor(
    () => {
      const last = new Map(objects().map(({ key, message }) => [key, message]))
      const upper = [...last.values()].filter((one) => /^P\d+$/.test(one.attributes.displayName?.values[0] ?? ''))
      expect(upper).toHaveLength(count)
    },
    { timeout: 30_000, interval: 100 },
  )
  const [row] = await own.query<{ versions: bigint }>('select count(*) as versions from digest where version = $1', [
    (1n << 40n) + 1n,
  ])
  expect(Number(row!.versions)).toBe(count)
  await seen.close()
  await bus.close()
  await Promise.all([busSql.close(), own.close(), store.close()])
})
