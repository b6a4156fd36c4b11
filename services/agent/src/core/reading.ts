/** Reads one partition over one connection: snapshot, then stream, until the connection or the assignment ends. */
import type { agent } from '@canopy/proto'
import { type Directory, type FeedEvent, LdapError } from '../ports.ts'
import { Batcher, type Draft } from './batcher.ts'
import { type Controller, connectedController } from './controller.ts'
import { type Cursor, CursorLost, encodeCursor } from './cursor.ts'
import { chooseDialect, type Dialect, dialects } from './dialect.ts'
import { DirSyncUnavailable, readDirSync } from './dirsync.ts'
import { type Root, watchChanges } from './root.ts'
import { readSyncrepl } from './syncrepl.ts'
import { readUsn } from './usn.ts'
import { Wake } from './wake.ts'

const defaultPollMs = 2_000
/** An idle feed says that it is alive, and how far it is, this often. */
const idleBatchMs = 10_000

export interface ReadingOptions {
  readonly directory: Directory
  readonly root: Root
  readonly assignment: agent.Assignment
  /** Where the last batch that was sent ended. */
  readonly cursor: Cursor | undefined
  readonly signal: AbortSignal
  readonly send: (draft: Draft) => Promise<void>
  /** Told when phase or dialect change, and how many entries a snapshot has. */
  readonly progress: (state: {
    dialect: Dialect
    phase: 'snapshot' | 'stream'
    entries: number
    skipped: number
  }) => void
}

/** Ends by throwing: the connection's failure, the signal's reason. */
export async function readPartition(options: ReadingOptions): Promise<never> {
  const { directory, root, assignment, signal } = options
  const wake = new Wake()
  void directory.closed.then(() => wake.ring())
  const reader = new Reader(options, wake)
  if (dialects[reader.dialect].wakes === 'notification') {
    void watchChanges(directory, root.namingContext, () => wake.ring())
  }
  return reader.run(assignment.pollIntervalMs || defaultPollMs, signal)
}

class Reader {
  private readonly options: ReadingOptions
  private readonly wake: Wake
  private cursor: Cursor | undefined
  /** One for a connection. */
  private controller: Promise<Controller | undefined> | undefined
  dialect: Dialect
  private entries = 0
  /** Since the last reading from the start. */
  private skipped = 0
  private lastSentMs = 0
  private sentInPass = false

  constructor(options: ReadingOptions, wake: Wake) {
    this.options = options
    this.wake = wake
    const { assignment, cursor, root } = options
    this.dialect = chooseDialect({ asked: assignment.dialect, kept: cursor?.dialect, kind: root.kind })
    this.cursor = options.cursor?.dialect === this.dialect ? options.cursor : undefined
  }

  async run(pollMs: number, signal: AbortSignal): Promise<never> {
    for (;;) {
      signal.throwIfAborted()
      try {
        await this.pass()
      } catch (error) {
        if (error instanceof DirSyncUnavailable && this.options.assignment.dialect !== 'dirsync') this.dialect = 'usn'
        else if (!(error instanceof CursorLost)) throw error
        this.cursor = undefined
        continue
      }
      await this.wake.wait(pollMs, signal)
    }
  }

  /** One reading up to "no more data". */
  private async pass(): Promise<void> {
    let phase = this.cursor?.phase ?? 'snapshot'
    this.entries = 0
    this.sentInPass = false
    if (!this.cursor) this.skipped = 0
    this.report(phase, this.skipped)
    const batcher = new Batcher(this.cursor ? encodeCursor(this.cursor) : Buffer.alloc(0), phase)
    const feed = await this.feed()
    try {
      for (;;) {
        const event = await feed.next()
        if (event.done) {
          this.cursor = event.value
          break
        }
        if (event.value.type === 'entry') this.entries++
        else if (event.value.type === 'entries') this.entries += event.value.parts.length
        for (const draft of batcher.push(event.value)) {
          await this.send(draft, this.skipped + batcher.skipped)
          // A feed that stays open does not end its pass when it is through with what there was.
          if (draft.begin) phase = 'snapshot'
          if (draft.caughtUp && phase === 'snapshot') {
            phase = 'stream'
            this.report(phase, this.skipped + batcher.skipped)
          }
        }
        this.options.signal.throwIfAborted()
      }
    } finally {
      await feed.return(undefined as never)
    }
    this.skipped += batcher.skipped
  }

  private async send(draft: Draft, skipped: number): Promise<void> {
    const now = performance.now()
    const idle = draft.entries.length === 0 && !draft.complete && !draft.begin && !this.sentInPass
    if (idle && now - this.lastSentMs < idleBatchMs) return
    this.lastSentMs = now
    this.sentInPass = true
    if (draft.phase === 'snapshot') this.report('snapshot', skipped)
    await this.options.send(draft)
  }

  private async feed(): Promise<AsyncGenerator<FeedEvent, Cursor>> {
    const { directory, root, assignment, signal } = this.options
    const { namingContext, kind } = root
    const options = { directory, kind, namingContext, attributes: assignment.attributes }
    const { cursor } = this
    switch (this.dialect) {
      case 'dirsync':
        return readDirSync(options, await this.connected(), cursor?.dialect === 'dirsync' ? cursor : undefined)
      case 'syncrepl':
        return readSyncrepl({ ...options, signal }, cursor?.dialect === 'syncrepl' ? cursor : undefined)
      case 'usn': {
        const controller = await this.connected()
        if (!controller) throw new LdapError(50, 'the server does not tell its invocationId')
        return readUsn(options, controller, cursor?.dialect === 'usn' ? cursor : undefined)
      }
    }
  }

  private connected(): Promise<Controller | undefined> {
    const { directory, root } = this.options
    this.controller ??= connectedController(directory, root.dsServiceName)
    return this.controller
  }

  private report(phase: 'snapshot' | 'stream', skipped: number): void {
    this.options.progress({ dialect: this.dialect, phase, entries: this.entries, skipped })
  }
}
