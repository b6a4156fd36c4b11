/** The hub: gives partitions to attached agents, takes their batches, forwards commands. */
import { classify, Failure, type Log, type Sql, sleep } from '@canopy/chassis'
import type { agent } from '@canopy/proto'
import { events } from '../events.ts'
import type { WantedPartition } from '../ports.ts'
import { AgentSession, type AgentStream, partitionKey } from './agent-session.ts'
import type { Commits } from './commit.ts'
import {
  acquirePartitions,
  ensurePartitions,
  releaseSession,
  renewEpoch,
  renewLeases,
  storeReport,
} from './partitions.sql.ts'

export interface HubOptions {
  readonly sql: Sql
  readonly commits: Commits
  readonly instance: string
  readonly leaseTtlMs: number
  readonly log: Log
  readonly signal: AbortSignal
  /** Told when a partition has sweeps or a checkpoint to come. */
  readonly onPending: (of: { readonly forest: string; readonly domain: string }) => void
}

const heartbeatMs = 2_000
/** Objects that are read again at a time. */
const rereadChunk = 50
const commandTimeoutMs = 30_000

export class Hub {
  private readonly options: HubOptions
  private readonly sessions = new Set<AgentSession>()
  private wanted = new Map<string, WantedPartition>()
  private timer: NodeJS.Timeout | undefined
  private ticking: Promise<void> | undefined

  constructor(options: HubOptions) {
    this.options = options
  }

  start(): void {
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
        const [forest = '', domain = ''] = key.split('/')
        session.release({ forest, domain }, 'the configuration changed')
        await this.options.sql.query(
          `update partition set session = '', lease_until = '-infinity' where session = $1 and forest = $2 and domain = $3`,
          [session.id, forest, domain],
        )
      }
    }
    this.wake()
  }

  attach(stream: AgentStream, hello: agent.Hello): AgentSession {
    const session = new AgentSession(stream, hello)
    this.sessions.add(session)
    events.agentAttached({ agent: hello.agent, version: hello.version })
    session.send({ $case: 'welcome', value: { hub: this.options.instance, heartbeatMs } })
    this.wake()
    return session
  }

  async detach(session: AgentSession): Promise<void> {
    if (!this.sessions.delete(session)) return
    session.end()
    events.agentDetached({ agent: session.hello.agent })
    await releaseSession(this.options.sql, session.id).catch((error: unknown) => this.warn(error))
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
      case 'hello':
      case undefined:
        return
    }
  }

  /** The session in this process that reads the partition. */
  holder(of: { readonly forest: string; readonly domain: string }): AgentSession | undefined {
    for (const session of this.sessions) if (session.held.has(partitionKey(of))) return session
    return undefined
  }

  /** Failure CANOPY-CAPTURE-0001 (transient) when no agent of this process reads it. */
  async command(
    of: { readonly forest: string; readonly domain: string },
    body: agent.Command['body'],
  ): Promise<agent.CommandResult> {
    const session = this.holder(of)
    if (session) return session.command(body, commandTimeoutMs)
    throw new Failure({
      kind: 'transient',
      code: 'CANOPY-CAPTURE-0001',
      message: `no agent reads ${of.forest}/${of.domain} here`,
      mend: 'start an agent that has its credential',
    })
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
        if (result.pending || batch.snapshotComplete) this.options.onPending({ forest, domain })
        if (result.reread.length > 0) this.reread(session, { forest, domain })
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

  /** Reads noted objects whole, and commits what is found. */
  private reread(session: AgentSession, of: { readonly forest: string; readonly domain: string }): void {
    session.inLine(`reread ${partitionKey(of)}`, async () => {
      try {
        for (;;) {
          const noted = await this.options.sql.query<{ guid: string }>(
            'select guid from reread where forest = $1 and domain = $2 order by guid limit $3',
            [of.forest, of.domain, rereadChunk],
          )
          for (const { guid } of noted) {
            const body = { $case: 'readObject', value: { ...of, who: guid } } as const
            const { code, entries } = await session.command(body, commandTimeoutMs)
            if (code !== '') return
            if (!(await this.options.commits.answer({ ...of, session: session.id, guid, entries }))) return
            this.options.onPending(of)
          }
          if (noted.length < rereadChunk) return
        }
      } catch (error) {
        this.warn(error)
      }
    })
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

  private again = false

  private async tick(): Promise<void> {
    const { sql, leaseTtlMs, instance } = this.options
    for (const session of [...this.sessions]) {
      if (performance.now() - session.heardMs > leaseTtlMs) await this.detach(session)
    }
    await this.keepLeases()
    for (const session of this.sessions) {
      const free = [...this.wanted.values()].filter((each) => session.serves(each) && !this.holder(each))
      if (free.length === 0) continue
      const rows = await acquirePartitions(sql, {
        session: session.id,
        agent: session.hello.agent,
        instance,
        ttlMs: leaseTtlMs,
        forests: free.map((each) => each.forest),
        domains: free.map((each) => each.domain),
      })
      for (const row of rows) {
        const wanted = this.wanted.get(partitionKey(row))
        if (!wanted || session.ended) continue
        const { forest, domain } = row
        events.partitionLeased({ forest, domain, agent: session.hello.agent, epoch: String(row.epoch) })
        session.assign(wanted, row)
        this.reread(session, { forest, domain })
        this.options.onPending({ forest, domain })
      }
    }
  }

  private async keepLeases(): Promise<void> {
    const ids = [...this.sessions].map((session) => session.id)
    const kept = await renewLeases(this.options.sql, ids, this.options.leaseTtlMs)
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
