/** References between objects: members of groups, and a person's manager. */
import { badRequest, GraphFailure, masteredElsewhere, notFound, referenceNotReady } from './failure.ts'
import { type Answer, bodyObject, type GraphRequest, referencedId } from './request.ts'
import { demand } from './rights.ts'
import type { Entry } from './store.ts'
import type { Tenant } from './tenant.ts'

/** The object a reference names; a deleted or unknown one is missing, a fresh one not ready. */
function target(tenant: Tenant, reference: unknown): Entry {
  const id = referencedId(reference)
  const entry = tenant.store.find(id)
  if (entry === undefined || entry.deletedAt !== undefined) throw notFound(id)
  if (!tenant.replicated(entry)) throw referenceNotReady()
  return entry
}

const alreadyThere = (): GraphFailure =>
  badRequest("One or more added object references already exist for the following modified properties: 'members'.")

function checkMember(group: Entry | undefined, member: Entry): void {
  if (group?.id === member.id) throw badRequest('A group cannot be a member of itself.')
  const unified = ((group?.properties.groupTypes ?? []) as readonly string[]).includes('Unified')
  if (unified && member.kind !== 'user') {
    throw badRequest("Invalid object type for the following modified properties: 'members'.")
  }
}

/** The ids of bound members after every one was judged; throws for the first that cannot be added. */
export function boundMembers(tenant: Tenant, group: Entry | undefined, references: readonly unknown[]): string[] {
  const ids = new Set<string>()
  for (const reference of references) {
    const member = target(tenant, reference)
    checkMember(group, member)
    if (ids.has(member.id) || group?.members.has(member.id) === true) throw alreadyThere()
    ids.add(member.id)
  }
  return [...ids]
}

function checkGroup(request: GraphRequest, group: Entry): void {
  demand(request.caller, 'writeMembers')
  if (group.properties.isAssignableToRole === true) demand(request.caller, 'writeRoleGroups')
  if (group.properties.onPremisesSyncEnabled === true && group.properties.isCloudManaged !== true)
    throw masteredElsewhere()
  if (((group.properties.groupTypes ?? []) as readonly string[]).includes('DynamicMembership')) {
    throw badRequest('Members of a group with dynamic membership cannot be changed.')
  }
  if (
    group.properties.mailEnabled === true &&
    !((group.properties.groupTypes ?? []) as readonly string[]).includes('Unified')
  ) {
    throw badRequest('Cannot Update a mail-enabled security groups and or distribution list.')
  }
}

/** Adds all references or none. */
export function addMembers(
  request: GraphRequest,
  tenant: Tenant,
  addition: { readonly group: Entry; readonly references: readonly unknown[] },
): void {
  checkGroup(request, addition.group)
  tenant.changeMembers(addition.group, { add: boundMembers(tenant, addition.group, addition.references), remove: [] })
}

/** The group of a reference operation, where too fresh is another answer than missing. */
export function referencingGroup(tenant: Tenant, id: string): Entry {
  const group = tenant.store.entries.group.get(id.toLowerCase())
  if (group === undefined || group.deletedAt !== undefined) throw notFound(id)
  if (!tenant.replicated(group)) throw referenceNotReady()
  return group
}

const referenceOf = (request: GraphRequest): unknown => {
  const found = Object.entries(bodyObject(request.body)).find(([name]) => name.toLowerCase() === '@odata.id')
  if (found === undefined) throw badRequest('The property @odata.id is missing from the reference.')
  return found[1]
}

/** POST /groups/{id}/members/$ref. */
export function postMember(request: GraphRequest, tenant: Tenant, groupId: string): Answer {
  addMembers(request, tenant, { group: referencingGroup(tenant, groupId), references: [referenceOf(request)] })
  return { status: 204 }
}

/** DELETE /groups/{id}/members/{member}/$ref. */
export function deleteMember(
  request: GraphRequest,
  tenant: Tenant,
  edge: { readonly group: string; readonly member: string },
): Answer {
  const group = referencingGroup(tenant, edge.group)
  checkGroup(request, group)
  const member = edge.member.toLowerCase()
  if (!group.members.has(member)) {
    throw new GraphFailure({
      status: 404,
      code: 'Request_ResourceNotFound',
      message: "One or more removed object references do not exist for the following modified properties: 'members'.",
    })
  }
  tenant.changeMembers(group, { add: [], remove: [member] })
  return { status: 204 }
}

function referencingUser(tenant: Tenant, user: Entry): void {
  if (!tenant.replicated(user)) throw referenceNotReady()
  if (user.properties.onPremisesSyncEnabled === true && user.properties.isCloudManaged !== true)
    throw masteredElsewhere()
}

/** PUT /users/{id}/manager/$ref; a manager is a user or a contact. */
export function putManager(request: GraphRequest, tenant: Tenant, user: Entry): Answer {
  demand(request.caller, 'writeUsers')
  referencingUser(tenant, user)
  const manager = target(tenant, referenceOf(request))
  if (manager.kind === 'group')
    throw badRequest("Invalid object type for the following modified properties: 'manager'.")
  if (user.manager !== manager.id) tenant.change(user, { manager: manager.id, touched: ['manager'] })
  return { status: 204 }
}

/** DELETE /users/{id}/manager/$ref. */
export function deleteManager(request: GraphRequest, tenant: Tenant, user: Entry): Answer {
  demand(request.caller, 'writeUsers')
  referencingUser(tenant, user)
  if (user.manager === undefined) throw notFound('manager')
  tenant.change(user, { manager: undefined, touched: ['manager'] })
  return { status: 204 }
}
