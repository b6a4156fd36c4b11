/**
 * Tells whether the connected domain controller still has the history that was read. One that came back from an image
 * gives the same USNs out again, and what it tells under those is hidden from a reader that believes to know them.
 *
 * | what is compared                                             | when                      | finds a controller that went back |
 * | ------------------------------------------------------------ | ------------------------- | --------------------------------- |
 * | highestCommittedUSN with the highest seen                    | each pass                 | and is not yet where it was       |
 * | the objects of the last USNs with those that had them then   | first pass of a connection | and is past where it was          |
 * | the invocationId of a server with the one it had (DirSync)   | each pass                 | and says so                       |
 *
 * A controller cannot be put back under an open connection, so the costlier comparison is made once for each.
 */
import { dateFromGeneralizedTime, guidFromBytes } from '@canopy/domain'
import { type Directory, LdapError, type Search } from '../ports.ts'
import { type ControllerMark, CursorLost, type Tail, type Witness } from './cursor.ts'
import type { FeedOptions } from './feed.ts'
import { observedFilter } from './observed.ts'
import { readOne } from './read-one.ts'
import type { UsnState } from './usn-position.ts'

/** Objects remembered of the last USNs. */
const maxWitnesses = 6
/** How many of the last USNs are looked at; the second when nobody who is read has one of the first. */
const widths = [64, 4_096] as const
/** Controllers of a domain that are remembered. */
const maxControllers = 6

export class Controller {
  readonly server: string
  /** Of its database: USNs mean nothing elsewhere. */
  readonly invocationId: string
  private readonly directory: Directory
  private proven = false

  constructor(directory: Directory, is: { readonly server: string; readonly invocationId: string }) {
    this.directory = directory
    this.server = is.server
    this.invocationId = is.invocationId
  }

  async state(): Promise<UsnState> {
    const root = await readOne(this.directory, '', ['highestCommittedUSN', 'currentTime'])
    const text = (name: string): string => root?.get(name)?.[0]?.toString('latin1') ?? ''
    const timeMs = dateFromGeneralizedTime(text('currenttime'))?.getTime() ?? 0
    return { highest: Number(text('highestcommittedusn')), day: Math.floor(timeMs / 86_400_000) }
  }

  /** The tail to keep with the position of this pass; undefined: this is no longer the history that `known` is of. */
  async tail(options: FeedOptions, known: Tail | undefined, highest: number): Promise<Tail | undefined> {
    if (known) {
      if (highest < known.to) return undefined
      if (!this.proven && !(await stillHas(options, known))) return undefined
    }
    this.proven = true
    return known?.to === highest ? known : takeTail(options, highest)
  }

  /** The same beside a position that is good at every controller. Throws CursorLost when this one went back. */
  async mark(options: FeedOptions, known: readonly ControllerMark[]): Promise<readonly ControllerMark[]> {
    const { server, invocationId } = this
    const before = known.find((each) => each.server === server)
    if (before && before.invocationId !== invocationId) throw new CursorLost('the server was restored')
    const tail = await this.tail(options, before?.tail, (await this.state()).highest)
    if (!tail) throw new CursorLost('the server went back to an older state')
    if (before?.tail === tail && known[0] === before) return known
    const others = known.filter((each) => each !== before)
    return [{ server, invocationId, tail }, ...others].slice(0, maxControllers)
  }
}

/** Undefined where the server or its settings do not say which database this is. */
export async function connectedController(
  directory: Directory,
  dsServiceName: string,
): Promise<Controller | undefined> {
  if (dsServiceName === '') return undefined
  try {
    const settings = await readOne(directory, dsServiceName, ['invocationId'])
    const id = settings?.get('invocationid')?.[0]
    return id && new Controller(directory, { server: dsServiceName, invocationId: id.toString('hex') })
  } catch (error) {
    if (error instanceof LdapError) return undefined
    throw error
  }
}

/** The last objects that changed, up to `to`. Later changes can only take some out of it. */
async function takeTail(options: FeedOptions, to: number): Promise<Tail> {
  let from = to + 1
  for (const width of widths) {
    from = Math.max(1, to - width + 1)
    // Without an upper bound: some servers look all of it up, and little is above what was the highest just now.
    const changed = await readUsns(options.directory, changedSearch(options, `(uSNChanged>=${from})`))
    const found = changed.filter(({ usn }) => usn <= to).toSorted((a, b) => a.usn - b.usn)
    const seen = found.slice(-maxWitnesses)
    if (seen.length > 0) return { from: found.length > seen.length ? seen[0]!.usn : from, to, seen }
  }
  return { from, to, seen: [] }
}

async function stillHas(options: FeedOptions, { from, to, seen }: Tail): Promise<boolean> {
  const search = changedSearch(options, `(uSNChanged>=${from})(uSNChanged<=${to})`)
  const now = from > to ? [] : await readUsns(options.directory, search)
  const then = new Map(seen.map(({ guid, usn }) => [guid, usn]))
  // Under a number that was given out before there is something else.
  if (now.some(({ guid, usn }) => then.get(guid) !== usn)) return false
  for (const { guid } of seen) {
    if (now.some((each) => each.guid === guid)) continue
    // Who left the tail has changed since; who has not lost the change that we saw.
    const usn = await usnOf(options.directory, guid)
    if (usn === undefined || usn <= to) return false
  }
  return true
}

const changedSearch = ({ namingContext }: FeedOptions, range: string) =>
  ({ base: namingContext, scope: 'sub', filter: `(&${range}${observedFilter('activeDirectory')})` }) as const

async function usnOf(directory: Directory, guid: string): Promise<number | undefined> {
  try {
    const found = await readUsns(directory, { base: `<GUID=${guid}>`, scope: 'base', filter: '(objectClass=*)' })
    return found[0]?.usn
  } catch (error) {
    if (error instanceof LdapError && error.code === 32) return undefined
    throw error
  }
}

async function readUsns(directory: Directory, of: Pick<Search, 'base' | 'scope' | 'filter'>): Promise<Witness[]> {
  const found: Witness[] = []
  let cookie: Buffer = Buffer.alloc(0)
  for (;;) {
    const controls = [{ type: 'showDeleted' }, { type: 'paged', size: 1_000, cookie }] as const
    const pages = directory.search({ ...of, attributes: ['objectGUID', 'uSNChanged'], controls })
    let page = await pages.next()
    for (; !page.done; page = await pages.next()) {
      for (const { attributes } of page.value) {
        const read = (name: string) => attributes.find((each) => each.name.toLowerCase() === name)?.values[0]
        const guid = guidFromBytes(read('objectguid') ?? Buffer.alloc(0))
        const usn = Number(read('usnchanged')?.toString('latin1'))
        if (guid !== undefined && Number.isSafeInteger(usn)) found.push({ guid, usn })
      }
    }
    const { pagedCookie } = page.value
    if (!pagedCookie || pagedCookie.length === 0) return found
    cookie = pagedCookie
  }
}
