/** The tenant seen from inside the process: what tests and the lab's people look at and change by hand. */
import { GraphFailure } from './failure.ts'
import { handleGraph } from './graph.ts'
import { type Caller, emptyQuery, parsePath } from './request.ts'
import type { Kind } from './schema.ts'
import type { Entry, Properties } from './store.ts'
import type { Tenant } from './tenant.ts'

/** An object as it is now, replication lag ignored. */
export interface CloudObject {
  readonly id: string
  readonly kind: Kind
  readonly properties: Properties
  readonly manager: string | undefined
  readonly deletedAt: string | undefined
}

export interface CloudCounts {
  readonly users: number
  readonly groups: number
  readonly contacts: number
  readonly memberships: number
  readonly deleted: number
}

export interface LabTenant {
  counts(): CloudCounts
  /** Live objects of a kind, in the order they were made. */
  users(predicate?: (user: CloudObject) => boolean): readonly CloudObject[]
  groups(predicate?: (group: CloudObject) => boolean): readonly CloudObject[]
  contacts(predicate?: (contact: CloudObject) => boolean): readonly CloudObject[]
  find(id: string): CloudObject | undefined
  /** Ids of a group's direct members, deleted ones left out. */
  members(groupId: string): readonly string[]
  /** The user with this onPremisesImmutableId, deleted or not. */
  byImmutableId(anchor: string): CloudObject | undefined
  deletedItems(): readonly CloudObject[]
  /** Answered requests by `METHOD status`, those inside batches one by one; cmdlets and sign-ins as `Name status`, `token status`. */
  readonly requestLog: ReadonlyMap<string, number>
  /** Directory changes that applications were told succeeded. */
  writes(): number
  /** Changes made by a person at the portal: every rule but rights applies. They throw a GraphFailure. */
  create(kind: 'user' | 'group', body: Properties): CloudObject
  patch(id: string, body: Properties): void
  remove(id: string): void
  addMember(groupId: string, memberId: string): void
  removeMember(groupId: string, memberId: string): void
  setManager(userId: string, managerId: string | undefined): void
  /** Puts an object there past every rule, for example one another engine synchronizes. Returns its id. */
  seed(kind: Kind, properties: Properties): string
  /** Makes a user a holder of an administrative role. */
  setPrivileged(userId: string, privileged: boolean): void
  /** Everything as JSON values, one per line of a dump. */
  dump(kind: 'users' | 'groups' | 'members' | 'contacts'): Iterable<object>
}

const person: Caller = { appId: 'portal', roles: new Set(), person: true }

const view = (entry: Entry): CloudObject => ({
  id: entry.id,
  kind: entry.kind,
  properties: entry.properties,
  manager: entry.manager,
  deletedAt: entry.deletedAt,
})

export interface RequestCounters {
  readonly log: Map<string, number>
  writes: number
}

function liveOf(tenant: Tenant, kind: Kind, predicate?: (object: CloudObject) => boolean): readonly CloudObject[] {
  const found: CloudObject[] = []
  for (const entry of tenant.store.entries[kind].values()) {
    if (entry.deletedAt !== undefined) continue
    const object = view(entry)
    if (predicate === undefined || predicate(object)) found.push(object)
  }
  return found
}

const isLive = (tenant: Tenant, id: string): boolean => {
  const entry = tenant.store.find(id)
  return entry !== undefined && entry.deletedAt === undefined
}

function* dumpOf(tenant: Tenant, kind: 'users' | 'groups' | 'members' | 'contacts'): Generator<object> {
  if (kind === 'members') {
    for (const group of tenant.store.entries.group.values()) {
      if (group.deletedAt !== undefined) continue
      for (const member of group.members.keys()) if (isLive(tenant, member)) yield { group: group.id, member }
    }
    return
  }
  const entries = tenant.store.entries[kind === 'users' ? 'user' : kind === 'groups' ? 'group' : 'orgContact']
  for (const { id, deletedAt, manager, properties } of entries.values()) yield { id, deletedAt, manager, ...properties }
}

const pathOf = (entry: Entry | undefined): string => {
  if (entry === undefined) return 'directoryObjects/'
  return `${entry.kind === 'user' ? 'users' : 'groups'}/${entry.id}`
}

/** Everything the lab's own code may ask and do; `counters` is kept by the server. */
export function labTenant(tenant: Tenant, counters: RequestCounters): LabTenant {
  const { store } = tenant
  const act = (method: string, path: string, body?: unknown): unknown => {
    const answer = handleGraph(
      { method, segments: parsePath(path), query: emptyQuery, header: () => undefined, body, caller: person },
      tenant,
    )
    tenant.flush()
    return answer.body
  }
  const must = (id: string): Entry => {
    const entry = store.find(id)
    if (entry === undefined)
      throw new GraphFailure({ status: 404, code: 'Request_ResourceNotFound', message: `No object ${id}.` })
    return entry
  }
  const reference = (id: string): object => ({ '@odata.id': `${tenant.graphUrl}/directoryObjects/${id}` })
  return {
    counts: () => {
      const all = Object.values(store.entries).flatMap((entries) => [...entries.values()])
      const live = all.filter((entry) => entry.deletedAt === undefined)
      const count = (kind: Kind): number => live.filter((entry) => entry.kind === kind).length
      const membersOf = (entry: Entry): number => [...entry.members.keys()].filter((id) => isLive(tenant, id)).length
      return {
        users: count('user'),
        groups: count('group'),
        contacts: count('orgContact'),
        memberships: live.reduce((sum, entry) => sum + membersOf(entry), 0),
        deleted: all.length - live.length,
      }
    },
    users: (predicate) => liveOf(tenant, 'user', predicate),
    groups: (predicate) => liveOf(tenant, 'group', predicate),
    contacts: (predicate) => liveOf(tenant, 'orgContact', predicate),
    find: (id) => {
      const entry = store.find(id)
      return entry === undefined ? undefined : view(entry)
    },
    members: (groupId) => [...(store.find(groupId)?.members.keys() ?? [])].filter((id) => isLive(tenant, id)),
    byImmutableId: (anchor) => {
      const entry = store.find(store.holder('onPremisesImmutableId', anchor) ?? '')
      return entry === undefined ? undefined : view(entry)
    },
    deletedItems: () =>
      Object.values(store.entries)
        .flatMap((entries) => [...entries.values()])
        .filter((entry) => entry.deletedAt !== undefined)
        .map(view),
    requestLog: counters.log,
    writes: () => counters.writes,
    create: (kind, body) => view(must((act('POST', kind === 'user' ? 'users' : 'groups', body) as { id: string }).id)),
    patch: (id, body) => void act('PATCH', pathOf(must(id)), body),
    remove: (id) => void act('DELETE', pathOf(must(id))),
    addMember: (groupId, memberId) => void act('POST', `groups/${groupId}/members/$ref`, reference(memberId)),
    removeMember: (groupId, memberId) => void act('DELETE', `groups/${groupId}/members/${memberId}/$ref`),
    setManager: (userId, managerId) => {
      if (managerId === undefined) act('DELETE', `users/${userId}/manager/$ref`)
      else act('PUT', `users/${userId}/manager/$ref`, reference(managerId))
    },
    seed: (kind, properties) => {
      const { id } = tenant.create(kind, { properties })
      tenant.flush()
      return id
    },
    setPrivileged: (userId, privileged) => {
      tenant.change(must(userId), { privileged })
      tenant.flush()
    },
    dump: (kind) => dumpOf(tenant, kind),
  }
}
