/** Agent and capture together over any forests, with what is on the topics as a model. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { capture } from '@canopy/capture'
import { call, postgresBus, postgresSql, type Running, type StoredRecord, startServices } from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { capture as captureRpc, change, configuration, record, topics } from '@canopy/proto'
import { expect } from 'vitest'
import type { Account } from './directory.subject.ts'

export interface PlaceDomain {
  readonly forest: string
  readonly domain: string
  readonly server: string
  readonly servername: string
  readonly caPem: string
  readonly reader: Account
}

export interface CapturePlace {
  /** By forest and GUID. */
  readonly objects: ReadonlyMap<string, change.DirectoryObject>
  /** Every version of an object that said it was gone, in order: keys. */
  readonly gone: readonly string[]
  /** Present memberships of a group: GUIDs, or SIDs of strangers. */
  membersOf(guid: string): string[]
  /** Every partition of the forest is read from the start; resolves when all of them are read. */
  readAgain(forest: string): Promise<void>
  until(what: string, check: () => boolean, timeoutMs?: number): Promise<void>
  close(): Promise<void>
}

/** Resolves when every partition has its first watermark. */
export async function startCapturePlace(domains: readonly PlaceDomain[]): Promise<CapturePlace> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-place-'))
  const objects = new Map<string, change.DirectoryObject>()
  const edges = new Map<string, change.SourceEdge>()
  const gone: string[] = []
  const marks = new Set<string>()
  const epochs = new Map<string, bigint>()
  const until = async (what: string, check: () => boolean, timeoutMs = 20_000): Promise<void> => {
    const end = performance.now() + timeoutMs
    while (!check()) {
      if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const onChange = ({ key, value }: StoredRecord): void => {
    if (!value) return
    if (key.startsWith('~watermark/')) {
      const { forest, partition, epoch } = record.Watermark.decode(value)
      const name = `${forest}/${partition}`
      // A reading from the start raises the epoch.
      if (epoch > (epochs.get(name) ?? -1n)) marks.add(name)
      epochs.set(name, epoch)
      return
    }
    const object = change.DirectoryObject.decode(value)
    expect(object.version).toBeGreaterThan(objects.get(key)?.version ?? 0n)
    objects.set(key, object)
    if (object.gone) gone.push(key)
  }
  await writeFile(join(dir, 'ca.pem'), domains.map((each) => each.caPem).join('\n'))
  for (const { domain, reader } of domains) {
    await mkdir(join(dir, 'credentials', domain), { recursive: true })
    await writeFile(join(dir, 'credentials', domain, 'username'), reader.dn)
    await writeFile(join(dir, 'credentials', domain, 'password'), reader.password)
  }
  const connection = await testServer()
  const sql = (schema: string) => postgresSql({ connection, schema })
  const bus = await postgresBus({ sql: await sql('bus') })
  await bus.ensureTopics(Object.values(topics))
  const value = configuration.Configuration.encode(configurationOf(domains)).finish()
  await bus.append({
    topic: topics.config,
    partition: 0,
    records: [{ key: 'test', value, headers: {}, timeMs: Date.now() }],
    deadlineMs: performance.now() + 5_000,
  })
  const running: Running[] = []
  const hub = await startServices([capture], {
    adapters: { sql, bus },
    rpc: { listen: [`unix:${join(dir, 'hub.sock')}`] },
  })
  running.push(hub)
  await bus.follow({ topic: topics.changes, onRecords: async (records) => records.forEach(onChange) })
  await bus.follow({
    topic: topics.edges,
    onRecords: async (records) => {
      for (const each of records)
        if (each.value && !each.key.startsWith('~watermark/')) edges.set(each.key, change.SourceEdge.decode(each.value))
    },
  })
  const config = {
    name: 'only',
    hub: hub.rpcAddresses[0],
    credentials_dir: join(dir, 'credentials'),
    trust: [join(dir, 'ca.pem')],
  }
  const adapters = { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined }
  running.push(
    await startServices([agent], {
      adapters,
      config: { agent: config },
      rpc: { listen: [`unix:${join(dir, 'agent.sock')}`] },
    }),
  )
  await until('the first watermarks', () => marks.size === domains.length, 60_000)
  return {
    objects,
    gone,
    membersOf: (guid) =>
      [...edges.values()].filter((edge) => edge.groupGuid === guid && edge.present).map((edge) => edge.member),
    readAgain: async (forest) => {
      marks.clear()
      const client = hub.channels.client('capture', captureRpc.CaptureClient)
      const { partitions } = await call(client, 'resnapshot', { forest, base: '' })
      await until('the watermarks of the new reading', () => marks.size === partitions, 30_000)
    },
    until,
    close: async () => {
      for (const each of running.toReversed()) await each.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function configurationOf(domains: readonly PlaceDomain[]): configuration.Configuration {
  const names = [...new Set(domains.map((each) => each.forest))]
  return configuration.Configuration.fromPartial({
    name: 'test',
    version: 1n,
    forests: names.map((name) => ({
      name,
      state: 'active',
      domains: domains
        .filter((each) => each.forest === name)
        .map(({ domain, server, servername }) => ({
          name: domain,
          servers: [server],
          credential: domain,
          tlsServerName: servername,
        })),
    })),
  })
}
