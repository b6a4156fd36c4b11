/** One attached agent: its stream, the partitions it holds, the commands it has not answered. */
import { randomUUID } from 'node:crypto'
import { Failure } from '@canopy/chassis'
import type { agent } from '@canopy/proto'
import type { WantedPartition } from '../ports.ts'
import type { PartitionRow } from './partitions.sql.ts'

/** The half of a duplex stream that a session writes. */
export interface AgentStream {
  write(message: agent.HubMessage): boolean
  end(): void
}

export const partitionKey = (of: { readonly forest: string; readonly domain: string }): string =>
  `${of.forest}/${of.domain}`

/** Who an agent is, by its certificate. */
export interface AgentIdentity {
  readonly name: string
  readonly serial: string
  /** None: all. */
  readonly forests: readonly string[]
  readonly notAfterMs: number
}

interface Waiting {
  readonly resolve: (result: agent.CommandResult) => void
  readonly reject: (error: Failure) => void
  readonly timer: NodeJS.Timeout
}

export class AgentSession {
  readonly id = randomUUID()
  readonly hello: agent.Hello
  /** Epoch of each held partition. */
  readonly held = new Map<string, bigint>()
  heardMs = performance.now()
  ended = false
  private readonly stream: AgentStream
  private readonly waiting = new Map<string, Waiting>()
  /** Work of one partition goes one after another. */
  private readonly lines = new Map<string, Promise<void>>()
  private readonly latest = new Map<string, agent.PartitionReport>()

  /** As its certificate says, where it has one; else as it says itself. */
  readonly name: string
  /** Serial number of its certificate; undefined where it came another way. */
  readonly serial: string | undefined
  /** Forests it may read, by its own ceiling and by what it was enrolled for; none: all. */
  readonly forests: readonly string[]

  constructor(stream: AgentStream, hello: agent.Hello, identity?: AgentIdentity) {
    this.stream = stream
    this.hello = hello
    this.name = identity?.name ?? hello.agent
    this.serial = identity?.serial
    this.forests = bothLimits(hello.forests, identity?.forests ?? [])
  }

  send(body: agent.HubMessage['body']): void {
    if (!this.ended) this.stream.write({ body })
  }

  assign(wanted: WantedPartition, row: PartitionRow): void {
    this.held.set(partitionKey(row), row.epoch)
    this.send({
      $case: 'assignment',
      value: {
        forest: row.forest,
        domain: row.domain,
        servers: [...wanted.servers],
        credential: wanted.credential,
        tlsServerName: wanted.tlsServerName,
        epoch: row.epoch,
        nextBatch: row.next_batch,
        cursor: row.cursor,
        attributes: [...wanted.attributes],
        dialect: wanted.dialect,
        pollIntervalMs: wanted.pollIntervalMs,
        refusedCredentialVersion: row.refused_credential,
      },
    })
  }

  release(of: { readonly forest: string; readonly domain: string }, reason: string): void {
    this.held.delete(partitionKey(of))
    this.send({ $case: 'release', value: { forest: of.forest, domain: of.domain, reason } })
  }

  /** Runs `work` behind what was given for the same partition before. */
  inLine(key: string, work: () => Promise<void>): void {
    const before = this.lines.get(key) ?? Promise.resolve()
    const line = before.then(() => (this.ended ? undefined : work()))
    this.lines.set(key, line)
    void line.finally(() => {
      if (this.lines.get(key) === line) this.lines.delete(key)
    })
  }

  busy(key: string): boolean {
    return this.lines.has(key)
  }

  /** Settles when everything under way has ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.lines.values())
  }

  /** Only the newest report of a partition is stored; one at a time. */
  report(report: agent.PartitionReport, store: (report: agent.PartitionReport) => Promise<void>): void {
    const key = partitionKey(report)
    const queued = this.latest.has(key)
    this.latest.set(key, report)
    if (queued) return
    this.inLine(`report ${key}`, async () => {
      const newest = this.latest.get(key)
      this.latest.delete(key)
      if (newest) await store(newest)
    })
  }

  command(body: agent.Command['body'], timeoutMs: number): Promise<agent.CommandResult> {
    const id = randomUUID()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id)
        reject(unanswered(this.name))
      }, timeoutMs)
      this.waiting.set(id, { resolve, reject, timer })
      this.send({ $case: 'command', value: { id, body } })
    })
  }

  answer(result: agent.CommandResult): void {
    const waiting = this.waiting.get(result.id)
    if (!waiting) return
    this.waiting.delete(result.id)
    clearTimeout(waiting.timer)
    waiting.resolve(result)
  }

  end(): void {
    if (this.ended) return
    this.ended = true
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer)
      reject(unanswered(this.name))
    }
    this.waiting.clear()
    this.stream.end()
  }
}

/** Nothing is common: a forest that cannot be. */
const none = ['-'] as const

function bothLimits(own: readonly string[], granted: readonly string[]): readonly string[] {
  if (own.length === 0 || granted.length === 0) return own.length === 0 ? granted : own
  const both = own.filter((name) => granted.includes(name))
  return both.length === 0 ? none : both
}

const unanswered = (agent: string): Failure =>
  new Failure({
    kind: 'transient',
    code: 'CANOPY-CAPTURE-0002',
    message: `agent ${agent} did not answer`,
    mend: 'check that the agent runs and reaches the hub',
  })
