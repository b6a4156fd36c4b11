/** What the dialects share: the reading of a page, its conversion, its events. */
import type { Directory, FeedEvent, Part, Search, SearchResult } from '../ports.ts'
import { type DirectoryKind, directories } from './dialect.ts'
import { type Converted, EntryConverter, type Hints, type RangeMeaning } from './entry.ts'
import { readMembers } from './ranges.ts'

export interface FeedOptions {
  readonly directory: Directory
  readonly kind: DirectoryKind
  readonly namingContext: string
  /** Attributes that mappings read. */
  readonly attributes: readonly string[]
}

export interface ReadHow {
  readonly ranges: RangeMeaning
  /** What was asked for and is absent is absent there. */
  readonly complete: boolean
  /** What is known of an entry by its distinguished name. */
  readonly hints?: (dn: string) => Hints
}

/** Parts handed over at once; and about how many bytes of them. */
const maxParts = 250
const maxPartBytes = 512 * 1024

/** Runs a search and yields its entries by lists; the value is the search's result. */
export async function* readLists(
  { directory, kind }: FeedOptions,
  search: Search,
  how: ReadHow,
): AsyncGenerator<FeedEvent, SearchResult> {
  const pages = directory.search(search)
  const converter = new EntryConverter(kind, how.ranges)
  // Lists that go on are finished after the search: one search at a time keeps the socket's order simple.
  const unfinished: { guid: string; dn: string }[] = []
  const collected = new Collected()
  try {
    for (;;) {
      const page = await pages.next()
      if (page.done) {
        for (const list of unfinished) yield* readMembers(directory, list)
        return page.value
      }
      for (const raw of page.value) {
        const converted = converter.convert(raw, how.complete, how.hints)
        if (!converted) {
          yield { type: 'skipped', reason: `no ${directories[kind].guid}` }
          continue
        }
        for (const part of converted.parts) if (collected.add(part)) yield collected.take()
        if (converted.goesOn) unfinished.push({ guid: converted.guid, dn: converted.dn })
      }
      if (!collected.empty) yield collected.take()
    }
  } finally {
    await pages.return(undefined as never)
  }
}

/** Parts on their way to be handed over together. */
export class Collected {
  private parts: Part[] = []
  private bytes = 0

  get empty(): boolean {
    return this.parts.length === 0
  }

  /** True: enough. */
  add(part: Part): boolean {
    this.parts.push(part)
    this.bytes += part.bytes
    return this.parts.length >= maxParts || this.bytes >= maxPartBytes
  }

  take(): FeedEvent {
    const { parts } = this
    this.parts = []
    this.bytes = 0
    return { type: 'entries', parts }
  }
}

/** The same, entry by entry, for who reads few. */
export const readEntries = (
  options: FeedOptions,
  search: Search,
  how: ReadHow,
): AsyncGenerator<FeedEvent, SearchResult> => oneByOne(readLists(options, search, how))

async function* oneByOne<R>(feed: AsyncGenerator<FeedEvent, R>): AsyncGenerator<FeedEvent, R> {
  try {
    for (;;) {
      const event = await feed.next()
      if (event.done) return event.value
      if (event.value.type !== 'entries') yield event.value
      else for (const part of event.value.parts) yield { type: 'entry', ...part }
    }
  } finally {
    await feed.return(undefined as never)
  }
}

export function* entryEvents({ parts }: Converted): Generator<FeedEvent> {
  for (const { entry, bytes } of parts) yield { type: 'entry', entry, bytes }
}

/** A paged search of a thousand entries per page: goes on while there is a cookie, also behind an empty page. */
export async function* readPages(options: FeedOptions, search: Search, how: ReadHow): AsyncGenerator<FeedEvent> {
  let cookie: Buffer = Buffer.alloc(0)
  for (;;) {
    const controls = [...(search.controls ?? []), { type: 'paged', size: 1000, cookie } as const]
    const { pagedCookie } = yield* readLists(options, { ...search, controls }, how)
    if (!pagedCookie || pagedCookie.length === 0) return
    cookie = pagedCookie
  }
}

/** The same, entry by entry. */
export const readPaged = (options: FeedOptions, search: Search, how: ReadHow): AsyncGenerator<FeedEvent> =>
  oneByOne(readPages(options, search, how))
