/** Answers reads: which properties of an object are shown, and which objects of a collection, page by page. */
import { badRequest, GraphFailure, notFound, unsupportedQuery } from './failure.ts'
import { type Filter, holdsFor, isAdvanced, keyTerms, parseFilter } from './filter.ts'
import { type Answer, type GraphRequest, isEventual, type Query } from './request.ts'
import { absentValue, defaultSelection, type Kind, type PropertyRule, ruleOf } from './schema.ts'
import type { Entry, Key } from './store.ts'
import type { Tenant } from './tenant.ts'

export const collectionOf: Readonly<Record<Kind, string>> = { user: 'users', group: 'groups', orgContact: 'contacts' }
const odataType: Readonly<Record<Kind, string>> = {
  user: '#microsoft.graph.user',
  group: '#microsoft.graph.group',
  orgContact: '#microsoft.graph.orgContact',
}
const relations = new Set(['manager', 'members', 'memberof', 'owners', 'onpremisessyncbehavior'])
const defaultPage = 100

/** The rules of the selected properties; names of relations are left to the caller. */
export function selectionOf(kind: Kind, select: readonly string[] | undefined): readonly PropertyRule[] {
  if (select === undefined || select.includes('*')) return defaultSelection[kind]
  const rules: PropertyRule[] = []
  for (const name of select) {
    if (relations.has(name.toLowerCase())) continue
    const rule = ruleOf(kind, name)
    if (rule === undefined) {
      throw badRequest(
        `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${kind}'.`,
      )
    }
    rules.push(rule)
  }
  return rules
}

/** One property as it is read. */
export function readValue(tenant: Tenant, entry: Entry, rule: PropertyRule): unknown {
  if (rule.name === 'id') return entry.id
  if (rule.name === 'deletedDateTime') return entry.deletedAt ?? null
  return tenant.seenProperties(entry)[rule.name] ?? absentValue(rule)
}

export interface Shape {
  readonly select: readonly string[] | undefined
  /** Adds the type, as in lists of mixed objects. */
  readonly typed?: boolean
}

/** An object as it is answered. */
export function project(tenant: Tenant, entry: Entry, shape: Shape): Record<string, unknown> {
  const body: Record<string, unknown> = shape.typed === true ? { '@odata.type': odataType[entry.kind] } : {}
  for (const rule of selectionOf(entry.kind, shape.select)) body[rule.name] = readValue(tenant, entry, rule)
  if (shape.select !== undefined) body.id = entry.id
  return body
}

const expansion = /^\s*(\w+)\s*(?:\((.*)\))?\s*$/

/** Adds the expanded relation to an object's answer. */
function expand(tenant: Tenant, entry: Entry, body: Record<string, unknown>, text: string): void {
  const found = expansion.exec(text)
  const name = found?.[1]?.toLowerCase()
  const inner = /\$select=([^;)]*)/i.exec(found?.[2] ?? '')?.[1]?.split(',')
  const select = inner?.map((part) => part.trim())
  if (name === 'manager' && entry.kind !== 'group') {
    const manager = entry.manager === undefined ? undefined : tenant.seen(entry.manager)
    if (manager !== undefined) body.manager = project(tenant, manager, { select, typed: true })
  } else if (name === 'members' && entry.kind === 'group') {
    const members = [...entry.members.keys()].flatMap((id) => tenant.seen(id) ?? [])
    body.members = members.slice(0, 20).map((member) => project(tenant, member, selectKnown(member, select)))
  } else if (name === 'memberof') {
    const groups = [...entry.memberOf].flatMap((id) => tenant.seen(id) ?? [])
    body.memberOf = groups.slice(0, 20).map((group) => project(tenant, group, selectKnown(group, select)))
  } else {
    throw badRequest(`Parsing OData Select and Expand failed: '${text}' cannot be expanded.`)
  }
}

/** In lists of mixed kinds a selected property is left out where a kind does not have it. */
function selectKnown(entry: Entry, select: readonly string[] | undefined): Shape {
  return { select: select?.filter((name) => ruleOf(entry.kind, name) !== undefined), typed: true }
}

export const contextOf = (tenant: Tenant, what: string): string => `${tenant.graphUrl}/$metadata#${what}`

/** The answer to a read of one object. */
export function answerOne(tenant: Tenant, entry: Entry, query: Query): Answer {
  const collection = collectionOf[entry.kind]
  const body = {
    '@odata.context': contextOf(tenant, `${collection}/$entity`),
    ...project(tenant, entry, { select: query.select }),
  }
  if (query.expand !== undefined) expand(tenant, entry, body, query.expand)
  return { status: 200, body }
}

const uniqueKeys: Readonly<Record<string, Key>> = {
  userprincipalname: 'userPrincipalName',
  onpremisesimmutableid: 'onPremisesImmutableId',
  uniquename: 'uniqueName',
  mail: 'address',
  proxyaddresses: 'address',
}
const uniqueNames = new Set(['id', ...Object.keys(uniqueKeys)])

/** The objects a filter can be true for, from the unique keys, or undefined where all have to be looked at. */
function candidates(tenant: Tenant, kind: Kind, filter: Filter): Entry[] | undefined {
  // With replication lag the index is ahead of what reads may see.
  if (tenant.settings.lagMs > 0) return undefined
  const terms = keyTerms(filter, uniqueNames)
  if (terms === undefined) return undefined
  const found = new Set<Entry>()
  for (const { property, value } of terms) {
    const key = uniqueKeys[property]
    const bare = property === 'proxyaddresses' ? value.slice(value.indexOf(':') + 1) : value
    const id = key === undefined ? value.toLowerCase() : tenant.store.holder(key, bare)
    const entry = id === undefined ? undefined : tenant.store.entries[kind].get(id)
    if (entry !== undefined) found.add(entry)
  }
  return [...found].sort((a, b) => a.createdSeq - b.createdSeq)
}

function lookupOf(tenant: Tenant, entry: Entry): (path: string) => unknown {
  return (path) => {
    const [name = '', ...rest] = path.split('/')
    const rule = ruleOf(entry.kind, name)
    let value = rule === undefined ? undefined : readValue(tenant, entry, rule)
    for (const part of rest) value = (value as Record<string, unknown> | undefined)?.[part]
    return value
  }
}

const searchClause = /"?(\w+):([^"]*)"?/

function searchOf(text: string): (body: (path: string) => unknown) => boolean {
  const clauses = text.split(/\s+OR\s+/i).map((part) => searchClause.exec(part.trim()))
  if (clauses.some((clause) => clause === null)) throw badRequest('Syntax error in $search: "property:text" expected.')
  return (lookup) =>
    clauses.some((clause) => {
      const value = lookup(clause?.[1] ?? '')
      return typeof value === 'string' && value.toLowerCase().includes((clause?.[2] ?? '').trim().toLowerCase())
    })
}

function checkAdvanced(request: GraphRequest, filter: Filter | undefined): void {
  const { query } = request
  const advanced =
    query.search !== undefined || (filter !== undefined && (isAdvanced(filter) || query.orderBy !== undefined))
  if (!advanced) return
  if (isEventual(request) && (query.count || query.search !== undefined)) return
  throw unsupportedQuery(
    "Operator is not supported because the 'ConsistencyLevel:eventual' header or the $count parameter is missing.",
  )
}

function sorted(tenant: Tenant, entries: Entry[], orderBy: string | undefined): Entry[] {
  if (orderBy === undefined) return entries
  const [name = '', direction = 'asc'] = orderBy.split(/\s+/)
  const sign = direction.toLowerCase() === 'desc' ? -1 : 1
  const keyOf = (entry: Entry): string => String(lookupOf(tenant, entry)(name) ?? '').toLowerCase()
  return entries.sort(
    (a, b) => sign * (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : a.createdSeq - b.createdSeq),
  )
}

export const encodeToken = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A skip or delta token's content; throws the 400 for anything that is not one. */
export function decodeToken(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // answered below
  }
  throw new GraphFailure({
    status: 400,
    code: 'Directory_ExpiredPageToken',
    message: 'The specified page token value has expired or is invalid.',
  })
}

/** What a collection holds before paging. */
export interface Listing {
  readonly entries: Iterable<Entry>
  readonly kind: Kind
  /** Path below the version, for the link to the next page. */
  readonly path: string
  readonly context: string
  readonly typed?: boolean
}

function matching(request: GraphRequest, tenant: Tenant, listing: Listing): Entry[] {
  const { query } = request
  const filter = query.filter === undefined ? undefined : parseFilter(listing.kind, query.filter)
  checkAdvanced(request, filter)
  const narrowed = filter === undefined ? undefined : candidates(tenant, listing.kind, filter)
  const search = query.search === undefined ? undefined : searchOf(query.search)
  const found: Entry[] = []
  for (const entry of narrowed === undefined ? listing.entries : intersect(narrowed, listing)) {
    const lookup = lookupOf(tenant, entry)
    if (filter !== undefined && !holdsFor(filter, lookup)) continue
    if (search !== undefined && !search(lookup)) continue
    found.push(entry)
  }
  return sorted(tenant, found, query.orderBy)
}

function intersect(narrowed: readonly Entry[], listing: Listing): Iterable<Entry> {
  if (!(listing.entries instanceof LiveEntries)) {
    const wanted = new Set(narrowed)
    return [...listing.entries].filter((entry) => wanted.has(entry))
  }
  const { tenant } = listing.entries
  return narrowed.filter((entry) => entry.deletedAt === undefined && tenant.replicated(entry))
}

/** The objects of a kind that reads may see, in the order they were made. */
export class LiveEntries implements Iterable<Entry> {
  readonly tenant: Tenant
  readonly #kind: Kind

  constructor(tenant: Tenant, kind: Kind) {
    this.tenant = tenant
    this.#kind = kind
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (const entry of this.tenant.store.entries[this.#kind].values()) {
      if (entry.deletedAt === undefined && this.tenant.replicated(entry)) yield entry
    }
  }
}

/** Where a page starts: after the object the token names, or, for sorted lists, at a position. */
function startOf(entries: readonly Entry[], query: Query): number {
  if (query.skipToken === undefined) return 0
  const token = decodeToken(query.skipToken)
  if (query.orderBy === undefined && typeof token.after === 'number') {
    const after = token.after
    const at = entries.findIndex((entry) => entry.createdSeq > after)
    return at < 0 ? entries.length : at
  }
  if (typeof token.at === 'number') return token.at
  throw notFound('skiptoken')
}

/** The answer to a read of a collection: one page, with the link to the next. */
export function answerList(request: GraphRequest, tenant: Tenant, listing: Listing): Answer {
  const { query } = request
  if (query.select?.some((name) => ruleOf(listing.kind, name)?.foreign === true)) {
    throw new GraphFailure({ status: 501, code: 'NotImplemented', message: 'Not Implemented' })
  }
  const entries = matching(request, tenant, listing)
  const start = startOf(entries, query)
  const size = query.top ?? defaultPage
  const page = entries.slice(start, start + size)
  const last = page.at(-1)
  const body: Record<string, unknown> = { '@odata.context': contextOf(tenant, listing.context) }
  if (query.count && isEventual(request)) body['@odata.count'] = entries.length
  if (start + size < entries.length && last !== undefined) {
    const token = encodeToken(query.orderBy === undefined ? { after: last.createdSeq } : { at: start + size })
    const options = [query.text, `$skiptoken=${token}`].filter((part) => part !== '').join('&')
    body['@odata.nextLink'] = `${tenant.graphUrl}/${listing.path}?${options}`
  }
  body.value = page.map((entry) => {
    const shape = listing.typed === true ? selectKnown(entry, query.select) : { select: query.select }
    const item = project(tenant, entry, shape)
    if (query.expand !== undefined) expand(tenant, entry, item, query.expand)
    return item
  })
  return { status: 200, body }
}

/** The answer to a `/$count` segment, which only eventual reads have. */
export function answerCount(request: GraphRequest, tenant: Tenant, listing: Listing): Answer {
  if (!isEventual(request)) throw badRequest('$count is not currently supported.')
  const counted: GraphRequest = { ...request, query: { ...request.query, count: true } }
  return {
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: String(matching(counted, tenant, listing).length),
  }
}
