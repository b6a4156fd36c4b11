/** Reads a domain by uSNChanged: whole objects whose number rose, window by window. */
import type { FeedEvent } from '../ports.ts'
import type { Controller } from './controller.ts'
import { type Cursor, encodeCursor } from './cursor.ts'
import { directories } from './dialect.ts'
import { readContainers } from './dirsync.ts'
import { type FeedOptions, readPages } from './feed.ts'
import { attributeList, observedFilter } from './observed.ts'
import { goOn, marked } from './usn-position.ts'

type UsnCursor = Extract<Cursor, { dialect: 'usn' }>

/** Entries per window aimed at: a window is the unit that a broken snapshot goes on from. */
const windowEntries = 5_000

/**
 * One pass up to the USN that was the highest when it began. Another controller's database is read over as changes,
 * tombstones and all: it may lack what the last one had, and what it lacks is not gone.
 */
export async function* readUsn(
  options: FeedOptions,
  controller: Controller,
  stored: UsnCursor | undefined,
): AsyncGenerator<FeedEvent, UsnCursor> {
  const { invocationId } = controller
  const state = await controller.state()
  const known = stored?.invocationId === invocationId ? stored.tail : undefined
  const goesOn = await controller.tail(options, known, state.highest)
  const tail = goesOn ?? (await controller.tail(options, undefined, state.highest))
  const { from, others } = goOn(stored, invocationId, { ...state, wentBack: !goesOn })
  const snapshot = from?.phase !== 'stream'
  const until = from?.phase === 'snapshot' ? from.until : state.highest
  let cursor: UsnCursor = from
    ? { ...from, until, others, tail, marks: marked(from, state.day) }
    : { dialect: 'usn', phase: 'snapshot', invocationId, usn: 0, until, others, tail }
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
