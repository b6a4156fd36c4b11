/** What the dialects share: the reading of a page, its conversion, its events. */
import type { Directory, FeedEvent, Search, SearchResult } from '../ports.ts'
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
  /** By distinguished name. */
  readonly hints?: (dn: string) => Hints
}

/** Runs a search and yields its entries as events; the value is the search's result. */
export async function* readEntries(
  { directory, kind }: FeedOptions,
  search: Search,
  how: ReadHow,
): AsyncGenerator<FeedEvent, SearchResult> {
  const pages = directory.search(search)
  const converter = new EntryConverter(kind, how.ranges)
  // Lists that go on are finished after the search: one search at a time keeps the socket's order simple.
  const unfinished: { guid: string; dn: string }[] = []
  try {
    for (;;) {
      const page = await pages.next()
      if (page.done) {
        for (const list of unfinished) yield* readMembers(directory, list)
        return page.value
      }
      for (const raw of page.value) {
        const converted = converter.convert(raw, how.complete, how.hints?.(raw.dn))
        if (!converted) {
          yield { type: 'skipped', reason: `no ${directories[kind].guid}` }
          continue
        }
        yield* entryEvents(converted)
        if (converted.goesOn) unfinished.push({ guid: converted.guid, dn: converted.dn })
      }
    }
  } finally {
    await pages.return(undefined as never)
  }
}

export function* entryEvents({ parts }: Converted): Generator<FeedEvent> {
  for (const { entry, bytes } of parts) yield { type: 'entry', entry, bytes }
}

/** A paged search of a thousand entries per page: goes on while there is a cookie, also behind an empty page. */
export async function* readPaged(options: FeedOptions, search: Search, how: ReadHow): AsyncGenerator<FeedEvent> {
  let cookie: Buffer = Buffer.alloc(0)
  for (;;) {
    const controls = [...(search.controls ?? []), { type: 'paged', size: 1000, cookie } as const]
    const { pagedCookie } = yield* readEntries(options, { ...search, controls }, how)
    if (!pagedCookie || pagedCookie.length === 0) return
    cookie = pagedCookie
  }
}
