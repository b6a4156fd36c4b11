/** Reads a domain by uSNChanged: whole objects whose number rose, window by window. */
import { dateFromGeneralizedTime } from '@canopy/domain'
import type { Directory, FeedEvent } from '../ports.ts'
import { type Cursor, CursorLost, encodeCursor } from './cursor.ts'
import { directories } from './dialect.ts'
import { readContainers } from './dirsync.ts'
import { type FeedOptions, readPages } from './feed.ts'
import { attributeList, observedFilter } from './observed.ts'
import { goOn, marked, type UsnState } from './usn-position.ts'

type UsnCursor = Extract<Cursor, { dialect: 'usn' }>

/** Entries per window aimed at: a window is the unit that a broken snapshot goes on from. */
const windowEntries = 5_000

export interface UsnSource {
  /** Of the server's database: its USNs mean nothing elsewhere. */
  readonly invocationId: string
  state(): Promise<UsnState>
}

/**
 * One pass up to the USN that was the highest when it began. Another controller's database is read over as changes,
 * tombstones and all: it may lack what the last one had, and what it lacks is not gone.
 */
export async function* readUsn(
  options: FeedOptions,
  source: UsnSource,
  stored: UsnCursor | undefined,
): AsyncGenerator<FeedEvent, UsnCursor> {
  const { invocationId } = source
  const state = await source.state()
  const { from, others } = goOn(stored, invocationId, state)
  const snapshot = from?.phase !== 'stream'
  const until = from?.phase === 'snapshot' ? from.until : state.highest
  let cursor: UsnCursor = from
    ? { ...from, until, others, marks: marked(from, state.day) }
    : { dialect: 'usn', phase: 'snapshot', invocationId, usn: 0, until, others }
  if (!from) {
    yield { type: 'begin' }
    yield* readContainers(options)
    yield { type: 'position', cursor: encodeCursor(cursor), phase: 'snapshot', flush: true }
  }
  let width = snapshot || cursor.usn === 0 ? 20_000 : 1_000_000
  while (cursor.usn < until) {
    const to = Math.min(until, cursor.usn + width)
    let entries = 0
    for await (const event of readPages(options, windowSearch(options, cursor.usn + 1, to, snapshot), whole)) {
      if (event.type === 'entries') entries += event.parts.length
      yield event
    }
    cursor = { ...cursor, usn: to }
    if (cursor.usn < until) {
      yield { type: 'position', cursor: encodeCursor(cursor), phase: cursor.phase, flush: false }
      width = entries < windowEntries / 4 ? width * 4 : entries > windowEntries ? Math.max(1_000, width / 2) : width
    }
  }
  cursor = { ...cursor, phase: 'stream', usn: until }
  if (snapshot) {
    yield* enumerate(options)
    yield { type: 'complete', cursor: encodeCursor(cursor) }
  }
  yield { type: 'caughtUp', cursor: encodeCursor(cursor) }
  return cursor
}

/**
 * Every object's GUID in one search. An object that changes during the snapshot may slip from a window not yet read into
 * one behind the end; only an enumeration that knows no windows proves what is absent.
 */
async function* enumerate(options: FeedOptions): AsyncGenerator<FeedEvent> {
  const search = {
    base: options.namingContext,
    scope: 'sub',
    filter: observedFilter('activeDirectory'),
    attributes: ['objectGUID'],
    controls: [{ type: 'extendedDn' }],
  } as const
  yield* readPages(options, search, { ranges: 'part', complete: false })
}

const whole = { ranges: 'part', complete: true } as const

const windowSearch = ({ namingContext, attributes }: FeedOptions, from: number, to: number, snapshot: boolean) =>
  ({
    base: namingContext,
    scope: 'sub',
    filter: `(&(uSNChanged>=${from})(uSNChanged<=${to})${observedFilter('activeDirectory')})`,
    attributes: attributeList(attributes, directories.activeDirectory.needed),
    // A snapshot needs no tombstones: what it does not show is absent.
    controls: [{ type: 'extendedDn' }, ...(snapshot ? [] : [{ type: 'showDeleted' } as const])],
  }) as const

/** Reads the root DSE and the NTDS settings of the server that is connected. */
export async function usnSource(directory: Directory, dsServiceName: string): Promise<UsnSource> {
  const settings = await readOne(directory, dsServiceName, ['invocationId'])
  const invocationId = settings?.get('invocationid')?.[0]
  if (!invocationId) throw new CursorLost('the server does not tell its invocationId')
  return {
    invocationId: invocationId.toString('hex'),
    state: async () => {
      const root = await readOne(directory, '', ['highestCommittedUSN', 'currentTime'])
      const text = (name: string): string => root?.get(name)?.[0]?.toString('latin1') ?? ''
      const timeMs = dateFromGeneralizedTime(text('currenttime'))?.getTime() ?? 0
      return { highest: Number(text('highestcommittedusn')), day: Math.floor(timeMs / 86_400_000) }
    },
  }
}

/** One entry by its name: values by lower-case attribute name; undefined if there is none. */
export async function readOne(
  directory: Directory,
  base: string,
  attributes: readonly string[],
): Promise<ReadonlyMap<string, readonly Buffer[]> | undefined> {
  let found: ReadonlyMap<string, readonly Buffer[]> | undefined
  for await (const entries of directory.search({ base, scope: 'base', filter: '(objectClass=*)', attributes })) {
    for (const entry of entries) found = new Map(entry.attributes.map((a) => [a.name.toLowerCase(), a.values]))
  }
  return found
}
