/** Reads a domain by DirSync: the directory says what changed, links value by value. */
import { type FeedEvent, LdapError } from '../ports.ts'
import type { Controller } from './controller.ts'
import { type Cursor, CursorLost, encodeCursor } from './cursor.ts'
import { directories } from './dialect.ts'
import { type FeedOptions, readLists, readPages } from './feed.ts'
import { attributeList, containerFilter, observedFilter } from './observed.ts'

const { needed } = directories.activeDirectory
const incrementalValues = 0x8000_0000
const objectSecurity = 0x1
/** Bytes per page asked for; a hint that some servers ignore. */
const maxBytes = 2 * 1024 * 1024

/** DirSync is not to be had here at all: another dialect must do. */
export class DirSyncUnavailable extends Error {
  override readonly name = 'DirSyncUnavailable'
}

type DirSyncCursor = Extract<Cursor, { dialect: 'dirsync' }>

/**
 * One pass up to "no more data". From the start it yields the containers first, because pages come in any order.
 * Throws CursorLost when the server no longer takes the cookie or went back behind it, DirSyncUnavailable when it takes none.
 */
export async function* readDirSync(
  options: FeedOptions,
  controller: Controller | undefined,
  from: DirSyncCursor | undefined,
): AsyncGenerator<FeedEvent, DirSyncCursor> {
  const snapshot = from?.phase !== 'stream'
  const known = from?.controllers ?? []
  // Ahead of the reading: what changes from here on, the next pass compares.
  const start: DirSyncCursor = { ...origin, controllers: (await controller?.mark(options, known)) ?? known }
  if (!from) {
    yield { type: 'begin' }
    yield* readContainers(options)
    yield { type: 'position', cursor: encodeCursor(start), phase: 'snapshot', flush: true }
  }
  let cookie = Buffer.from(from?.cookie ?? '', 'base64')
  let flags = incrementalValues
  for (;;) {
    const page = readLists(options, dirSyncSearch(options, flags, cookie), { ranges: 'incremental', complete: false })
    let answer: { readonly more: boolean; readonly cookie: Buffer } | undefined
    try {
      answer = (yield* page).dirsync
    } catch (error) {
      if (error instanceof LdapError && error.code === 50 && (flags & objectSecurity) === 0) {
        flags |= objectSecurity
        continue
      }
      throw translate(error, cookie)
    }
    if (!answer) throw new DirSyncUnavailable('the server ignored the DirSync control')
    cookie = Buffer.from(answer.cookie)
    if (answer.more) {
      const cursor = { ...start, phase: snapshot ? 'snapshot' : 'stream', cookie: cookie.toString('base64') } as const
      yield { type: 'position', cursor: encodeCursor(cursor), phase: cursor.phase, flush: false }
      continue
    }
    const cursor: DirSyncCursor = { ...start, phase: 'stream', cookie: cookie.toString('base64') }
    if (snapshot) yield { type: 'complete', cursor: encodeCursor(cursor) }
    yield { type: 'caughtUp', cursor: encodeCursor(cursor) }
    return cursor
  }
}

const origin: DirSyncCursor = { dialect: 'dirsync', phase: 'snapshot', cookie: '' }

const dirSyncSearch = ({ namingContext, attributes }: FeedOptions, flags: number, cookie: Buffer) =>
  ({
    base: namingContext,
    scope: 'sub',
    filter: observedFilter('activeDirectory'),
    attributes: attributeList(attributes, needed),
    controls: [{ type: 'dirsync', flags, maxBytes, cookie }, { type: 'extendedDn' }],
    timeoutMs: 300_000,
  }) as const

/** Containers as whole entries, before the objects in them. */
export async function* readContainers(options: FeedOptions): AsyncGenerator<FeedEvent> {
  const search = {
    base: options.namingContext,
    scope: 'sub',
    filter: containerFilter('activeDirectory'),
    attributes: attributeList(options.attributes, needed).filter((name) => name !== 'member'),
    controls: [{ type: 'extendedDn' }],
  } as const
  yield* readPages(options, search, { ranges: 'part', complete: true })
}

function translate(error: unknown, cookie: Buffer): unknown {
  if (!(error instanceof LdapError)) return error
  const refused = error.code === 12 || error.code === 50 || error.code === 53
  if (!refused) return error
  return cookie.length > 0 && error.code !== 50
    ? new CursorLost('the server does not take the DirSync cookie')
    : new DirSyncUnavailable(`the server refused DirSync (result code ${error.code})`)
}
