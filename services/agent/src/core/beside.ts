/** Reads a place again beside the stream, a part per command, over a connection of its own. */
import type { agent } from '@canopy/proto'
import type { Directory, FeedEvent, SearchControl } from '../ports.ts'
import { directories } from './dialect.ts'
import { type FeedOptions, readPaged } from './feed.ts'
import { attributeList, observedFilter } from './observed.ts'
import type { Live } from './session.ts'

const maxEntries = 500
const maxBytes = 1024 * 1024
/** A reading that nobody goes on with gives its connection back. */
const idleMs = 180_000

export interface Part {
  readonly entries: readonly agent.Entry[]
  readonly more: boolean
}

interface Open {
  readonly directory: Directory
  readonly feed: AsyncGenerator<FeedEvent>
  idle: NodeJS.Timeout | undefined
}

/** The reading is not known here: it must start over. */
export class ReadingLost extends Error {
  override readonly name = 'ReadingLost'
}

export class BesideReadings {
  private readonly open = new Map<string, Open>()

  /** The next part below `base`; empty: the whole partition. Throws ReadingLost for one that was not begun here. */
  async next(
    live: Live,
    request: { readonly id: string; readonly base: string; readonly first: boolean },
    attributes: readonly string[],
  ): Promise<Part> {
    const { id } = request
    if (request.first) {
      this.end(id)
      this.open.set(id, await begin(live, request.base, attributes))
    }
    const reading = this.open.get(id)
    if (!reading) throw new ReadingLost('the reading was interrupted')
    clearTimeout(reading.idle)
    try {
      const part = await take(reading.feed)
      if (part.more) reading.idle = setTimeout(() => this.end(id), idleMs).unref()
      else this.end(id)
      return part
    } catch (error) {
      this.end(id)
      throw error
    }
  }

  /** Ends all: the hub is gone, or the agent stops. */
  close(): void {
    for (const id of [...this.open.keys()]) this.end(id)
  }

  private end(id: string): void {
    const reading = this.open.get(id)
    if (!reading) return
    this.open.delete(id)
    clearTimeout(reading.idle)
    reading.directory.close()
  }
}

async function begin(live: Live, base: string, attributes: readonly string[]): Promise<Open> {
  const directory = await live.another()
  const { kind, namingContext } = live.root
  const options: FeedOptions = { directory, kind, namingContext, attributes }
  const controls: readonly SearchControl[] = kind === 'plain' ? [] : [{ type: 'extendedDn' }]
  const search = {
    base: base === '' ? namingContext : base,
    scope: 'sub',
    filter: observedFilter(kind),
    attributes: attributeList(attributes, directories[kind].needed),
    controls,
  } as const
  return { directory, feed: readPaged(options, search, { ranges: 'part', complete: true }), idle: undefined }
}

async function take(feed: AsyncGenerator<FeedEvent>): Promise<Part> {
  const entries: agent.Entry[] = []
  let bytes = 0
  while (entries.length < maxEntries && bytes < maxBytes) {
    const event = await feed.next()
    if (event.done) return { entries, more: false }
    if (event.value.type !== 'entry') continue
    entries.push(event.value.entry)
    bytes += event.value.bytes
  }
  return { entries, more: true }
}
