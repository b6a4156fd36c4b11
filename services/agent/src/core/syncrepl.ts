/** Reads an LDAP directory by content synchronization (RFC 4533): it says what changed for as long as it is asked. */
import { type FeedEvent, LdapError } from '../ports.ts'
import { isChangeNumbers } from './change-numbers.ts'
import { Containers } from './containers.ts'
import { type Cursor, CursorLost, encodeCursor } from './cursor.ts'
import { directories } from './dialect.ts'
import { EntryConverter } from './entry.ts'
import { Collected, type FeedOptions, readPages } from './feed.ts'
import { ForwardLinks } from './forward-links.ts'
import { attributeList, containerFilter, observedFilter } from './observed.ts'
import { readOne } from './read-one.ts'
import { Refresh } from './refresh.ts'
import { Wake } from './wake.ts'

/** A feed without changes asks the server this often whether it is still there. */
const idleMs = 10_100

type SyncreplCursor = Extract<Cursor, { dialect: 'syncrepl' }>

export interface SyncreplOptions extends FeedOptions {
  readonly signal: AbortSignal
}

const { needed, members, references } = directories.plain

/**
 * From the start: containers, then everything without its links, then all links, so that whom they name is known. Then
 * what changes, until the connection or the signal ends it. Throws CursorLost when the server no longer takes the cookie.
 */
export async function* readSyncrepl(
  options: SyncreplOptions,
  from: SyncreplCursor | undefined,
): AsyncGenerator<FeedEvent, SyncreplCursor> {
  const containers = new Containers(options)
  await containers.load()
  const forward = new ForwardLinks(from !== undefined)
  let cookie = from?.cookie ?? ''
  if (cookie === '') {
    yield { type: 'begin' }
    yield* readTree(options, containers)
    cookie = yield* readObjects(options, containers, forward)
    yield { type: 'position', cursor: encodeCursor(at('snapshot', cookie)), phase: 'snapshot', flush: true }
  }
  if (from?.phase !== 'stream') {
    yield* readLinks(options, forward)
    yield { type: 'complete', cursor: encodeCursor(at('stream', cookie)) }
    yield { type: 'caughtUp', cursor: encodeCursor(at('stream', cookie)) }
  }
  return yield* follow(options, containers, cookie)
}

const at = (phase: 'snapshot' | 'stream', cookie: string): SyncreplCursor => ({ dialect: 'syncrepl', phase, cookie })

/** Containers as whole entries, before the objects in them. */
async function* readTree(options: FeedOptions, containers: Containers): AsyncGenerator<FeedEvent> {
  const search = {
    base: options.namingContext,
    scope: 'sub',
    filter: containerFilter('plain'),
    attributes: attributesOf(options).filter((name) => !isLink(name)),
  } as const
  const hints = (dn: string) => ({ parentGuid: containers.parentOf(dn) })
  yield* readPages(options, search, { ranges: 'part', complete: true, hints })
}

/**
 * Every object, and a cookie not newer than what was read. Member lists follow; single links that can be told are. Where
 * the cookie is a matter of time alone, objects come from a search of their own: after a crash OpenLDAP leaves out of a
 * synchronization what is newer than its last checkpoint.
 */
async function* readObjects(
  options: SyncreplOptions,
  containers: Containers,
  forward: ForwardLinks,
): AsyncGenerator<FeedEvent, string> {
  const attributes = attributesOf(options).filter((name) => !members.includes(name.toLowerCase()))
  const cookie = await presentCookie(options)
  if (!isChangeNumbers(cookie)) {
    forward.forget()
    return yield* readBySync(options, containers, attributes)
  }
  const search = { ...syncSearch(options, false, ''), attributes, controls: [] }
  const hints = (dn: string) => ({ parentGuid: containers.parentOf(dn), listless: true })
  for await (const event of readPages(options, search, { ranges: 'part', complete: true, hints })) {
    if (event.type === 'entries') for (const { entry } of event.parts) forward.note(entry)
    yield event
  }
  return cookie.toString('base64')
}

/** Of a synchronization of the head alone. */
async function presentCookie(options: SyncreplOptions): Promise<Buffer> {
  const search = {
    ...syncSearch(options, false, ''),
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: ['1.1'],
  } as const
  const items = options.directory.sync({ ...search, signal: options.signal })
  let next = await items.next()
  while (!next.done) next = await items.next()
  return next.value.sync?.cookie ?? Buffer.alloc(0)
}

async function* readBySync(
  options: SyncreplOptions,
  containers: Containers,
  attributes: readonly string[],
): AsyncGenerator<FeedEvent, string> {
  const { directory, signal } = options
  const converter = new EntryConverter('plain', 'part')
  const collected = new Collected()
  const items = directory.sync({ ...syncSearch(options, false, ''), attributes, timeoutMs: 300_000, signal })
  try {
    for (;;) {
      const next = await items.next()
      if (next.done) {
        const cookie = next.value.sync?.cookie
        if (!cookie || cookie.length === 0) throw new LdapError(12, 'the server synchronizes without a cookie')
        return cookie.toString('base64')
      }
      for (const item of next.value) {
        if (item.type !== 'entry') continue
        const { entry, state } = item
        const hints = (dn: string) => ({ guid: state.uuid, parentGuid: containers.parentOf(dn), listless: true })
        const converted = converter.convert(entry, true, hints)
        for (const part of converted?.parts ?? []) if (collected.add(part)) yield collected.take()
      }
      if (!collected.empty) yield collected.take()
    }
  } finally {
    await items.return(undefined as never)
  }
}

/**
 * Who is in which group, now that both ends are known; and who is whose manager, where that was told before the manager
 * was: one by one if they are few, else all once more.
 */
async function* readLinks(options: FeedOptions, forward: ForwardLinks): AsyncGenerator<FeedEvent> {
  const few = forward.few()
  for (const entry of few ?? []) yield { type: 'entry', entry, bytes: 400 }
  const attributes = attributesOf(options).filter(few ? isMembers : isLink)
  const search = {
    base: options.namingContext,
    scope: 'sub',
    filter: `(|${attributes.map((name) => `(${name}=*)`).join('')})`,
    attributes: ['entryUUID', ...attributes],
  } as const
  yield* readPages(options, search, { ranges: 'part', complete: false })
}

const isMembers = (name: string): boolean => members.includes(name.toLowerCase())

/** The identity of every object there is. */
async function* readNames(options: FeedOptions): AsyncGenerator<FeedEvent> {
  const search = {
    base: options.namingContext,
    scope: 'sub',
    filter: observedFilter('plain'),
    attributes: ['entryUUID'],
  } as const
  yield* readPages(options, search, { ranges: 'part', complete: false })
}

const isLink = (name: string): boolean => isMembers(name) || references.includes(name.toLowerCase())

const attributesOf = ({ attributes }: FeedOptions): string[] => attributeList(attributes, needed)

const syncSearch = (options: FeedOptions, persist: boolean, cookie: string) =>
  ({
    base: options.namingContext,
    scope: 'sub',
    filter: observedFilter('plain'),
    attributes: attributesOf(options),
    controls: [{ type: 'sync', persist, cookie: cookie === '' ? undefined : Buffer.from(cookie, 'base64') }],
  }) as const

/** Catches up from the cookie, then tells each change as it comes. Ends only where the server does not persist. */
async function* follow(
  options: SyncreplOptions,
  containers: Containers,
  from: string,
): AsyncGenerator<FeedEvent, SyncreplCursor> {
  const { directory, signal } = options
  const ending = new AbortController()
  const search = { ...syncSearch(options, true, from), timeoutMs: 0, signal: ending.signal }
  const feed = new Pulled(directory.sync(search))
  const encode = (cookie: string): Buffer => encodeCursor(at('stream', cookie))
  const refresh = new Refresh({ containers, from, encode, names: () => readNames(options) })
  let cookie = from
  try {
    for (;;) {
      const next = await feed.next(idleMs, signal)
      if (next === undefined) {
        await readOne(directory, '', ['namingContexts'])
        if (refresh.done) yield { type: 'caughtUp', cursor: encodeCursor(at('stream', cookie)) }
        continue
      }
      if (next.done) yield* refresh.end(next.value.sync)
      else for (const item of next.value) yield* refresh.step(item)
      cookie = refresh.cookie ?? cookie
      if (refresh.done) yield { type: 'caughtUp', cursor: encodeCursor(at('stream', cookie)) }
      if (next.done) return at('stream', cookie)
    }
  } catch (error) {
    throw isLost(error) ? new CursorLost('the server does not take the cookie of the synchronization') : error
  } finally {
    ending.abort(new Error('no longer followed'))
    await feed.close()
  }
}

/** e-syncRefreshRequired, and how servers refuse a cookie that is newer than they are or none of theirs. */
const isLost = (error: unknown): boolean => error instanceof LdapError && [2, 53, 4096].includes(error.code)

/** Takes from a generator that may be silent for long, without losing what comes later. */
class Pulled<T, R> {
  private readonly source: AsyncGenerator<T, R>
  private readonly wake = new Wake()
  private pulling = false
  private arrived: IteratorResult<T, R> | undefined
  private failure: { readonly error: unknown } | undefined

  constructor(source: AsyncGenerator<T, R>) {
    this.source = source
  }

  /** Undefined: nothing for `ms`. */
  async next(ms: number, signal: AbortSignal): Promise<IteratorResult<T, R> | undefined> {
    if (!this.pulling) this.pull()
    if (!this.arrived && !this.failure) await this.wake.wait(ms, signal)
    signal.throwIfAborted()
    if (this.failure) throw this.failure.error
    const { arrived } = this
    this.arrived = undefined
    if (arrived) this.pulling = false
    return arrived
  }

  private pull(): void {
    this.pulling = true
    this.source.next().then(
      (arrived) => {
        this.arrived = arrived
        this.wake.ring()
      },
      (error: unknown) => {
        this.failure = { error }
        this.wake.ring()
      },
    )
  }

  async close(): Promise<void> {
    await this.source.return(undefined as never).catch(() => undefined)
  }
}
