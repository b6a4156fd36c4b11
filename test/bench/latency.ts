/** A change in the directory until its cloud write: idle, and a disable during a first load. */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Attribute, Change, Client } from 'ldapts'
import { immutableId } from '../e2e/compare.ts'
import { dump } from './cloud-control.ts'
import type { BenchOptions } from './main.ts'
import { type Pipeline, startPipeline } from './pipeline.ts'
import { round } from './sync.ts'
import { startWorld, type World } from './world.ts'

export async function latency(options: BenchOptions): Promise<Record<string, unknown>> {
  const world = await startWorld(options)
  try {
    const pipeline = await startPipeline(world, options)
    try {
      const busy = await disablesDuringLoad(world, pipeline, options)
      await pipeline.inSync()
      await sleep(2_000)
      const idle = await idleChanges(world, pipeline, options)
      return {
        bench: 'latency',
        mode: options.mode,
        users: options.users,
        idle,
        disableDuringFirstLoad: busy,
        processes: pipeline.figures(),
      }
    } finally {
      await pipeline.close()
    }
  } finally {
    await world.close()
  }
}

async function connect(world: World): Promise<Client> {
  const client = new Client({
    url: world.forest.ldapsUrl,
    tlsOptions: { ca: [readFileSync(world.forest.caFile)], servername: world.forest.servername },
  })
  await client.bind(world.forest.admin.dn, world.forest.admin.password)
  return client
}

const replace = (type: string, value: string): Change =>
  new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) })

interface Person {
  readonly dn: string
  readonly displayName: string
  /** As the cloud carries it. */
  readonly immutableId: string
}

async function people(client: Client, world: World, limit: number): Promise<Person[]> {
  const found = await client.search(world.forest.baseDn, {
    scope: 'sub',
    filter: '(&(objectClass=user)(employeeType=*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))',
    attributes: ['displayName', 'objectGUID', 'mS-DS-ConsistencyGuid'],
    explicitBufferAttributes: ['objectGUID', 'mS-DS-ConsistencyGuid'],
    paged: { pageSize: 500 },
  })
  return found.searchEntries
    .slice(0, limit)
    .map((entry) => ({ dn: entry.dn, displayName: String(entry.displayName), immutableId: immutableId(entry) }))
}

async function idleChanges(world: World, pipeline: Pipeline, options: BenchOptions): Promise<Record<string, unknown>> {
  const client = await connect(world)
  const everyone = await people(client, world, options.changes)
  const taken: number[] = []
  for (const person of everyone) {
    const name = `${person.displayName} ${randomInt(1_000_000)}`
    const arrived = pipeline.arrival((applied) => applied.display === name, 30_000)
    const startedMs = Date.now()
    await client.modify(person.dn, replace('displayName', name))
    const { atMs } = await arrived
    taken.push(atMs - startedMs)
    await sleep(20)
  }
  await client.unbind()
  return percentiles(taken)
}

/** Disables people whose accounts exist in the cloud already, one after another, while the rest is still being created. */
async function disablesDuringLoad(
  world: World,
  pipeline: Pipeline,
  options: BenchOptions,
): Promise<Record<string, unknown>> {
  const client = await connect(world)
  while (pipeline.written() < Math.min(200, options.users / 10)) await sleep(50)
  const users = await dump(world.cloud, 'users')
  const there = new Map(users.map((user) => [String(user.onPremisesImmutableId), String(user.id)]))
  const everyone = await people(client, world, Number.MAX_SAFE_INTEGER)
  const some = everyone.filter((person) => there.has(person.immutableId)).slice(0, 20)
  const taken = await Promise.all(
    some.map(async (person, n) => {
      await sleep(n * 50)
      const arrived = pipeline.arrival(
        (applied) => applied.action === 'disable' && applied.cloudId === there.get(person.immutableId),
        120_000,
      )
      const startedMs = Date.now()
      await client.modify(person.dn, replace('userAccountControl', '514'))
      return (await arrived).atMs - startedMs
    }),
  )
  await client.unbind()
  return { writtenAtTheStart: there.size, ...percentiles(taken) }
}

function percentiles(taken: readonly number[]): Record<string, number> {
  const sorted = taken.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  return { changes: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(1) }
}
