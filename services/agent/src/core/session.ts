/** Keeps one assigned partition read: finds a server, binds once per credential version, reads, and starts over when that ends. */
import type { agent } from '@canopy/proto'
import type { Connector, Credential, Credentials, Directory, Trouble } from '../ports.ts'
import type { Draft } from './batcher.ts'
import { type Cursor, decodeCursor } from './cursor.ts'
import { chooseDialect, dialects } from './dialect.ts'
import type { CredentialGate } from './gate.ts'
import { readPartition } from './reading.ts'
import { type Root, readRoot, seesDeletions } from './root.ts'
import { Wake } from './wake.ts'
import { Window } from './window.ts'

/** Batches under way without an acknowledgement. */
const windowSize = 4
/** Credential files are read again this often while one is missing or refused. */
const credentialPollMs = 2_000
const backOffMs = { first: 500, most: 30_000 } as const

export interface SessionOptions {
  readonly assignment: agent.Assignment
  readonly connector: Connector
  readonly credentials: Credentials
  readonly gate: CredentialGate
  readonly now: () => Date
  readonly random: () => number
  /** Settles when the stream takes more. */
  readonly sendBatch: (batch: agent.Batch) => Promise<void>
  readonly sendReport: (report: agent.PartitionReport) => void
  /** Told when a reading from the start is through. */
  readonly settled?: () => void
}

/** A live connection, for commands. */
export interface Live {
  readonly directory: Directory
  readonly root: Root
  /** A connection of its own to the same server, for a reading beside the stream. */
  readonly another: () => Promise<Directory>
}

export class PartitionSession {
  readonly assignment: agent.Assignment
  live: Live | undefined
  private readonly options: SessionOptions
  private readonly abort = new AbortController()
  private readonly window: Window
  private number: bigint
  private cursor: Cursor | undefined
  private attempts = 0
  private report: agent.PartitionReport
  private readonly stopped = new Wake()

  constructor(options: SessionOptions) {
    this.options = options
    this.assignment = options.assignment
    this.number = options.assignment.nextBatch
    this.window = new Window(windowSize, options.assignment.nextBatch - 1n)
    this.cursor = decodeCursor(options.assignment.cursor)
    const { forest, domain, epoch } = options.assignment
    this.report = { forest, domain, epoch, ...quiet, state: 'PARTITION_STATE_CONNECTING' }
  }

  ack(number: bigint): void {
    this.window.ack(number)
  }

  stop(): void {
    this.abort.abort()
    this.live?.directory.close()
  }

  /** Starts the partition over from nothing. */
  resnapshot(): void {
    this.cursor = undefined
    this.live?.directory.close()
  }

  async run(): Promise<void> {
    const { signal } = this.abort
    while (!signal.aborted) {
      const trouble = await this.attempt()
      if (signal.aborted) return
      if (trouble) this.tell({ state: 'PARTITION_STATE_WAITING', ...pick(trouble) })
      await this.stopped.wait(trouble?.wait ?? this.backOff(), signal)
    }
  }

  private backOff(): number {
    const ceiling = Math.min(backOffMs.most, backOffMs.first * 2 ** this.attempts++)
    return ceiling / 2 + (this.options.random() * ceiling) / 2
  }

  /** One try over all servers; returns what stands in the way. */
  private async attempt(): Promise<(Trouble & { wait?: number }) | undefined> {
    const { credentials } = this.options
    const name = this.assignment.credential
    const known = await credentials.resolve(name)
    let trouble: Trouble | undefined
    // The one to come is tried where the one in use is refused.
    for (const credential of known) {
      trouble = await this.tryWith(credential)
      if (!trouble?.credentialRefused || this.abort.signal.aborted) return trouble
    }
    return { ...(trouble ?? missing(name)), wait: credentialPollMs }
  }

  private async tryWith(credential: Credential): Promise<Trouble | undefined> {
    const { gate, connector } = this.options
    this.report.credentialVersion = credential.version
    const refusal = gate.refusal(credential.version)
    if (refusal) return refusal
    try {
      let trouble: Trouble | undefined
      for (const server of await connector.servers(this.assignment)) {
        trouble = await this.readFrom(server, credential)
        if (this.abort.signal.aborted || trouble?.credentialRefused) break
      }
      return trouble
    } catch (error) {
      return connector.explain(this.assignment.domain, error)
    }
  }

  private async readFrom(server: string, credential: Credential): Promise<Trouble | undefined> {
    const { connector, gate } = this.options
    const { signal } = this.abort
    let directory: Directory | undefined
    try {
      // While it waits it says so until it is through: a try in between is no change.
      const waiting = this.report.state === 'PARTITION_STATE_WAITING'
      const credentialVersion = credential.version
      if (waiting) this.tell({ server, credentialVersion })
      else this.tell({ ...quiet, state: 'PARTITION_STATE_CONNECTING', server, credentialVersion })
      const { tlsServerName, credential: credentialName, domain } = this.assignment
      const connect = () => connector.connect({ server, tlsServerName, credential, credentialName, signal })
      const { version } = credential
      const refusal = (error: unknown): Trouble | undefined => refusedBy(connector.explain(server, error))
      directory = await gate.attempt({ version, credential: credentialName, run: connect, refusal })
      if (!directory) return gate.refusal(credential.version)
      const root = await readRoot(directory, domain)
      if (!root) return connector.wrongDirectory(directory.server, domain)
      this.live = { directory, root, another: connect }
      await this.read(directory, root)
      return undefined
    } catch (error) {
      if (signal.aborted) return undefined
      return connector.explain(directory?.server ?? server, error)
    } finally {
      this.live = undefined
      directory?.close()
    }
  }

  private async read(directory: Directory, root: Root): Promise<void> {
    const dialect = chooseDialect({ asked: this.assignment.dialect, kept: this.cursor?.dialect, kind: root.kind })
    const sees = dialects[dialect].tellsDeletions || (await seesDeletions(directory, root.namingContext))
    await readPartition({
      directory,
      root,
      assignment: this.assignment,
      cursor: this.cursor,
      signal: this.abort.signal,
      send: (draft) => this.send(draft, directory.server, root.namingContext),
      progress: ({ dialect, phase, entries, skipped }) => {
        const state = phase === 'snapshot' ? 'PARTITION_STATE_SNAPSHOT' : 'PARTITION_STATE_STREAM'
        if (phase === 'stream') {
          this.attempts = 0
          this.options.settled?.()
        }
        const blind = sees ? {} : blindness(this.assignment)
        const skippedNote = skipped > 0 ? { message: `${skipped} entries without objectGUID were skipped` } : {}
        const kept = { seesDeletions: sees, credentialVersion: this.report.credentialVersion }
        const next = { ...quiet, ...skippedNote, ...blind, ...kept, state, server: directory.server, dialect } as const
        this.tell({ ...next, entriesRead: phase === 'snapshot' ? entries : this.report.entriesRead })
      },
    })
  }

  private async send(draft: Draft, server: string, namingContext: string): Promise<void> {
    const number = this.number
    await this.window.room(number, this.abort.signal)
    this.number = number + 1n
    this.cursor = decodeCursor(draft.cursor)
    const { forest, domain, epoch } = this.assignment
    await this.options.sendBatch({
      forest,
      domain,
      epoch,
      number,
      phase: draft.phase === 'snapshot' ? 'PHASE_SNAPSHOT' : 'PHASE_STREAM',
      entries: draft.entries,
      cursor: draft.cursor,
      caughtUp: draft.caughtUp,
      snapshotBegin: draft.begin,
      snapshotComplete: draft.complete,
      snapshotNamesOnly: draft.namesOnly,
      observedAt: this.options.now(),
      server,
      namingContext,
    })
  }

  /** Sends a report when it says something new. */
  private tell(change: Partial<agent.PartitionReport>): void {
    const next = { ...this.report, ...change }
    const same = (Object.keys(next) as (keyof agent.PartitionReport)[]).every((key) => next[key] === this.report[key])
    this.report = next
    if (!same) this.options.sendReport(next)
  }
}

/** The refusal itself, where it is one. */
export const refusedBy = (trouble: Trouble): Trouble | undefined => (trouble.credentialRefused ? trouble : undefined)

const quiet = {
  server: '',
  dialect: '',
  seesDeletions: false,
  code: '',
  message: '',
  mend: '',
  entriesRead: 0,
  credentialVersion: '',
} as const

const pick = ({ code, message, mend }: Trouble): Pick<agent.PartitionReport, 'code' | 'message' | 'mend'> => ({
  code,
  message,
  mend,
})

const missing = (name: string): Trouble => ({
  code: 'CANOPY-LDAP-0009',
  message: `the agent has no credential ${name}`,
  mend: `put username and password of ${name} where the agent looks for credentials; no restart is needed`,
  credentialRefused: false,
})

const blindness = ({ domain, credential }: agent.Assignment) => ({
  code: 'CANOPY-LDAP-0005',
  message: `${domain}: the account of ${credential} cannot see deletions`,
  mend: 'let the account list and read CN=Deleted Objects; until then what is deleted here stays in the cloud',
})
