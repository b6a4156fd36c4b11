/** Cuts a feed into batches a hub can commit: whole entries, bounded in number and bytes, each with the cursor behind it. */
import type { agent } from '@canopy/proto'
import type { FeedEvent } from '../ports.ts'

const maxEntries = 500
const maxBytes = 512 * 1024

/** A batch before it has a number. */
export interface Draft {
  readonly entries: agent.Entry[]
  readonly cursor: Buffer
  readonly phase: 'snapshot' | 'stream'
  readonly begin: boolean
  readonly complete: boolean
  /** The enumeration that is complete told again only what had changed. */
  readonly namesOnly: boolean
  readonly caughtUp: boolean
}

export class Batcher {
  private entries: agent.Entry[] = []
  private bytes = 0
  private begin = false
  private complete = false
  private namesOnly = false
  private cursor: Buffer
  private phase: 'snapshot' | 'stream'
  /** Entries without an identity, reported and left out. */
  skipped = 0

  constructor(cursor: Buffer, phase: 'snapshot' | 'stream') {
    this.cursor = cursor
    this.phase = phase
  }

  /**
   * A batch when one is full or asked for. Its cursor is the last position before its end: what follows that
   * position is read again after a break, which is harmless.
   */
  push(event: FeedEvent): Draft | undefined {
    switch (event.type) {
      case 'begin':
        this.begin = true
        this.phase = 'snapshot'
        this.cursor = event.cursor ?? Buffer.alloc(0)
        return undefined
      case 'entry': {
        const full = this.entries.length > 0 && this.bytes + event.bytes > maxBytes
        const draft = full ? this.take(false) : undefined
        this.entries.push(event.entry)
        this.bytes += event.bytes
        // An entry of its own size was just let out: the next one waits for the next push.
        return draft ?? (this.entries.length >= maxEntries ? this.take(false) : undefined)
      }
      case 'skipped':
        this.skipped++
        return undefined
      case 'position':
        this.cursor = event.cursor
        this.phase = event.phase
        return event.flush ? this.take(false) : undefined
      case 'complete':
        this.complete = true
        this.namesOnly = event.namesOnly ?? false
        this.cursor = event.cursor
        return undefined
      case 'caughtUp': {
        this.cursor = event.cursor
        const draft = this.take(true)
        this.phase = 'stream'
        return draft
      }
    }
  }

  private take(caughtUp: boolean): Draft {
    const draft: Draft = {
      entries: this.entries,
      cursor: this.cursor,
      phase: this.phase,
      begin: this.begin,
      complete: this.complete,
      namesOnly: this.namesOnly,
      caughtUp,
    }
    this.entries = []
    this.bytes = 0
    this.begin = false
    this.complete = false
    this.namesOnly = false
    return draft
  }
}
