/**
 * Makes events of a synchronization that goes on from a cookie: first it catches up, then it is live.
 *
 * | the server catches up by | it says                           | told to the hub                                       |
 * | ------------------------ | --------------------------------- | ----------------------------------------------------- |
 * | a delete phase           | what changed, what is gone        | entries and deletions                                 |
 * | a present phase          | what changed, what is unchanged   | entries, and an enumeration of all names: others are gone |
 *
 * What is unchanged is not taken from the server's word: some forget entries in it, and a forgotten one would be deleted.
 * The names are read by a search of their own.
 */
import type { agent } from '@canopy/proto'
import type { FeedEvent, RawEntry, SearchResult, SyncItem, SyncState } from '../ports.ts'
import { mergeCookies } from './change-numbers.ts'
import type { Containers } from './containers.ts'
import { EntryConverter } from './entry.ts'
import { entryEvents } from './feed.ts'
import { isContainer } from './observed.ts'

export interface RefreshOptions {
  readonly containers: Containers
  /** The cookie to go back to if catching up breaks, in base64. */
  readonly from: string
  readonly encode: (cookie: string) => Buffer
  /** Names every object there is. */
  readonly names: () => AsyncGenerator<FeedEvent>
}

export class Refresh {
  /** Caught up: what comes now is live. */
  done = false
  /** Base64 of the newest cookie that everything before it was told for. */
  cookie: string | undefined
  private position: string
  private readonly containers: Containers
  private readonly names: () => AsyncGenerator<FeedEvent>
  private readonly from: Buffer
  private readonly encode: (cookie: string) => Buffer
  private readonly converter = new EntryConverter('plain', 'part')

  constructor(options: RefreshOptions) {
    const { containers, from, encode, names } = options
    this.containers = containers
    this.from = encode(from)
    this.position = Buffer.from(from, 'base64').toString('latin1')
    this.encode = encode
    this.names = names
  }

  async *step(item: SyncItem): AsyncGenerator<FeedEvent> {
    if (item.type === 'entry') {
      yield* this.entry(item.entry, item.state)
      return
    }
    const { info } = item
    switch (info.type) {
      case 'cookie':
        this.take(info.cookie)
        return
      case 'ids':
        if (info.deletes) for (const guid of info.uuids) yield this.gone(guid, '')
        this.take(info.cookie)
        return
      case 'refreshPresent':
        if (info.done) this.finish(info.cookie)
        yield* this.enumerate()
        return
      case 'refreshDelete':
        if (info.done) this.finish(info.cookie)
        return
    }
  }

  /** The server ended the search: it does not persist. */
  async *end(sync: SearchResult['sync']): AsyncGenerator<FeedEvent> {
    if (this.done) return
    this.finish(sync?.cookie)
    if (sync?.deletes !== true) yield* this.enumerate()
  }

  private async *entry(raw: RawEntry, { state, uuid, cookie }: SyncState): AsyncGenerator<FeedEvent> {
    switch (state) {
      case 'present':
        break
      case 'delete':
        yield this.gone(uuid, raw.dn)
        break
      case 'add':
      case 'modify': {
        const classes = raw.attributes.find(({ name }) => name.toLowerCase() === 'objectclass')?.values ?? []
        if (isContainer(classes)) await this.containers.note(uuid, raw.dn)
        const hints = (dn: string) => ({ guid: uuid, parentGuid: this.containers.parentOf(dn) })
        const converted = this.converter.convert(raw, true, hints)
        if (converted) yield* entryEvents(converted)
      }
    }
    this.take(cookie)
  }

  private gone(guid: string, dn: string): FeedEvent {
    this.containers.remove(guid)
    return { type: 'entry', entry: { ...nothing, guid, dn, deleted: true }, bytes: 200 }
  }

  private async *enumerate(): AsyncGenerator<FeedEvent> {
    yield { type: 'begin', cursor: this.from }
    yield* this.names()
    const cursor = this.cookie === undefined ? this.from : this.encode(this.cookie)
    yield { type: 'complete', cursor, namesOnly: true }
  }

  private finish(cookie: Buffer | undefined): void {
    this.done = true
    this.take(cookie)
  }

  /** While it catches up, deletions may come behind a cookie. */
  private take(cookie: Buffer | undefined): void {
    if (!cookie || cookie.length === 0 || !this.done) return
    this.position = mergeCookies(this.position, cookie.toString('latin1'))
    this.cookie = Buffer.from(this.position, 'latin1').toString('base64')
  }
}

const nothing: agent.Entry = {
  guid: '',
  dn: '',
  parentGuid: '',
  deleted: false,
  complete: false,
  attributes: {},
  links: {},
}
