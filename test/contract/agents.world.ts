/** Two processes of capture on one store, a lab forest, and agents that reach them through lines that can be cut. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agent } from '@canopy/agent'
import { capture } from '@canopy/capture'
import { type Bus, postgresBus, postgresSql, type Running, type StoredRecord, startServices } from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { type LabForest, startForest } from '@canopy/lab'
import { capture as captureRpc, change, configuration, topics } from '@canopy/proto'

export interface WorldOptions {
  /** Names under which the one forest is configured, each with its credential. */
  readonly forests: Readonly<Record<string, string>>
  readonly capture?: Readonly<Record<string, unknown>>
  readonly processes?: number
}

/** A line to a process of capture that can go dead without a word, as a network does. */
export interface Line {
  readonly address: string
  cut(): void
  mend(): void
}

export class World {
  readonly forest: LabForest
  readonly hubs: readonly Running[]
  readonly objects = new Map<string, change.DirectoryObject>()
  private readonly dir: string
  private readonly bus: Bus
  private readonly undo: (() => Promise<unknown>)[] = []

  private constructor(dir: string, forest: LabForest, bus: Bus, hubs: readonly Running[]) {
    this.dir = dir
    this.forest = forest
    this.bus = bus
    this.hubs = hubs
  }

  static async start(options: WorldOptions): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-agents-'))
    const blind = { dn: 'CN=blind-reader,CN=Users,DC=contoso,DC=lab', password: 'Blind-but-willing-1' }
    const forest = await startForest({
      name: 'contoso.lab',
      population: { users: 60, groups: 10, contacts: 5 },
      accounts: [{ ...blind, rights: { replicate: true, seesDeleted: false } }],
    })
    await writeFile(join(dir, 'ca.pem'), forest.caPem)
    const connection = await testServer()
    const sql = (schema: string) => postgresSql({ connection, schema })
    const bus = await postgresBus({ sql: await sql('bus') })
    await bus.ensureTopics(Object.values(topics))
    const hubs = await Promise.all(
      Array.from({ length: options.processes ?? 2 }, () =>
        startServices([capture], {
          adapters: { sql, bus: unclosed(bus) },
          config: { capture: options.capture ?? {} },
          rpc: { listen: ['127.0.0.1:0'] },
        }),
      ),
    )
    const world = new World(dir, forest, bus, hubs)
    await world.setCredential('reader', forest.account)
    await world.setCredential('blind', { ...blind })
    await world.configure(options.forests)
    await bus.follow({ topic: topics.changes, onRecords: (records) => world.onChanges(records) })
    return world
  }

  async setCredential(name: string, of: { readonly dn: string; readonly password: string }): Promise<void> {
    await mkdir(join(this.dir, 'credentials', name), { recursive: true })
    await writeFile(join(this.dir, 'credentials', name, 'username'), of.dn)
    await writeFile(join(this.dir, 'credentials', name, 'password'), of.password)
  }

  async setNextPassword(name: string, password: string): Promise<void> {
    await writeFile(join(this.dir, 'credentials', name, 'password.next'), password)
  }

  async startAgent(name: string, hub: string, more: Readonly<Record<string, unknown>> = {}): Promise<Running> {
    const running = await startServices([agent], {
      adapters: { sql: () => Promise.reject(new Error('an agent keeps no store')), bus: undefined },
      config: {
        agent: {
          name,
          hub,
          credentials_dir: join(this.dir, 'credentials'),
          trust: [join(this.dir, 'ca.pem')],
          ...more,
        },
      },
      rpc: { listen: [`unix:${join(this.dir, `${name}.sock`)}`] },
    })
    this.undo.push(() => running.stop())
    return running
  }

  /** A line to the process of capture of this number. */
  async line(hub: number): Promise<Line> {
    const target = this.hubs[hub]!.rpcAddresses[0]!
    const pairs = new Set<readonly [Socket, Socket]>()
    let dead = false
    const server: Server = createServer((client) => {
      const [host = '', port = ''] = target.split(':')
      const upstream = connect({ host, port: Number(port) })
      const pair = [client, upstream] as const
      pairs.add(pair)
      for (const [from, to] of [pair, [upstream, client] as const]) {
        from.on('data', (chunk) => void (dead || to.write(chunk)))
        from.on('error', () => to.destroy())
        from.on('close', () => {
          pairs.delete(pair)
          if (!dead) to.destroy()
        })
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.undo.push(async () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      server.close()
    })
    return {
      address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      cut: () => {
        dead = true
      },
      mend: () => {
        for (const pair of pairs) for (const socket of pair) socket.destroy()
        dead = false
      },
    }
  }

  client(hub = 0): captureRpc.CaptureClient {
    return this.hubs[hub]!.channels.at(this.hubs[hub]!.rpcAddresses[0]!, captureRpc.CaptureClient)
  }

  async configure(forests: Readonly<Record<string, string>>): Promise<void> {
    const active = configuration.Configuration.fromPartial({
      name: 'test',
      version: 1n,
      forests: Object.entries(forests).map(([name, credential]) => ({
        name,
        state: 'active',
        domains: [
          {
            name: 'contoso.lab',
            servers: [this.forest.ldapsUrl],
            credential,
            tlsServerName: this.forest.servername,
          },
        ],
      })),
    })
    const value = configuration.Configuration.encode(active).finish()
    const record = { key: 'test', value, headers: {}, timeMs: Date.now() }
    await this.bus.append({
      topic: topics.config,
      partition: 0,
      records: [record],
      deadlineMs: performance.now() + 5_000,
    })
  }

  named(forest: string, name: string): change.DirectoryObject | undefined {
    for (const [key, object] of this.objects) if (key.startsWith(`${forest}/`) && object.name === name) return object
    return undefined
  }

  async close(): Promise<void> {
    for (const step of this.undo.toReversed()) await step()
    for (const hub of this.hubs) await hub.stop()
    await this.bus.close()
    await this.forest.close()
    await rm(this.dir, { recursive: true, force: true })
  }

  private async onChanges(records: readonly StoredRecord[]): Promise<void> {
    for (const { key, value } of records)
      if (value && !key.startsWith('~watermark/')) this.objects.set(key, change.DirectoryObject.decode(value))
  }
}

/** Shared by several processes of this world, which each close theirs. */
const unclosed = (bus: Bus): Bus =>
  new Proxy(bus, { get: (of, name) => (name === 'close' ? async () => {} : bound(of, name)) })

function bound(of: Bus, name: string | symbol): unknown {
  const value = Reflect.get(of, name) as unknown
  return typeof value === 'function' ? (value.bind(of) as unknown) : value
}

export async function until(what: string, check: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
