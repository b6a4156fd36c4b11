/** Cuts a feed into batches a hub can commit: whole entries, bounded in number and bytes, each with the cursor behind it. */
import type { agent } from '@canopy/proto'
import type { FeedEvent, Part } from '../ports.ts'

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
   * Batches that are full or asked for. The cursor of one is the last position before its end: what follows that
   * position is read again after a break, which is harmless.
   */
  push(event: FeedEvent): readonly Draft[] {
    switch (event.type) {
      case 'begin':
        this.begin = true
        this.phase = 'snapshot'
        this.cursor = event.cursor ?? Buffer.alloc(0)
        return []
      case 'entry':
        return this.add([event])
      case 'entries':
        return this.add(event.parts)
      case 'skipped':
        this.skipped++
        return []
      case 'position':
        this.cursor = event.cursor
        this.phase = event.phase
        return event.flush ? [this.take(false)] : []
      case 'complete':
        this.complete = true
        this.namesOnly = event.namesOnly ?? false
        this.cursor = event.cursor
        return []
      case 'caughtUp': {
        this.cursor = event.cursor
        const draft = this.take(true)
        this.phase = 'stream'
        return [draft]
      }
    }
  }

  private add(parts: readonly Part[]): Draft[] {
    const drafts: Draft[] = []
    for (const { entry, bytes } of parts) {
      if (this.entries.length > 0 && this.bytes + bytes > maxBytes) drafts.push(this.take(false))
      this.entries.push(entry)
      this.bytes += bytes
      if (this.entries.length >= maxEntries) drafts.push(this.take(false))
    }
    return drafts
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
