/** Searches: base, one level and subtree, paged or not, streamed at the client's pace. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Entry } from '../directory/entry.ts'
import { LdapFailure, resultCode } from '../directory/failure.ts'
import { compileFilter, type Filter, type Test } from '../directory/filter.ts'
import { guidFromBytes } from '../directory/guid.ts'
import { readValues } from '../directory/read.ts'
import { findAttribute } from '../directory/schema.ts'
import { type Controls, controlOid } from './controls.ts'
import { answerDirSync } from './dir-sync.ts'
import { writeEntry } from './entry-encoder.ts'
import { openWatch } from './notify.ts'
import { badCookie, notBound } from './refusals.ts'
import type { SearchRequest } from './request.ts'
import { answerTag, controlValue, type Result, writeResult } from './result.ts'
import { encodeRootDse } from './root-dse.ts'
import { readSelection } from './selection.ts'
import type { Session } from './session.ts'

const scannedPerTurn = 4096

export async function answerSearch(
  session: Session,
  id: number,
  o: { request: SearchRequest; controls: Controls },
): Promise<void> {
  const { request, controls } = o
  const { directory, faults } = session.context
  if (request.base === '' && request.scope === 'base') {
    session.send(encodeRootDse(directory, { messageId: id, attributes: request.attributes }))
    session.answer({ messageId: id, tag: answerTag.searchDone, code: 0 })
    return
  }
  if (session.account === undefined) throw notBound()
  const base = findBase(session, request.base, controls)
  if (controls.dirSync !== undefined) {
    if (controls.dirSync.cookie.length > 0 && faults.takeBadCookie()) throw badCookie()
    await answerDirSync(session, id, { request, ask: controls.dirSync, base, dnForm: controls.dnForm })
    return
  }
  if (controls.notification) {
    openWatch(session, id, { request, base, controls })
    return
  }
  await answerPlain(session, id, { request, controls, base })
}

function findBase(session: Session, name: string, controls: Controls): Entry {
  const { store } = session.context.directory
  const entry = store.find(name)
  const hidden = entry !== undefined && store.isHidden(entry) && !(controls.showDeleted && session.rights.seesDeleted)
  if (entry !== undefined && !hidden && !session.context.faults.hides(entry)) return entry
  let parent = name
  let matched = ''
  while (matched === '' && parent.includes(',') && !name.startsWith('<')) {
    parent = parent.slice(parent.indexOf(',') + 1)
    const found = store.find(parent)
    if (found !== undefined) matched = store.dn(found)
  }
  throw new LdapFailure(
    resultCode.noSuchObject,
    `0000208D: NameErr: DSID-0310028B, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'${matched}'\n`,
    matched,
  )
}

interface PlainSearch {
  readonly request: SearchRequest
  readonly controls: Controls
  readonly base: Entry
}

async function answerPlain(session: Session, id: number, o: PlainSearch): Promise<void> {
  const { request, controls } = o
  const { directory, faults, maxPageSize, pages } = session.context
  const { store } = directory
  const test = compileFilter(store, request.filter)
  let candidates: readonly Entry[]
  let at = 0
  const cookie = controls.paged?.cookie
  if (cookie !== undefined && cookie.length > 0) {
    const state = faults.takeBadCookie() ? undefined : pages.take(cookie)
    if (state === undefined) throw badCookie()
    candidates = state.candidates
    at = state.next
  } else {
    candidates = sorted(session, o, { test, candidates: listCandidates(session, o) })
  }
  const page = controls.paged === undefined ? undefined : Math.min(controls.paged.size, maxPageSize)
  if (page === 0) {
    finish(session, { messageId: id, tag: answerTag.searchDone, code: 0, controls: [pagedControl(Buffer.alloc(0))] })
    await session.flush(true)
    return
  }
  const limit = page === undefined ? maxPageSize : faults.takeEmptyPage() ? 0 : page
  const wanted = request.sizeLimit > 0 ? Math.min(limit, request.sizeLimit) : limit
  const sent = await stream(session, id, { search: o, candidates, from: at, wanted, test })
  if (sent === undefined) return
  at = sent.next
  const more = sent.more
  const controlsBack =
    page === undefined ? undefined : [pagedControl(more ? pages.keep({ candidates, next: at }) : Buffer.alloc(0))]
  const code = more && (page === undefined || wanted < limit) ? resultCode.sizeLimitExceeded : 0
  if (!more && code === 0) writeReference(session, id, o)
  finish(session, { messageId: id, tag: answerTag.searchDone, code, controls: controlsBack })
  await session.flush(true)
}

function finish(session: Session, result: Result): void {
  writeResult(session.out, result)
}

function pagedControl(cookie: Buffer): { oid: string; value: Buffer } {
  const value = controlValue((w) => {
    w.integer(0)
    w.octets(cookie)
  })
  return { oid: controlOid.paged, value }
}

interface Stream {
  readonly search: PlainSearch
  readonly candidates: readonly Entry[]
  readonly from: number
  readonly wanted: number
  readonly test: Test
}

/** Sends up to `wanted` entries; undefined when the client has gone or gave the search up. */
async function stream(session: Session, id: number, o: Stream): Promise<{ next: number; more: boolean } | undefined> {
  const { request, controls } = o.search
  const { store } = session.context.directory
  const { faults } = session.context
  const { cutAfter, halfAfter } = faults.takeLimits()
  const selection = readSelection(request.attributes, request.typesOnly)
  const showDeleted = controls.showDeleted && session.rights.seesDeleted
  let sent = 0
  let next = o.from
  for (; next < o.candidates.length; next++) {
    if ((next & (scannedPerTurn - 1)) === scannedPerTurn - 1) await nextTurn()
    const entry = o.candidates[next]
    if (entry === undefined || (store.isHidden(entry) && !showDeleted) || o.test(entry) !== true) continue
    if (faults.hides(entry)) continue
    if (sent === cutAfter) {
      await session.flush(true)
      session.destroy()
      return undefined
    }
    if (sent === halfAfter) return { next: o.candidates.length, more: false }
    if (sent >= o.wanted) break
    const { withoutGuid } = faults
    writeEntry(session.out, { messageId: id, store, entry, selection, dnForm: controls.dnForm, withoutGuid })
    sent++
    if (session.flushDue) await session.flush()
    if (session.closed || session.abandoned.delete(id)) return undefined
  }
  return { next, more: next < o.candidates.length }
}

/** Entries the scope covers, parents before children, before the filter is asked. */
function listCandidates(session: Session, o: PlainSearch): readonly Entry[] {
  const { store } = session.context.directory
  const { base, request } = o
  if (request.scope === 'base') return [base]
  if (request.scope === 'one') return [...(base.children?.values() ?? [])]
  const shortcut = directHit(session, request.filter)
  if (shortcut !== undefined) return shortcut.filter((entry) => isUnder(entry, base))
  const since = changedAtLeast(request.filter)
  if (since !== undefined) return [...store.changedSince(since - 1)].filter((entry) => isUnder(entry, base))
  const found: Entry[] = []
  const stack: Entry[] = [base]
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    found.push(entry)
    if (entry.children !== undefined) for (const child of entry.children.values()) stack.push(child)
  }
  return found
}

export function isUnder(entry: Entry, base: Entry): boolean {
  for (let at: Entry | undefined = entry; at !== undefined; at = at.parent) if (at === base) return true
  return false
}

/** What an equality on GUID or account name, alone or inside an AND, finds without a scan. */
function directHit(session: Session, filter: Filter): readonly Entry[] | undefined {
  const { store } = session.context.directory
  if (filter.kind === 'and') {
    for (const part of filter.parts) {
      const hit = directHit(session, part)
      if (hit !== undefined) return hit
    }
  }
  if (filter.kind !== 'equal') return undefined
  const text = filter.value.toString('utf8').toLowerCase()
  switch (filter.name.toLowerCase()) {
    case 'objectguid':
      return filter.value.length === 16 ? some(store.byGuid.get(guidFromBytes(filter.value))) : undefined
    case 'samaccountname':
      return store.accounts.has(text) ? some(store.accounts.get(text)) : undefined
    case 'userprincipalname':
      return store.principals.has(text) ? some(store.principals.get(text)) : undefined
    default:
      return undefined
  }
}

function some(entry: Entry | undefined): readonly Entry[] {
  return entry === undefined ? [] : [entry]
}

function changedAtLeast(filter: Filter): number | undefined {
  if (filter.kind === 'and') return filter.parts.map(changedAtLeast).find((usn) => usn !== undefined)
  if (filter.kind !== 'atLeast' || filter.name.toLowerCase() !== 'usnchanged') return undefined
  const usn = Number(filter.value.toString())
  return Number.isSafeInteger(usn) ? usn : undefined
}

function sorted(
  session: Session,
  o: PlainSearch,
  from: { test: Test; candidates: readonly Entry[] },
): readonly Entry[] {
  const type = o.controls.sortBy === undefined ? undefined : findAttribute(o.controls.sortBy.name)
  if (type === undefined || type.link !== undefined) return from.candidates
  const { store } = session.context.directory
  const sign = o.controls.sortBy?.reverse === true ? -1 : 1
  const keyed = from.candidates
    .filter((entry) => from.test(entry) === true)
    .map((entry) => [String(readValues(store, entry, type)[0] ?? '\uffff').toLowerCase(), entry] as const)
  keyed.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0))
  return keyed.map(([, entry]) => entry)
}

/** A subtree search of the domain names the contexts it does not cover, as AD does. */
function writeReference(session: Session, id: number, o: PlainSearch): void {
  const { directory } = session.context
  if (o.request.scope !== 'sub' || o.controls.domainScope || directory.store.dn(o.base) !== directory.baseDn) return
  const below = directory.otherDomains.list.filter((other) => other.baseDn.endsWith(`,${directory.baseDn}`))
  const urls = [
    `ldap://${directory.name}/CN=Configuration,${directory.baseDn}`,
    ...below.map((other) => `ldap://${other.name}/${other.baseDn}`),
  ]
  const w = session.out
  for (const url of urls) {
    const message = w.begin(0x30)
    w.integer(id)
    const body = w.begin(answerTag.reference)
    w.string(url)
    w.end(body)
    w.end(message)
  }
}
