/** A hub of one partition that keeps what an agent tells as a model of the directory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalDn, leafRdn, parseDn } from '@canopy/domain'
import { agent as proto } from '@canopy/proto'
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'

/** What the agent has told of one object. */
export interface Seen {
  dn: string
  parentGuid: string
  deleted: boolean
  attributes: Record<string, string[]>
  references: Record<string, string>
  members: Set<string>
  /** Times it was told of. */
  told: number
}

type Stream = ServerDuplexStream<proto.AgentMessage, proto.HubMessage>

export class TestHub {
  readonly address: string
  readonly objects = new Map<string, Seen>()
  readonly reports: proto.PartitionReport[] = []
  readonly batches: Omit<proto.Batch, 'entries'>[] = []
  entries = 0
  /** SIDs of the ends of links that stand for somebody of another forest. */
  readonly foreign = new Map<string, string>()
  /** Members told of, added and removed, since the start. */
  membersTold = 0
  /** Whether batches are acknowledged. */
  acknowledges = true
  private readonly dir: string
  private readonly server = new Server()
  private assignment: proto.Assignment
  private stream: Stream | undefined
  private waiters: (() => void)[] = []
  private readonly answers = new Map<string, (result: proto.CommandResult) => void>()

  private constructor(dir: string, assignment: proto.Assignment) {
    this.dir = dir
    this.address = `unix:${join(dir, 'hub.sock')}`
    this.assignment = assignment
  }

  static async start(assignment: Partial<proto.Assignment>): Promise<TestHub> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-hub-'))
    const hub = new TestHub(dir, { ...proto.Assignment.fromPartial({ epoch: 1n, nextBatch: 1n }), ...assignment })
    hub.server.addService(proto.HubService, { attach: (stream: Stream) => hub.attach(stream) })
    await new Promise<void>((resolve, reject) => {
      hub.server.bindAsync(hub.address, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      )
    })
    return hub
  }

  async close(): Promise<void> {
    this.server.forceShutdown()
    await rm(this.dir, { recursive: true, force: true })
  }

  /** Settles when `check` holds; looked at whenever the agent says something. */
  async until(what: string, check: () => boolean, timeoutMs = 15_000): Promise<void> {
    const end = performance.now() + timeoutMs
    while (!check()) {
      const left = end - performance.now()
      if (left <= 0)
        throw new Error(
          `not within ${timeoutMs} ms: ${what}; last report ${JSON.stringify(this.lastReport, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`,
        )
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.waiters.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  get lastReport(): proto.PartitionReport | undefined {
    return this.reports.at(-1)
  }

  get caughtUp(): boolean {
    return this.batches.at(-1)?.caughtUp === true
  }

  get complete(): boolean {
    return this.batches.some((batch) => batch.snapshotComplete)
  }

  /** The object of that name, below `base` where one is given. */
  byName(name: string, base = ''): (Seen & { guid: string }) | undefined {
    const root = canonicalDn(base)
    for (const [guid, seen] of this.objects) {
      if (parseDn(seen.dn)?.[0]?.value !== name) continue
      if (base === '' || canonicalDn(this.dnOf(guid) ?? '').endsWith(`,${root}`)) return { ...this.byGuid(seen), guid }
    }
    return undefined
  }

  /** With the ends of links that were told by name told by GUID. */
  private byGuid(seen: Seen): Seen {
    const ends = [...seen.members, ...Object.values(seen.references)]
    if (!ends.some((end) => end.includes('='))) return seen
    const index = this.index()
    const guidOf = (end: string): string => index.get(canonicalDn(end)) ?? end
    const references = Object.entries(seen.references).map(([name, end]) => [name, guidOf(end)] as const)
    return { ...seen, members: new Set([...seen.members].map(guidOf)), references: Object.fromEntries(references) }
  }

  /** Its name as the names of what is above it make it. */
  dnOf(guid: string): string | undefined {
    const seen = this.objects.get(guid)
    if (!seen) return undefined
    const parent = seen.parentGuid === guid ? undefined : this.dnOf(seen.parentGuid)
    return parent === undefined ? seen.dn : `${leafRdn(seen.dn)},${parent}`
  }

  /** GUIDs by canonical name. */
  index(): Map<string, string> {
    return new Map([...this.objects.keys()].map((guid) => [canonicalDn(this.dnOf(guid) ?? ''), guid]))
  }

  /** Cuts the stream; the agent comes back and is assigned from the last committed cursor. */
  cut(): void {
    this.stream?.end()
    this.stream = undefined
  }

  command(body: proto.Command['body']): Promise<proto.CommandResult> {
    const id = crypto.randomUUID()
    return new Promise((resolve) => {
      this.answers.set(id, resolve)
      this.stream?.write({ body: { $case: 'command', value: { id, body } } })
    })
  }

  private attach(stream: Stream): void {
    this.stream = stream
    stream.on('error', () => {})
    stream.on('end', () => stream.end())
    stream.on('data', ({ body }: proto.AgentMessage) => {
      if (body?.$case === 'hello') this.welcome(stream)
      else if (body?.$case === 'batch') this.commit(stream, body.value)
      else if (body?.$case === 'report') this.reports.push(body.value)
      else if (body?.$case === 'result') this.answers.get(body.value.id)?.(body.value)
      else if (body?.$case === 'heartbeat') stream.write({ body: { $case: 'heartbeat', value: {} } })
      this.wakeAll()
    })
  }

  private welcome(stream: Stream): void {
    stream.write({
      body: {
        $case: 'welcome',
        value: { hub: 'test', heartbeatMs: 1_000, protocol: 1, credentialSalt: Buffer.alloc(0) },
      },
    })
    this.assignment = { ...this.assignment, epoch: this.assignment.epoch + 1n }
    stream.write({ body: { $case: 'assignment', value: this.assignment } })
  }

  private commit(stream: Stream, batch: proto.Batch): void {
    const { epoch, nextBatch } = this.assignment
    if (batch.epoch !== epoch || batch.number !== nextBatch)
      throw new Error(`batch ${batch.number} is not ${nextBatch}`)
    const { entries, ...rest } = batch
    this.batches.push(rest)
    this.entries += entries.length
    if (batch.snapshotBegin) this.objects.clear()
    const restored = entries.filter((entry) => !entry.deleted && this.objects.get(entry.guid)?.deleted)
    for (const entry of entries) this.apply(entry)
    for (const { guid } of restored) void this.readAgain(guid)
    this.assignment = { ...this.assignment, nextBatch: nextBatch + 1n, cursor: batch.cursor }
    const { forest, domain, number } = batch
    if (this.acknowledges) stream.write({ body: { $case: 'ack', value: { forest, domain, epoch, number } } })
  }

  private apply(entry: proto.Entry): void {
    const seen = this.objects.get(entry.guid) ?? {
      dn: '',
      parentGuid: '',
      deleted: false,
      attributes: {},
      references: {},
      members: new Set(),
      told: 0,
    }
    this.objects.set(entry.guid, seen)
    seen.told++
    seen.deleted = entry.deleted
    if (entry.deleted) {
      // Its groups do not say so.
      for (const other of this.objects.values()) other.members.delete(entry.guid)
      return
    }
    seen.dn = entry.dn
    seen.parentGuid = entry.parentGuid || seen.parentGuid
    if (entry.complete) {
      seen.attributes = {}
      seen.references = {}
    }
    for (const [name, { values }] of Object.entries(entry.attributes)) {
      if (values.length === 0) delete seen.attributes[name]
      else seen.attributes[name] = values.map(String)
    }
    for (const [name, links] of Object.entries(entry.links)) {
      if (name !== 'member') {
        const target = links.added[0] && endOf(links.added[0])
        if (target) seen.references[name] = target
        else delete seen.references[name]
        continue
      }
      if (links.whole && links.first) seen.members.clear()
      this.membersTold += links.added.length + links.removed.length
      for (const link of links.added) {
        seen.members.add(endOf(link))
        if (link.dn.includes(',CN=ForeignSecurityPrincipals,')) this.foreign.set(endOf(link), link.sid)
      }
      for (const link of links.removed) seen.members.delete(endOf(link))
    }
  }

  /** What is restored is in its groups again, or not: the groups do not say. */
  private async readAgain(guid: string): Promise<void> {
    const { forest, domain } = this.assignment
    const { entries } = await this.command({ $case: 'readObject', value: { forest, domain, who: guid, memberDn: '' } })
    for (const entry of entries) if (entry.guid === guid || this.objects.has(entry.guid)) this.apply(entry)
    this.wakeAll()
  }

  private wakeAll(): void {
    const waiters = this.waiters
    this.waiters = []
    for (const wake of waiters) wake()
  }
}

/** By GUID; directories without extended names tell a DN. */
const endOf = (link: proto.Link): string => link.guid || link.dn
