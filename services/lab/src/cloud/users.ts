/** Creating, changing and deleting users. */
import { checkUnique, withPrimary } from './addresses.ts'
import { badRequest, denied, invalidValue, masteredElsewhere } from './failure.ts'
import { contextOf, project } from './reading.ts'
import { type Answer, bodyObject, type Caller, type GraphRequest } from './request.ts'
import { demand, holds } from './rights.ts'
import type { Entry, Properties } from './store.ts'
import type { Tenant } from './tenant.ts'
import { merge, readWritable, requireProperties } from './writable.ts'

const nameCharacters = /^[A-Za-z0-9'.\-_!#^~]+$/

function checkPrincipalName(tenant: Tenant, value: string): void {
  const at = value.lastIndexOf('@')
  const local = value.slice(0, at)
  const domain = value.slice(at + 1)
  const wellFormed =
    at > 0 && local.length <= 64 && domain.length <= 48 && nameCharacters.test(local) && !/^\.|\.$/.test(local)
  if (!wellFormed) throw invalidValue('userPrincipalName', 'User')
  if (tenant.isVerified(domain)) return
  const message =
    'The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names ' +
    'in your organization.'
  throw badRequest(message, [{ code: 'InvalidValue', target: 'userPrincipalName', message }])
}

function checkPassword(profile: unknown, required: boolean): void {
  const values = Object.entries((profile ?? {}) as Properties)
  for (const [name] of values) {
    if (!/^(password|forceChangePasswordNextSignIn|forceChangePasswordNextSignInWithMfa)$/i.test(name)) {
      throw badRequest(`Invalid property '${name}'.`)
    }
  }
  const password = values.find(([name]) => name.toLowerCase() === 'password')?.[1]
  if (password === undefined && !required) return
  if (typeof password !== 'string' || password === '') throw invalidValue('passwordProfile', 'User')
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((pattern) => pattern.test(password)).length
  if (password.length >= 8 && password.length <= 256 && classes >= 3) return
  const message =
    'The specified password does not comply with password complexity requirements. Please provide a different password.'
  throw badRequest(message, [{ code: 'PasswordNotCompliant', target: 'passwordProfile', message }])
}

/** POST /users. The password is judged and forgotten. */
export function createUser(request: GraphRequest, tenant: Tenant): Answer {
  demand(request.caller, 'writeUsers')
  const { values, binds } = readWritable({ kind: 'user', mode: 'create', body: bodyObject(request.body), before: {} })
  if (binds.size > 0) throw badRequest('References cannot be set when a user is created.')
  requireProperties('user', values, [
    'accountEnabled',
    'displayName',
    'mailNickname',
    'userPrincipalName',
    'passwordProfile',
  ])
  checkPassword(values.passwordProfile, true)
  const name = String(values.userPrincipalName)
  checkPrincipalName(tenant, name)
  const federated = tenant.domain(name.slice(name.lastIndexOf('@') + 1))?.authenticationType === 'Federated'
  if (federated) requireProperties('user', values, ['onPremisesImmutableId'])
  const now = tenant.timestamp()
  const { after } = merge({}, values)
  const properties: Record<string, unknown> = { userType: 'Member', ...after, createdDateTime: now }
  delete properties.passwordProfile
  properties.lastPasswordChangeDateTime = now
  properties.signInSessionsValidFromDateTime = now
  if (typeof values.mail === 'string') properties.proxyAddresses = withPrimary([], values.mail)
  checkUnique(tenant, { id: undefined, before: {}, after: properties })
  const entry = tenant.create('user', { properties })
  const body = {
    '@odata.context': contextOf(tenant, 'users/$entity'),
    ...project(tenant, entry, { select: undefined }),
  }
  return { status: 201, headers: { location: `${tenant.graphUrl}/users/${entry.id}` }, body }
}

/** What only a privileged role may change on holders of administrative roles. */
const sensitive = [
  'accountEnabled',
  'businessPhones',
  'mobilePhone',
  'otherMails',
  'passwordProfile',
  'userPrincipalName',
]
const cloudMastered = new Set(['usageLocation'])

function checkRights(caller: Caller, entry: Entry, values: Properties): void {
  const names = Object.keys(values)
  if (names.length === 1 && names[0] === 'accountEnabled') demand(caller, 'enableUsers')
  else if (names.length !== 1 || names[0] !== 'passwordProfile') demand(caller, 'writeUsers')
  if (names.includes('passwordProfile') && !holds(caller, 'setPasswords')) throw denied()
  if (entry.privileged && !caller.person && sensitive.some((name) => name in values)) throw denied()
}

/** Whether another engine masters the object and its authority was not handed to the cloud. */
export const isMasteredElsewhere = (entry: Entry): boolean =>
  entry.properties.onPremisesSyncEnabled === true && entry.properties.isCloudManaged !== true

/** The object's values after a change of mail and extension attributes has been worked out. */
function changed(entry: Entry, values: Properties): { after: Record<string, unknown>; touched: string[] } {
  const { after: plain, touched } = merge(entry.properties, values)
  const after: Record<string, unknown> = { ...plain }
  delete after.passwordProfile
  if (values.onPremisesExtensionAttributes) {
    after.onPremisesExtensionAttributes = merge(
      (entry.properties.onPremisesExtensionAttributes ?? {}) as Properties,
      values.onPremisesExtensionAttributes as Properties,
    ).after
  }
  if (touched.includes('mail') && typeof after.mail === 'string') {
    after.proxyAddresses = withPrimary((after.proxyAddresses ?? []) as readonly string[], after.mail)
    touched.push('proxyAddresses')
  }
  return { after, touched: touched.filter((name) => name !== 'passwordProfile') }
}

function checkExtensionAttributes(value: unknown): void {
  if (value === undefined || value === null) return
  for (const [name, text] of Object.entries(value)) {
    const known = /^extensionAttribute([1-9]|1[0-5])$/i.test(name)
    const fits = text === null || (typeof text === 'string' && text !== '' && text.length <= 1024)
    if (!known || !fits) throw invalidValue('onPremisesExtensionAttributes', 'User')
  }
}

/** PATCH /users/{id}: writes the named properties, nulls clear. */
export function updateUser(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  const body = bodyObject(request.body)
  const { values, binds } = readWritable({ kind: 'user', mode: 'update', body, before: entry.properties })
  checkRights(request.caller, entry, values)
  if (binds.size > 0) throw badRequest('References of a user are set through manager/$ref.')
  if (isMasteredElsewhere(entry) && Object.keys(values).some((name) => !cloudMastered.has(name)))
    throw masteredElsewhere()
  if (values.userPrincipalName !== undefined) checkPrincipalName(tenant, String(values.userPrincipalName))
  if (values.passwordProfile !== undefined) checkPassword(values.passwordProfile, false)
  checkExtensionAttributes(values.onPremisesExtensionAttributes)
  const { after, touched } = changed(entry, values)
  if (values.passwordProfile !== undefined) after.lastPasswordChangeDateTime = tenant.timestamp()
  checkUnique(tenant, { id: entry.id, before: entry.properties, after })
  if (touched.length > 0 || values.passwordProfile !== undefined) tenant.change(entry, { properties: after, touched })
  return { status: 204 }
}

const idPrefix = (id: string): string => id.replaceAll('-', '')

/** DELETE /users/{id}: to the deleted items, its principal name set free. */
export function deleteUser(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  demand(request.caller, 'writeUsers')
  if (entry.privileged && !request.caller.person) throw denied()
  if (isMasteredElsewhere(entry)) throw masteredElsewhere()
  const properties = {
    ...entry.properties,
    userPrincipalName: `${idPrefix(entry.id)}${entry.properties.userPrincipalName}`,
  }
  tenant.change(entry, { properties, deletedAt: tenant.timestamp() })
  return { status: 204 }
}

/** The principal name a deleted user had. */
export function originalPrincipalName(entry: Entry): string {
  const name = String(entry.properties.userPrincipalName)
  const prefix = idPrefix(entry.id)
  return name.startsWith(prefix) ? name.slice(prefix.length) : name
}

/** The properties of a deleted user when it comes back, under its own or a new principal name. */
export function restoredUser(tenant: Tenant, entry: Entry, newName: unknown): Properties {
  const userPrincipalName = typeof newName === 'string' ? newName : originalPrincipalName(entry)
  checkPrincipalName(tenant, userPrincipalName)
  const properties = { ...entry.properties, userPrincipalName }
  checkUnique(tenant, { id: entry.id, before: entry.properties, after: properties })
  return properties
}

/** POST /users/{id}/revokeSignInSessions: every session before now is over. */
export function revokeSessions(request: GraphRequest, tenant: Tenant, entry: Entry): Answer {
  demand(request.caller, 'revokeSessions')
  const name = 'signInSessionsValidFromDateTime'
  const properties = { ...entry.properties, [name]: tenant.timestamp() }
  tenant.change(entry, { properties, touched: [name] })
  return { status: 200, body: { '@odata.context': contextOf(tenant, 'Edm.Boolean'), value: true } }
}
