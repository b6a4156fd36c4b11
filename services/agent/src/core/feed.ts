/** What the dialects share: the reading of a page, its conversion, its events. */
import type { Directory, FeedEvent, Search, SearchResult } from '../ports.ts'
import { type Converted, convertEntry, memberPart, type RangeMeaning } from './entry.ts'

export interface FeedOptions {
  readonly directory: Directory
  readonly namingContext: string
  /** Attributes that mappings read. */
  readonly attributes: readonly string[]
}

/** Runs a search and yields its entries as events; the value is the search's result. */
export async function* readEntries(
  { directory }: FeedOptions,
  search: Search,
  how: { readonly ranges: RangeMeaning; readonly complete: boolean },
): AsyncGenerator<FeedEvent, SearchResult> {
  const pages = directory.search(search)
  // Lists that go on are finished after the search: one search at a time keeps the socket's order simple.
  const unfinished: { guid: string; dn: string; at: number }[] = []
  try {
    for (;;) {
      const page = await pages.next()
      if (page.done) {
        for (const list of unfinished) yield* readMembers(directory, list)
        return page.value
      }
      for (const raw of page.value) {
        const converted = convertEntry(raw, how.ranges, how.complete)
        if (!converted) {
          yield { type: 'skipped', reason: 'no objectGUID' }
          continue
        }
        yield* entryEvents(converted)
        if (converted.continueAt !== undefined) {
          unfinished.push({ guid: converted.guid, dn: converted.entries[0]!.dn, at: converted.continueAt })
        }
      }
    }
  } finally {
    await pages.return(undefined as never)
  }
}

function* entryEvents({ entries, bytes }: Converted): Generator<FeedEvent> {
  const share = Math.ceil(bytes / entries.length)
  for (const entry of entries) yield { type: 'entry', entry, bytes: share }
}

/** The rest of a member list, part by part, in ranges as large as the server allows. */
async function* readMembers(
  directory: Directory,
  list: { readonly guid: string; readonly dn: string; readonly at: number },
): AsyncGenerator<FeedEvent> {
  let at: number | undefined = list.at
  while (at !== undefined) {
    const { values, next }: MemberRange = await readRange(directory, list.guid, at)
    for (const entry of memberPart(list, values, next === undefined)) {
      yield { type: 'entry', entry, bytes: 100 + values.length * 160 }
    }
    at = next
  }
}

interface MemberRange {
  readonly values: readonly Buffer[]
  readonly next: number | undefined
}

async function readRange(directory: Directory, guid: string, from: number): Promise<MemberRange> {
  for await (const entries of directory.search({
    base: `<GUID=${guid}>`,
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: [`member;range=${from}-*`],
    controls: [{ type: 'extendedDn' }],
  })) {
    for (const { name, values } of entries.flatMap((entry) => entry.attributes)) {
      const range = /^member;range=\d+-(\d+|\*)$/i.exec(name)
      if (range) return { values, next: range[1] === '*' || values.length === 0 ? undefined : Number(range[1]) + 1 }
    }
  }
  return { values: [], next: undefined }
}

/** A paged search of a thousand entries per page: goes on while there is a cookie, also behind an empty page. */
export async function* readPaged(
  options: FeedOptions,
  search: Search,
  how: { readonly ranges: RangeMeaning; readonly complete: boolean },
): AsyncGenerator<FeedEvent> {
  let cookie: Buffer = Buffer.alloc(0)
  for (;;) {
    const controls = [...(search.controls ?? []), { type: 'paged', size: 1000, cookie } as const]
    const { pagedCookie } = yield* readEntries(options, { ...search, controls }, how)
    if (!pagedCookie || pagedCookie.length === 0) return
    cookie = pagedCookie
  }
}
