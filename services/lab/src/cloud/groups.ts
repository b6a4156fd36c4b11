/** Creating, changing and deleting groups, and their alternate key. */
import { checkUnique } from './addresses.ts'
import { badRequest, conflict, GraphFailure, masteredElsewhere, notFound } from './failure.ts'
import { addMembers, boundMembers } from './members.ts'
import { contextOf, project } from './reading.ts'
import { type Answer, bodyObject, type GraphRequest } from './request.ts'
import { demand } from './rights.ts'
import type { Entry, Properties } from './store.ts'
import type { Tenant } from './tenant.ts'
import { isMasteredElsewhere } from './users.ts'
import { merge, readWritable, requireProperties } from './writable.ts'

export const isUnified = (properties: Properties): boolean =>
  Array.isArray(properties.groupTypes) && properties.groupTypes.includes('Unified')

/** Distribution lists and mail-enabled security groups belong to Exchange. */
const isMailGroup = (properties: Properties): boolean => properties.mailEnabled === true && !isUnified(properties)

function checkKind(values: Properties): void {
  const types = (values.groupTypes ?? []) as readonly string[]
  if (types.some((type) => type !== 'Unified' && type !== 'DynamicMembership')) {
    throw badRequest("Invalid value specified for property 'groupTypes' of resource 'Group'.")
  }
  if (isMailGroup(values)) {
    throw badRequest(
      'The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement ' +
        'property is unset and the security-enablement property is set.',
    )
  }
  if (isUnified(values) && values.mailEnabled !== true) {
    throw badRequest("Invalid value specified for property 'mailEnabled' of resource 'Group'.")
  }
  if (!isUnified(values) && values.securityEnabled !== true) {
    throw badRequest("Invalid value specified for property 'securityEnabled' of resource 'Group'.")
  }
}

/** What the mail system gives a new Microsoft 365 group. */
function mailOf(tenant: Tenant, values: Properties): Properties {
  const mail = `${values.mailNickname}@${tenant.initialDomain}`
  const holder = tenant.store.holder('address', mail)
  if (holder !== undefined) throw conflict('mailNickname', holder)
  return { mail, proxyAddresses: [`SMTP:${mail}`], description: values.description ?? values.displayName }
}

/** POST /groups. */
export function createGroup(request: GraphRequest, tenant: Tenant, fixed: Properties = {}): Answer {
  demand(request.caller, 'createGroups')
  const body = bodyObject(request.body)
  const { values, binds } = readWritable({ kind: 'group', mode: 'create', body, before: {} })
  requireProperties('group', values, ['displayName', 'mailEnabled', 'mailNickname', 'securityEnabled'])
  checkKind(values)
  if (values.isAssignableToRole === true) demand(request.caller, 'writeRoleGroups')
  const references = [...(binds.get('members') ?? []), ...(binds.get('owners') ?? [])]
  if (references.length > 20) throw badRequest('The number of owner and member references exceeds the limit of 20.')
  const members = boundMembers(tenant, undefined, binds.get('members') ?? [])
  const now = tenant.timestamp()
  const { after } = merge({}, { groupTypes: [], ...values, ...fixed })
  const mail = isUnified(after) ? mailOf(tenant, after) : {}
  const properties = { ...after, ...mail, createdDateTime: now, renewedDateTime: now }
  checkUnique(tenant, { id: undefined, before: {}, after: properties })
  const entry = tenant.create('group', { properties })
  tenant.changeMembers(entry, { add: members, remove: [] })
  const answer = {
    '@odata.context': contextOf(tenant, 'groups/$entity'),
    ...project(tenant, entry, { select: undefined }),
  }
  return { status: 201, headers: { location: `${tenant.graphUrl}/groups/${entry.id}` }, body: answer }
}

function checkUpdate(entry: Entry, values: Properties): void {
  if (isMailGroup(entry.properties)) {
    throw badRequest('Cannot Update a mail-enabled security groups and or distribution list.')
  }
  const fixed = ['mailEnabled', 'groupTypes', 'visibility'] as const
  for (const name of fixed) {
    if (!(name in values) || JSON.stringify(values[name]) === JSON.stringify(entry.properties[name] ?? null)) continue
    const hidden = values[name] === 'HiddenMembership'
    if (name !== 'visibility' || hidden)
      throw badRequest(`Property '${name}' cannot be changed after the group was created.`)
  }
  const { uniqueName } = entry.properties
  if ('uniqueName' in values && uniqueName !== undefined && values.uniqueName !== uniqueName) {
    throw badRequest("Property 'uniqueName' can be set only once.")
  }
}

/** PATCH /groups/{id}: properties, or up to 20 new members, all or nothing. */
export function updateGroup(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  const body = bodyObject(request.body)
  const { values, binds } = readWritable({ kind: 'group', mode: 'update', body, before: entry.properties })
  const bound = binds.get('members')
  demand(request.caller, bound !== undefined && Object.keys(values).length === 0 ? 'writeMembers' : 'writeGroups')
  if (isMasteredElsewhere(entry)) throw masteredElsewhere()
  if (Object.keys(values).some((name) => /^(allow|auto|hide|isSub)/.test(name)) && !request.caller.person) {
    throw new GraphFailure({
      status: 403,
      code: 'ErrorAccessDenied',
      message: 'Access is denied. Check credentials and try again.',
    })
  }
  checkUpdate(entry, values)
  const { after, touched } = merge(entry.properties, values)
  checkUnique(tenant, { id: entry.id, before: entry.properties, after })
  if (bound !== undefined) addMembers(request, tenant, { group: entry, references: bound })
  if (touched.length > 0) tenant.change(entry, { properties: after, touched })
  return { status: 204 }
}

/** PATCH /groups(uniqueName='x'): an update, or with `Prefer: create-if-missing` an idempotent create. */
export function upsertGroup(request: GraphRequest, tenant: Tenant, uniqueName: string): Answer {
  const holder = tenant.store.holder('uniqueName', uniqueName)
  const entry = holder === undefined ? undefined : tenant.store.entries.group.get(holder)
  const createsIfMissing = /(^|[\s,;])create-if-missing($|[\s,;])/i.test(request.header('prefer') ?? '')
  if (entry !== undefined && entry.deletedAt !== undefined && createsIfMissing) throw conflict('uniqueName', entry.id)
  // The key is unique at once even where reads lag behind, so an upsert finds a group they do not show yet.
  if (entry !== undefined && entry.deletedAt === undefined && (createsIfMissing || tenant.replicated(entry))) {
    return updateGroup({ ...request, body: withoutKey(bodyObject(request.body)) }, tenant, entry)
  }
  if (!createsIfMissing) throw notFound(uniqueName)
  const body = withoutKey(bodyObject(request.body))
  return createGroup({ ...request, body }, tenant, { uniqueName })
}

const withoutKey = (body: Properties): Properties =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name.toLowerCase() !== 'uniquename'))

/** DELETE /groups/{id}: to the deleted items, or at once where the tenant deletes security groups for good. */
export function deleteGroup(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  demand(request.caller, 'writeGroups')
  if (isMasteredElsewhere(entry)) throw masteredElsewhere()
  if (isMailGroup(entry.properties))
    throw badRequest('Cannot Delete a mail-enabled security groups and or distribution list.')
  const soft = isUnified(entry.properties) || tenant.settings.securityGroupDelete === 'soft'
  if (soft) tenant.change(entry, { deletedAt: tenant.timestamp() })
  else tenant.purge(entry)
  return { status: 204 }
}
