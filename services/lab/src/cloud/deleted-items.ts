/** The deleted items: listed by type, read, restored, or removed for good. */
import { checkUnique } from './addresses.ts'
import { conflict, noSuchSegment, notFound, wrongMethod } from './failure.ts'
import { answerList, contextOf, project } from './reading.ts'
import type { Answer, GraphRequest } from './request.ts'
import { demand, type Right } from './rights.ts'
import type { Kind } from './schema.ts'
import type { Entry } from './store.ts'
import type { Tenant } from './tenant.ts'
import { restoredUser } from './users.ts'

const kinds: Readonly<Record<string, Kind>> = { 'microsoft.graph.user': 'user', 'microsoft.graph.group': 'group' }
const readRight = (kind: Kind): Right => (kind === 'user' ? 'readUsers' : 'readGroups')
const writeRight = (kind: Kind): Right => (kind === 'user' ? 'restoreUsers' : 'writeGroups')

function deletedEntries(tenant: Tenant, kind: Kind): Entry[] {
  return [...tenant.store.entries[kind].values()].filter((entry) => entry.deletedAt !== undefined)
}

function restore(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  demand(request.caller, writeRight(entry.kind))
  const body = (request.body ?? {}) as Readonly<Record<string, unknown>>
  const properties = entry.kind === 'user' ? restoredUser(tenant, entry, body.newUserPrincipalName) : entry.properties
  const { uniqueName } = properties
  const holder = typeof uniqueName === 'string' ? tenant.store.holder('uniqueName', uniqueName) : undefined
  if (holder !== undefined && holder !== entry.id) throw conflict('uniqueName', holder)
  checkUnique(tenant, { id: entry.id, before: {}, after: properties })
  tenant.change(entry, { properties, deletedAt: undefined, touched: ['deletedDateTime'] })
  const context = contextOf(tenant, 'directoryObjects/$entity')
  return {
    status: 200,
    body: { '@odata.context': context, ...project(tenant, entry, { select: undefined, typed: true }) },
  }
}

/** Everything below /directory/deletedItems; `rest` is the path after it. */
export function answerDeletedItems(request: GraphRequest, tenant: Tenant, rest: readonly string[]): Answer {
  const [first = '', second] = rest
  const kind = kinds[first.toLowerCase()]
  if (kind !== undefined && second === undefined) {
    if (request.method !== 'GET') throw wrongMethod()
    demand(request.caller, readRight(kind))
    const path = `directory/deletedItems/${first}`
    return answerList(request, tenant, {
      entries: deletedEntries(tenant, kind),
      kind,
      path,
      context: `${kind}s`,
    })
  }
  if (first === '') throw noSuchSegment('deletedItems')
  const entry = tenant.store.find((kind === undefined ? first : (second ?? '')).toLowerCase())
  if (entry?.deletedAt === undefined) throw notFound(first)
  if (/^(microsoft\.graph\.)?restore$/i.test(second ?? '') && request.method === 'POST')
    return restore(request, tenant, entry)
  if (request.method === 'GET') {
    demand(request.caller, readRight(entry.kind))
    const context = contextOf(tenant, 'directoryObjects/$entity')
    const shape = { select: request.query.select, typed: true }
    return { status: 200, body: { '@odata.context': context, ...project(tenant, entry, shape) } }
  }
  if (request.method !== 'DELETE') throw wrongMethod()
  demand(request.caller, writeRight(entry.kind))
  tenant.purge(entry)
  return { status: 204 }
}
