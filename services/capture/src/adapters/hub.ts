/** The hub: gives partitions to attached agents, takes their batches, forwards commands. */
import { classify, type Log, type Sql, sleep } from '@canopy/chassis'
import type { agent } from '@canopy/proto'
import { canRead, surplus, takes } from '../core/share.ts'
import { events } from '../events.ts'
import type { WantedPartition } from '../ports.ts'
import { type AgentIdentity, AgentSession, type AgentStream, partitionKey } from './agent-session.ts'
import { addSession, freePartitions, liveAgents, removeSession, renewSessions, toLive } from './agents.sql.ts'
import type { Beside } from './beside.ts'
import type { Commits } from './commit.ts'
import { claimCredential, fingerprintSalt, settleCredential } from './credentials.sql.ts'
import {
  acquirePartitions,
  ensurePartitions,
  releasePartition,
  releaseSession,
  renewEpoch,
  renewLeases,
  storeReport,
} from './partitions.sql.ts'
import { type LocalAgents, type Peers, unread } from './peers.ts'
import { type PartitionName, partitionsWithNotes, scheduleBlind } from './readings.sql.ts'

export interface HubOptions {
  readonly sql: Sql
  readonly commits: Commits
  readonly beside: Beside
  readonly peers: Peers
  readonly instance: string
  readonly leaseTtlMs: number
  readonly blindReadingMs: number
  readonly log: Log
  readonly signal: AbortSignal
  /** Where other processes of capture reach this one. */
  readonly address: () => string
  /** Whether a certificate still counts. */
  readonly believes: (identity: AgentIdentity) => boolean
  /** Told when a partition has sweeps or a checkpoint to come. */
  readonly onPending: (of: PartitionName) => void
}

/** The versions of the agents' protocol that are understood. */
export const protocols = { least: 1, newest: 2 } as const

const heartbeatMs = 2_000
const commandTimeoutMs = 30_000
/** Partitions change hands for balance at most this often. */
const balanceMs = 5_000

export class Hub implements LocalAgents {
  private readonly options: HubOptions
  private readonly sessions = new Set<AgentSession>()
  private readonly identities = new Map<AgentSession, AgentIdentity>()
  private wanted = new Map<string, WantedPartition>()
  private timer: NodeJS.Timeout | undefined
  private ticking: Promise<void> | undefined
  private again = false
  private balancedMs = 0
  private salt: Buffer | undefined

  constructor(options: HubOptions) {
    this.options = options
  }

  async start(): Promise<void> {
    this.salt = await fingerprintSalt(this.options.sql)
    const everyMs = Math.min(heartbeatMs, this.options.leaseTtlMs / 3) / 2
    this.timer = setInterval(() => this.wake(), everyMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    const sessions = [...this.sessions]
    await Promise.all(sessions.map((session) => this.detach(session)))
    await Promise.all(sessions.map((session) => session.idle()))
    await this.ticking
  }

  /** What the active configuration wants read. */
  async configure(wanted: readonly WantedPartition[]): Promise<void> {
    const before = this.wanted
    this.wanted = new Map(wanted.map((each) => [partitionKey(each), each]))
    await ensurePartitions(this.options.sql, wanted)
    for (const session of this.sessions) {
      for (const key of [...session.held.keys()]) {
        const now = this.wanted.get(key)
        if (now && JSON.stringify(now) === JSON.stringify(before.get(key))) continue
        await this.giveUp(session, key, 'the configuration changed')
      }
    }
    this.wake()
  }

  attach(stream: AgentStream, hello: agent.Hello, identity?: AgentIdentity): AgentSession {
    const session = new AgentSession(stream, hello, identity)
    if (identity) this.identities.set(session, identity)
    events.agentAttached({ agent: session.name, version: hello.version })
    session.send({
      $case: 'welcome',
      value: {
        hub: this.options.instance,
        heartbeatMs,
        protocol: Math.min(hello.protocol, protocols.newest),
        credentialSalt: this.salt ?? Buffer.alloc(0),
      },
    })
    const { sql, instance, leaseTtlMs: ttlMs } = this.options
    addSession(sql, session, { instance, address: this.options.address(), ttlMs })
      .catch((error: unknown) => this.warn(error))
      .finally(() => {
        if (session.ended) return
        this.sessions.add(session)
        this.wake()
      })
    return session
  }

  async detach(session: AgentSession): Promise<void> {
    if (session.ended) return
    session.end()
    this.sessions.delete(session)
    this.identities.delete(session)
    events.agentDetached({ agent: session.name })
    const { sql } = this.options
    await releaseSession(sql, session.id).catch((error: unknown) => this.warn(error))
    await removeSession(sql, session.id).catch((error: unknown) => this.warn(error))
    this.wake()
  }

  receive(session: AgentSession, { body }: agent.AgentMessage): void {
    session.heardMs = performance.now()
    switch (body?.$case) {
      case 'batch': {
        const batch = body.value
        session.inLine(partitionKey(batch), () => this.commit(session, batch))
        return
      }
      case 'report':
        session.report(body.value, (report) =>
          storeReport(this.options.sql, session.id, report).catch((error: unknown) => this.warn(error)),
        )
        return
      case 'result':
        session.answer(body.value)
        return
      case 'heartbeat':
        session.send({ $case: 'heartbeat', value: {} })
        return
      case 'claim':
        claimCredential(this.options.sql, session.id, body.value)
          .then((value) => session.send({ $case: 'verdict', value }))
          .catch((error: unknown) => this.warn(error))
        return
      case 'outcome':
        if (!body.value.accepted && body.value.code !== '') events.credentialRefused({ code: body.value.code })
        settleCredential(this.options.sql, body.value).catch((error: unknown) => this.warn(error))
        return
      case 'hello':
      case undefined:
        return
    }
  }

  /** Wherever in capture the stream of its agent ends. Failure CANOPY-CAPTURE-0001 (transient) when nobody reads it. */
  async command(of: PartitionName, body: agent.Command['body']): Promise<agent.CommandResult> {
    return this.holder(of) ? this.local(of, body) : this.options.peers.command(of, body, commandTimeoutMs + 2_000)
  }

  async local(of: PartitionName, body: agent.Command['body']): Promise<agent.CommandResult> {
    const session = this.holder(of)
    if (session) return session.command(body, commandTimeoutMs)
    throw unread(of)
  }

  /** Something is noted that an agent must be asked for; found within a second where another process holds it. */
  noted(of: PartitionName): void {
    const session = this.holder(of)
    if (session) this.options.beside.work(session, of)
  }

  /** The session in this process that reads the partition. */
  private holder(of: PartitionName): AgentSession | undefined {
    for (const session of this.sessions) if (session.held.has(partitionKey(of))) return session
    return undefined
  }

  private async commit(session: AgentSession, batch: agent.Batch): Promise<void> {
    const { forest, domain, epoch, number } = batch
    const startedMs = performance.now()
    for (let attempt = 0; !session.ended && session.held.get(partitionKey(batch)) === epoch; attempt++) {
      try {
        const result = await this.options.commits.tolerant(session.id, batch)
        if (result.type === 'refused') return await this.reassign(session, batch)
        session.send({ $case: 'ack', value: { forest, domain, epoch, number } })
        const ms = performance.now() - startedMs
        events.batchCommitted({ forest, entries: batch.entries.length, changed: result.changed, ms })
        if (result.oversized > 0) events.objectsOversized({ forest, objects: result.oversized })
        if (result.held) events.partitionHeld({ forest, domain })
        if (result.pending || batch.snapshotComplete) this.options.onPending({ forest, domain })
        if (result.reread.length > 0) this.noted({ forest, domain })
        return
      } catch (error) {
        events.batchFailed({ forest, code: classify(error).code })
        await sleep(Math.min(5_000, 100 * 2 ** attempt), this.options.signal).catch(() => undefined)
        if (this.options.signal.aborted) return
      }
    }
  }

  /** The agent is told where to go on from, under an epoch that voids what it has under way. */
  private async reassign(session: AgentSession, batch: agent.Batch): Promise<void> {
    events.batchRefused({ forest: batch.forest })
    const wanted = this.wanted.get(partitionKey(batch))
    const [row] = await renewEpoch(this.options.sql, {
      session: session.id,
      forest: batch.forest,
      domain: batch.domain,
    })
    if (row && wanted) session.assign(wanted, row)
    else session.release(batch, 'another agent reads it')
  }

  private async giveUp(session: AgentSession, key: string, reason: string): Promise<void> {
    const [forest = '', domain = ''] = key.split('/')
    session.release({ forest, domain }, reason)
    await releasePartition(this.options.sql, { session: session.id, forest, domain })
  }

  private wake(): void {
    if (this.ticking) {
      this.again = true
      return
    }
    this.ticking = this.tick()
      .catch((error: unknown) => this.warn(error))
      .finally(() => {
        this.ticking = undefined
        if (!this.again) return
        this.again = false
        this.wake()
      })
  }

  private async tick(): Promise<void> {
    const { sql, leaseTtlMs, believes, beside } = this.options
    for (const session of [...this.sessions]) {
      const identity = this.identities.get(session)
      const refused = identity !== undefined && !believes(identity)
      if (refused || performance.now() - session.heardMs > leaseTtlMs) await this.detach(session)
    }
    if (this.sessions.size === 0) return
    await this.keepLeases()
    await this.share()
    const ids = [...this.sessions].map((session) => session.id)
    for (const of of await scheduleBlind(sql, ids, this.options.blindReadingMs)) events.blindReading(of)
    const noted = await partitionsWithNotes(sql)
    for (const session of this.sessions) {
      for (const key of session.held.keys()) {
        const [forest = '', domain = ''] = key.split('/')
        if (noted.has(key)) beside.work(session, { forest, domain })
      }
    }
  }

  private async share(): Promise<void> {
    const { sql, leaseTtlMs, instance } = this.options
    const agents = (await liveAgents(sql)).map(toLive)
    const open = await freePartitions(sql)
    const free = [...this.wanted.values()].filter((each) => open.has(partitionKey(each)))
    for (const session of this.sessions) {
      const mine = takes(session.id, free, agents)
      if (mine.length === 0) continue
      const rows = await acquirePartitions(sql, {
        session: session.id,
        agent: session.name,
        instance,
        ttlMs: leaseTtlMs,
        forests: mine.map((each) => each.forest),
        domains: mine.map((each) => each.domain),
      })
      for (const row of rows) {
        const wanted = this.wanted.get(partitionKey(row))
        if (!wanted || session.ended) continue
        const { forest, domain } = row
        events.partitionLeased({ forest, domain, agent: session.name, epoch: String(row.epoch) })
        session.assign(wanted, row)
        this.options.onPending({ forest, domain })
      }
    }
    if (free.some((each) => agents.some((one) => canRead(one, each)))) return
    if (performance.now() - this.balancedMs < balanceMs) return
    this.balancedMs = performance.now()
    for (const session of this.sessions) {
      const held = [...session.held.keys()].flatMap((key) => this.wanted.get(key) ?? [])
      const other = surplus(session.id, held, agents)
      if (other) await this.giveUp(session, partitionKey(other), 'another agent has fewer')
    }
  }

  private async keepLeases(): Promise<void> {
    const { sql, leaseTtlMs } = this.options
    const ids = [...this.sessions].map((session) => session.id)
    const kept = await renewLeases(sql, ids, leaseTtlMs)
    await renewSessions(sql, ids, leaseTtlMs)
    for (const session of this.sessions) {
      for (const key of [...session.held.keys()]) {
        if (kept.has(`${session.id} ${key}`)) continue
        const [forest = '', domain = ''] = key.split('/')
        session.release({ forest, domain }, 'the lease was lost')
      }
    }
  }

  private warn(error: unknown): void {
    const { code, message } = classify(error)
    this.options.log.warn({ code }, message)
  }
}
