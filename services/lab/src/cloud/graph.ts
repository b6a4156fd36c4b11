/** The directory's routes: finds the operation a method and path name, without regard to case. */
import { answerDeletedItems } from './deleted-items.ts'
import { answerDelta } from './delta.ts'
import { badRequest, denied, noSuchSegment, notFound, wrongMethod } from './failure.ts'
import { createGroup, deleteGroup, updateGroup, upsertGroup } from './groups.ts'
import { deleteManager, deleteMember, postMember, putManager } from './members.ts'
import { answerCount, answerList, answerOne, contextOf, type Listing, LiveEntries, project } from './reading.ts'
import { type Answer, bodyObject, type GraphRequest } from './request.ts'
import { demand, holds, type Right } from './rights.ts'
import type { Kind } from './schema.ts'
import type { Entry } from './store.ts'
import type { Tenant } from './tenant.ts'
import { answerDomains, answerOrganization } from './tenant-facts.ts'
import { createUser, deleteUser, revokeSessions, updateUser } from './users.ts'

const kindOf: Readonly<Record<string, Kind>> = { users: 'user', groups: 'group', contacts: 'orgContact' }
const readRight: Readonly<Record<Kind, Right>> = { user: 'readUsers', group: 'readGroups', orgContact: 'readContacts' }
const listPath: Readonly<Record<Kind, string>> = { user: 'users', group: 'groups', orgContact: 'contacts' }

const isDelta = (segment: string): boolean => /^(microsoft\.graph\.)?delta(\(\))?$/i.test(segment)

/** Answers a directory request; throws a GraphFailure for what a client is refused. */
export function handleGraph(request: GraphRequest, tenant: Tenant): Answer {
  const [root = '', ...rest] = request.segments
  const folded = root.toLowerCase()
  const kind = kindOf[folded]
  if (kind !== undefined) return handleCollection(request, tenant, { kind, rest })
  switch (folded) {
    case 'directory':
      if (rest[0]?.toLowerCase() !== 'deleteditems') throw noSuchSegment(rest[0] ?? root)
      return answerDeletedItems(request, tenant, rest.slice(1))
    case 'directoryobjects':
      return handleDirectoryObjects(request, tenant, rest)
    case 'organization':
      return answerOrganization(request, tenant, rest)
    case 'domains':
      return answerDomains(request, tenant, rest)
    default:
      throw noSuchSegment(root)
  }
}

interface Route {
  readonly kind: Kind
  readonly rest: readonly string[]
}

function handleCollection(request: GraphRequest, tenant: Tenant, route: Route): Answer {
  const { kind, rest } = route
  const [key, relation, ...more] = rest
  if (key === undefined) return handleRoot(request, tenant, kind)
  if (request.method === 'GET' && isDelta(key)) {
    demand(request.caller, readRight[kind])
    return answerDelta(request, tenant, kind)
  }
  if (key.toLowerCase() === '$count') {
    demand(request.caller, readRight[kind])
    return answerCount(request, tenant, liveListing(tenant, kind))
  }
  const uniqueName = kind === 'group' && key.startsWith('uniquename=') ? key.slice('uniquename='.length) : undefined
  if (uniqueName !== undefined && request.method === 'PATCH' && relation === undefined) {
    return upsertGroup(request, tenant, uniqueName)
  }
  if (relation === undefined) return handleObject(request, tenant, resolve(tenant, kind, key))
  if (kind === 'group' && relation.toLowerCase() === 'members') return handleMembers(request, tenant, { key, more })
  return handleRelation(request, tenant, { entry: resolveForReference(request, tenant, { kind, key }), relation, more })
}

const liveListing = (tenant: Tenant, kind: Kind): Listing => ({
  entries: new LiveEntries(tenant, kind),
  kind,
  path: listPath[kind],
  context: listPath[kind],
})

function handleRoot(request: GraphRequest, tenant: Tenant, kind: Kind): Answer {
  if (request.method === 'GET') {
    demand(request.caller, readRight[kind])
    return answerList(request, tenant, liveListing(tenant, kind))
  }
  if (request.method === 'POST' && kind === 'user') return createUser(request, tenant)
  if (request.method === 'POST' && kind === 'group') return createGroup(request, tenant)
  throw wrongMethod()
}

/** The object id a key names: an id, a principal name, or an alternate key. */
function idOf(tenant: Tenant, kind: Kind, key: string): string {
  const folded = key.toLowerCase()
  if (kind === 'user') {
    const name = folded.startsWith('userprincipalname=') ? folded.slice('userprincipalname='.length) : folded
    if (name.includes('@')) return tenant.store.holder('userPrincipalName', name) ?? name
  }
  if (kind === 'group' && folded.startsWith('uniquename=')) {
    return tenant.store.holder('uniqueName', folded.slice('uniquename='.length)) ?? folded
  }
  return folded
}

function resolve(tenant: Tenant, kind: Kind, key: string): Entry {
  const entry = tenant.seen(idOf(tenant, kind, key))
  if (entry === undefined || entry.kind !== kind) throw notFound(key)
  return entry
}

/** Reference writes tell "too fresh" from "missing" themselves. */
function resolveForReference(
  request: GraphRequest,
  tenant: Tenant,
  target: { readonly kind: Kind; readonly key: string },
): Entry {
  if (request.method === 'GET' || request.method === 'POST') return resolve(tenant, target.kind, target.key)
  const entry = tenant.store.find(idOf(tenant, target.kind, target.key))
  if (entry === undefined || entry.kind !== target.kind || entry.deletedAt !== undefined) throw notFound(target.key)
  return entry
}

function handleObject(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  switch (request.method) {
    case 'GET':
      demand(request.caller, readRight[entry.kind])
      return answerOne(tenant, entry, request.query)
    case 'PATCH':
      if (entry.kind === 'user') return updateUser(request, tenant, entry)
      if (entry.kind === 'group') return updateGroup(request, tenant, entry)
      throw wrongMethod()
    case 'DELETE':
      if (entry.kind === 'user') return deleteUser(request, tenant, entry)
      if (entry.kind === 'group') return deleteGroup(request, tenant, entry)
      throw wrongMethod()
    default:
      throw wrongMethod()
  }
}

function handleMembers(
  request: GraphRequest,
  tenant: Tenant,
  route: { readonly key: string; readonly more: readonly string[] },
): Answer {
  const { key, more } = route
  const [first, second] = more.map((segment) => segment.toLowerCase())
  const groupId = idOf(tenant, 'group', key)
  if (first === '$ref' && request.method === 'POST') return postMember(request, tenant, groupId)
  if (first !== undefined && second === '$ref' && request.method === 'DELETE') {
    return deleteMember(request, tenant, { group: groupId, member: first })
  }
  if (request.method !== 'GET') throw wrongMethod()
  demand(request.caller, 'readGroups')
  const group = resolve(tenant, 'group', key)
  const cast = first?.startsWith('microsoft.graph.') === true ? first.slice('microsoft.graph.'.length) : undefined
  const listing = memberListing(tenant, group, cast)
  if (first === '$count' || second === '$count') return answerCount(request, tenant, listing)
  if (first !== undefined && first !== '$ref' && cast === undefined) throw noSuchSegment(more[0] ?? '')
  return answerList(request, tenant, listing)
}

function memberListing(tenant: Tenant, group: Entry, cast: string | undefined): Listing {
  const members = [...group.members.keys()].flatMap((id) => tenant.seen(id) ?? [])
  const shown = cast === undefined ? members : members.filter((member) => member.kind.toLowerCase() === cast)
  return {
    // The page token names the last object by its age, so members are walked in that order.
    entries: shown.sort((a, b) => a.createdSeq - b.createdSeq),
    kind: cast === 'group' ? 'group' : 'user',
    path: `groups/${group.id}/members${cast === undefined ? '' : `/microsoft.graph.${cast}`}`,
    context: 'directoryObjects',
    typed: true,
  }
}

interface Relation {
  readonly entry: Entry
  readonly relation: string
  readonly more: readonly string[]
}

function handleRelation(request: GraphRequest, tenant: Tenant, route: Relation): Answer {
  const { entry, relation, more } = route
  const { method } = request
  const isReference = more[0]?.toLowerCase() === '$ref'
  switch (
    relation
      .toLowerCase()
      .replace(/^microsoft\.graph\./, '')
      .replace(/\(\)$/, '')
  ) {
    case 'manager':
      if (entry.kind === 'group') throw noSuchSegment(relation)
      if (method === 'GET') return answerManager(request, tenant, { entry, isReference })
      if (method === 'PUT' && isReference) return putManager(request, tenant, entry)
      if (method === 'DELETE' && isReference) return deleteManager(request, tenant, entry)
      throw wrongMethod()
    case 'memberof':
      if (method !== 'GET') throw wrongMethod()
      demand(request.caller, readRight[entry.kind])
      return answerList(request, tenant, {
        entries: [...entry.memberOf].flatMap((id) => tenant.seen(id) ?? []).sort((a, b) => a.createdSeq - b.createdSeq),
        kind: 'group',
        path: `${listPath[entry.kind]}/${entry.id}/memberOf`,
        context: 'directoryObjects',
        typed: true,
      })
    case 'revokesigninsessions':
      if (method !== 'POST' || entry.kind !== 'user') throw wrongMethod()
      return revokeSessions(request, tenant, entry)
    case 'onpremisessyncbehavior':
      return handleSyncBehavior(request, tenant, entry)
    default:
      throw noSuchSegment(relation)
  }
}

function answerManager(
  request: GraphRequest,
  tenant: Tenant,
  route: { readonly entry: Entry; readonly isReference: boolean },
): Answer {
  demand(request.caller, 'readUsers')
  const { entry, isReference } = route
  const manager = entry.manager === undefined ? undefined : tenant.seen(entry.manager)
  if (manager === undefined) throw notFound('manager')
  const context = contextOf(tenant, 'directoryObjects/$entity')
  if (isReference) {
    const id = `${tenant.graphUrl}/directoryObjects/${manager.id}/Microsoft.DirectoryServices.User`
    return { status: 200, body: { '@odata.context': context, '@odata.id': id } }
  }
  const shape = { select: request.query.select, typed: true }
  return { status: 200, body: { '@odata.context': context, ...project(tenant, manager, shape) } }
}

const switchRight: Readonly<Record<Kind, Right>> = {
  user: 'switchUserAuthority',
  group: 'switchGroupAuthority',
  orgContact: 'switchContactAuthority',
}

/** Who masters a synced object: read, and handed to the cloud or back. */
function handleSyncBehavior(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  demand(request.caller, switchRight[entry.kind])
  if (request.method === 'GET') {
    const context = contextOf(tenant, `${listPath[entry.kind]}('${entry.id}')/onPremisesSyncBehavior/$entity`)
    const isCloudManaged = entry.properties.isCloudManaged === true
    return { status: 200, body: { '@odata.context': context, id: entry.id, isCloudManaged } }
  }
  if (request.method !== 'PATCH') throw wrongMethod()
  const { isCloudManaged } = bodyObject(request.body)
  if (typeof isCloudManaged !== 'boolean') throw badRequest("Invalid value specified for property 'isCloudManaged'.")
  tenant.change(entry, { properties: { ...entry.properties, isCloudManaged } })
  return { status: 204 }
}

const anyReadRights: readonly Right[] = ['readUsers', 'readGroups', 'readContacts']

function handleDirectoryObjects(request: GraphRequest, tenant: Tenant, rest: readonly string[]): Answer {
  const [first = '', second] = rest
  if (/^(microsoft\.graph\.)?getbyids$/i.test(first) && request.method === 'POST') return getByIds(request, tenant)
  const entry = tenant.seen(first.toLowerCase())
  if (entry === undefined) throw first === '' ? noSuchSegment('directoryObjects') : notFound(first)
  if (second !== undefined) throw noSuchSegment(second)
  if (request.method !== 'GET') return handleObject(request, tenant, entry)
  demand(request.caller, readRight[entry.kind])
  const shape = { select: request.query.select, typed: true }
  const context = contextOf(tenant, 'directoryObjects/$entity')
  return { status: 200, body: { '@odata.context': context, ...project(tenant, entry, shape) } }
}

/** POST /directoryObjects/getByIds: up to 1,000 ids; unknown ones are left out of the answer. */
function getByIds(request: GraphRequest, tenant: Tenant): Answer {
  if (!anyReadRights.some((right) => holds(request.caller, right))) throw denied()
  const { ids, types } = bodyObject(request.body)
  if (!Array.isArray(ids)) throw badRequest("A value is required for property 'ids'.")
  if (ids.length > 1000) throw badRequest('Too many identifiers: at most 1000 are allowed in one request.')
  const wanted = Array.isArray(types) ? new Set(types.map((type) => String(type).toLowerCase())) : undefined
  const value = ids.flatMap((id) => {
    const entry = tenant.seen(String(id).toLowerCase())
    const fits = wanted === undefined || wanted.has('directoryobject') || wanted.has(entry?.kind.toLowerCase() ?? '')
    return entry === undefined || !fits ? [] : [project(tenant, entry, { select: undefined, typed: true })]
  })
  return { status: 200, body: { '@odata.context': contextOf(tenant, 'directoryObjects'), value } }
}
