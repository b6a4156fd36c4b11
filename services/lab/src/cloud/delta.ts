/** Change tracking: what happened to users, groups and contacts since a token. */
import { badRequest, GraphFailure } from './failure.ts'
import { collectionOf, contextOf, decodeToken, encodeToken, readValue, selectionOf } from './reading.ts'
import type { Answer, GraphRequest } from './request.ts'
import { type Kind, ruleOf } from './schema.ts'
import type { Entry } from './store.ts'
import type { Tenant } from './tenant.ts'

const pageSize = 200
/** Members of one group in one page; the rest follows in the next. */
const membersPerPage = 1000
const tokenLifetimeMs = 7 * 86_400_000

interface Cursor {
  readonly kind: Kind
  /** Changes after this number are told; 0 is a first reading of everything. */
  readonly from: number
  /** Changes up to this number were told on earlier pages. */
  readonly position: number
  readonly memberOffset: number
  readonly select: readonly string[] | undefined
  readonly minimal: boolean
  readonly issuedMs: number
}

function resync(tenant: Tenant, kind: Kind, code: 'resyncRequired' | 'syncStateNotFound'): GraphFailure {
  return new GraphFailure({
    status: 410,
    code,
    message: 'The delta token is expired or unknown; a full synchronization is required.',
    headers: { location: `${tenant.graphUrl}/${collectionOf[kind]}/delta` },
  })
}

function cursorOf(request: GraphRequest, tenant: Tenant, kind: Kind): Cursor {
  const { query } = request
  const minimal = /return=minimal/i.test(request.header('prefer') ?? '')
  const text = query.deltaToken ?? query.skipToken
  const select = query.select
  const start = { kind, memberOffset: 0, select, minimal, issuedMs: tenant.nowMs }
  if (text === undefined) return { ...start, from: 0, position: 0 }
  if (text === 'latest') return { ...start, from: tenant.store.seq, position: tenant.store.seq }
  let token: Readonly<Record<string, unknown>>
  try {
    token = decodeToken(text)
  } catch {
    throw badRequest('Badly formed token.')
  }
  const cursor = token as unknown as Cursor
  if (cursor.kind !== kind || typeof cursor.from !== 'number') throw badRequest('Badly formed token.')
  const tooOld = tenant.nowMs - cursor.issuedMs > tokenLifetimeMs || cursor.issuedMs < tenant.deltaTokensValidFromMs
  if (tooOld) throw resync(tenant, kind, 'resyncRequired')
  if (cursor.from > tenant.store.seq) throw resync(tenant, kind, 'syncStateNotFound')
  return { ...cursor, minimal: cursor.minimal || minimal, issuedMs: tenant.nowMs }
}

const selects = (cursor: Cursor, name: string): boolean =>
  cursor.select?.some((selected) => selected.toLowerCase() === name) === true

function isTouched(entry: Entry, cursor: Cursor): boolean {
  if (cursor.select === undefined || entry.createdSeq > cursor.from) return true
  if ((entry.touched.get('deletedDateTime') ?? 0) > cursor.from) return true
  const lastMember = entry.memberLog.at(-1)?.seq ?? 0
  if (selects(cursor, 'members') && lastMember > cursor.from) return true
  return cursor.select.some((name) => {
    const known = ruleOf(entry.kind, name)?.name ?? name.toLowerCase()
    return (entry.touched.get(known) ?? 0) > cursor.from
  })
}

interface MemberItem {
  readonly '@odata.type': string
  readonly id: string
  readonly '@removed'?: { readonly reason: string }
}

function memberChanges(tenant: Tenant, group: Entry, from: number): readonly MemberItem[] {
  const typeOf = (id: string): string => `#microsoft.graph.${tenant.store.find(id)?.kind ?? 'directoryObject'}`
  if (from < group.createdSeq) return [...group.members.keys()].map((id) => ({ '@odata.type': typeOf(id), id }))
  const latest = new Map<string, MemberItem>()
  for (const { seq, id, gone } of group.memberLog) {
    if (seq <= from) continue
    latest.set(id, { '@odata.type': typeOf(id), id, ...(gone ? { '@removed': { reason: 'deleted' } } : {}) })
  }
  return [...latest.values()]
}

function describe(tenant: Tenant, entry: Entry, cursor: Cursor): Record<string, unknown> {
  const fresh = entry.createdSeq > cursor.from
  const body: Record<string, unknown> = {}
  for (const rule of selectionOf(entry.kind, cursor.select)) {
    if (cursor.minimal && !fresh && (entry.touched.get(rule.name) ?? 0) <= cursor.from) continue
    const value = readValue(tenant, entry, rule)
    if (cursor.select === undefined && value === null) continue
    body[rule.name] = value
  }
  body.id = entry.id
  const managerMoved = fresh || (entry.touched.get('manager') ?? 0) > cursor.from
  if (entry.kind === 'user' && selects(cursor, 'manager') && managerMoved) {
    body['manager@delta'] =
      entry.manager === undefined ? [] : [{ '@odata.type': '#microsoft.graph.user', id: entry.manager }]
  }
  return body
}

interface Page {
  readonly items: Record<string, unknown>[]
  position: number
  memberOffset: number
  ended: boolean
}

/** Adds the members to a group's item; true when some are left for the next page. */
function addMemberChanges(
  tenant: Tenant,
  entry: Entry,
  item: Record<string, unknown>,
  turn: { cursor: Cursor; page: Page },
): boolean {
  const { cursor, page } = turn
  if (entry.kind !== 'group' || !(cursor.select === undefined || selects(cursor, 'members'))) return false
  const changes = memberChanges(tenant, entry, cursor.from)
  const part = changes.slice(page.memberOffset, page.memberOffset + membersPerPage)
  if (part.length > 0) item['members@delta'] = part
  const rest = page.memberOffset + part.length < changes.length
  page.memberOffset = rest ? page.memberOffset + part.length : 0
  return rest
}

/** Tells one object; false when the page must end before it is done with. */
function tell(tenant: Tenant, entry: Entry, turn: { cursor: Cursor; page: Page }): boolean {
  const { cursor, page } = turn
  if (!tenant.replicated(entry) || (entry.stale?.untilMs ?? 0) > tenant.nowMs) {
    page.ended = true
    return false
  }
  if (entry.deletedAt !== undefined) {
    if (cursor.from > 0) page.items.push({ id: entry.id, '@removed': { reason: 'changed' } })
  } else if (isTouched(entry, cursor)) {
    const item = describe(tenant, entry, cursor)
    page.items.push(item)
    if (addMemberChanges(tenant, entry, item, turn)) return false
  }
  return true
}

function firstAfter(changes: readonly { readonly seq: number }[], position: number): number {
  let low = 0
  let high = changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((changes[middle]?.seq ?? 0) <= position) low = middle + 1
    else high = middle
  }
  return low
}

function readPage(tenant: Tenant, cursor: Cursor): Page {
  const { changes, tombstones, entries } = tenant.store
  const page: Page = { items: [], position: cursor.position, memberOffset: cursor.memberOffset, ended: false }
  let at = firstAfter(changes, cursor.position)
  for (; at < changes.length && page.items.length < pageSize; at += 1) {
    const change = changes[at]
    if (change === undefined) break
    const entry = entries[cursor.kind].get(change.id)
    // Only an object's latest change tells of it.
    if (entry?.seq === change.seq) {
      if (!tell(tenant, entry, { cursor, page })) return page
    } else if (cursor.from > 0 && entry === undefined) {
      const tombstone = tombstones.get(change.id)
      const told = tombstone?.seq === change.seq && tombstone.kind === cursor.kind
      if (told) page.items.push({ id: change.id, '@removed': { reason: 'deleted' } })
    }
    page.position = change.seq
  }
  if (at >= changes.length) page.ended = true
  return page
}

/** GET /{users|groups|contacts}/delta. */
export function answerDelta(request: GraphRequest, tenant: Tenant, kind: Kind): Answer {
  const { query } = request
  if (query.expand !== undefined || query.orderBy !== undefined || query.search !== undefined) {
    throw badRequest('The query option is not supported in delta queries.')
  }
  const cursor = cursorOf(request, tenant, kind)
  selectionOf(kind, cursor.select)
  const page = readPage(tenant, cursor)
  const next: Cursor = page.ended
    ? { ...cursor, from: page.position, position: page.position, memberOffset: 0 }
    : { ...cursor, position: page.position, memberOffset: page.memberOffset }
  const link = `${tenant.graphUrl}/${collectionOf[kind]}/delta?${page.ended ? '$deltatoken' : '$skiptoken'}=${encodeToken(next)}`
  const body = {
    '@odata.context': contextOf(tenant, collectionOf[kind]),
    [page.ended ? '@odata.deltaLink' : '@odata.nextLink']: link,
    value: filtered(query.filter, page.items),
  }
  return { status: 200, body }
}

/** Delta queries filter by id alone, at most 50 of them. */
function filtered(filter: string | undefined, items: readonly Record<string, unknown>[]): readonly object[] {
  if (filter === undefined) return items
  const ids = filter.split(/\s+or\s+/i).map((part) => /^\s*id\s+eq\s+'([^']+)'\s*$/i.exec(part)?.[1]?.toLowerCase())
  if (ids.length > 50 || ids.includes(undefined)) throw badRequest('The filter is not supported in delta queries.')
  return items.filter((item) => ids.includes(String(item.id)))
}
