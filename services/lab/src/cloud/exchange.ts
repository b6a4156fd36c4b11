/** The mail system's admin call: the cmdlets that make, read, change and remove mail contacts. */
import { checkUnique, withPrimary } from './addresses.ts'
import { GraphFailure } from './failure.ts'
import type { Entry, Properties } from './store.ts'
import type { Tenant } from './tenant.ts'

export interface CmdletCall {
  readonly name: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly pageSize: number
  readonly skip: number
}

export interface CmdletResult {
  readonly values: readonly object[]
  /** Where the next page starts. */
  readonly next: number | undefined
}

/** A cmdlet that failed: id, exception type and text, as the answer packs them. */
export class CmdletFailure extends Error {
  readonly status: number
  readonly code: string
  readonly exceptionType: string

  constructor(shape: { status: number; code: string; exceptionType: string; message: string }) {
    super(shape.message)
    this.status = shape.status
    this.code = shape.code
    this.exceptionType = shape.exceptionType
  }
}

const tasks = 'Microsoft.Exchange.Configuration.Tasks'

const missing = (identity: string, tenant: Tenant): CmdletFailure =>
  new CmdletFailure({
    status: 404,
    code: 'NotFound',
    exceptionType: `${tasks}.ManagementObjectNotFoundException`,
    message: `The operation couldn't be performed because object '${identity}' couldn't be found on '${tenant.initialDomain}'.`,
  })

const invalid = (exceptionType: string, message: string): CmdletFailure =>
  new CmdletFailure({ status: 400, code: 'BadRequest', exceptionType, message })

/** The body of a failed cmdlet. */
export const cmdletError = (failure: CmdletFailure): object => ({
  error: {
    code: failure.code,
    message: 'Error executing cmdlet',
    details: [{ code: 'Context', target: '', message: `Ex6F9304|${failure.exceptionType}|${failure.message}` }],
    innererror: {
      message: 'Error executing cmdlet',
      type: 'Microsoft.Exchange.Admin.OData.Core.ODataServiceException',
      stacktrace: '',
    },
  },
})

/** Where the contact's own properties come from: directory property by cmdlet parameter. */
const plainParameters: Readonly<Record<string, string>> = {
  displayname: 'displayName',
  firstname: 'givenName',
  lastname: 'surname',
  title: 'jobTitle',
  company: 'companyName',
  department: 'department',
  alias: 'mailNickname',
}
const phoneParameters: Readonly<Record<string, string>> = {
  phone: 'business',
  mobilephone: 'mobile',
  fax: 'businessFax',
}
const addressParameters: Readonly<Record<string, string>> = {
  office: 'officeLocation',
  streetaddress: 'street',
  city: 'city',
  stateorprovince: 'state',
  postalcode: 'postalCode',
  countryorregion: 'countryOrRegion',
}
/** Kept as given and shown by the Get cmdlets alone. */
const ownParameters = new Set([
  'name',
  'hiddenfromaddresslistsenabled',
  'mailtip',
  'manager',
  'notes',
  'customattribute',
])
const switches = new Set(['identity', 'confirm', 'resultsize', 'erroraction', 'whatif', 'force'])
const customAttribute = /^customattribute(1[0-5]|[1-9])$/

const stripPrefix = (address: string): string => address.replace(/^smtp:/i, '')

interface ContactRecord {
  readonly Name: string
  readonly ExternalEmailAddress: string
  readonly [parameter: string]: unknown
}

const recordOf = (properties: Properties): ContactRecord => properties.exchange as ContactRecord

function liveContacts(tenant: Tenant): Entry[] {
  return [...tenant.store.entries.orgContact.values()]
}

/** Identity is the id, name, alias or any address of the contact. */
function find(tenant: Tenant, identity: unknown): Entry {
  const wanted = String(identity ?? '').toLowerCase()
  const byId = tenant.store.entries.orgContact.get(wanted)
  if (byId !== undefined) return byId
  const holder = tenant.store.holder('address', stripPrefix(wanted))
  const byAddress = holder === undefined ? undefined : tenant.store.entries.orgContact.get(holder)
  if (byAddress !== undefined) return byAddress
  const named = liveContacts(tenant).find(
    ({ properties }) =>
      recordOf(properties)?.Name.toLowerCase() === wanted ||
      String(properties.mailNickname ?? '').toLowerCase() === wanted ||
      String(properties.displayName ?? '').toLowerCase() === wanted,
  )
  if (named === undefined) throw missing(String(identity), tenant)
  return named
}

function show(entry: Entry): object {
  const { properties } = entry
  const address = ((properties.addresses ?? []) as readonly Properties[])[0] ?? {}
  const phones = (properties.phones ?? []) as readonly { type: string; number: string }[]
  const phone = (type: string): string => phones.find((known) => known.type === type)?.number ?? ''
  return {
    HiddenFromAddressListsEnabled: false,
    ...recordOf(properties),
    Identity: recordOf(properties).Name,
    Guid: entry.id,
    ExternalDirectoryObjectId: entry.id,
    Alias: properties.mailNickname,
    DisplayName: properties.displayName ?? '',
    PrimarySmtpAddress: properties.mail,
    EmailAddresses: properties.proxyAddresses,
    FirstName: properties.givenName ?? '',
    LastName: properties.surname ?? '',
    Title: properties.jobTitle ?? '',
    Company: properties.companyName ?? '',
    Department: properties.department ?? '',
    Phone: phone('business'),
    MobilePhone: phone('mobile'),
    Office: address.officeLocation ?? '',
    City: address.city ?? '',
    RecipientType: 'MailContact',
    RecipientTypeDetails: 'MailContact',
  }
}

function emailAddresses(before: readonly string[], value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String)
  if (typeof value !== 'object' || value === null) {
    throw invalid(
      `${tasks}.ParameterBindingException`,
      'Cannot process argument transformation on parameter EmailAddresses.',
    )
  }
  const change = Object.fromEntries(Object.entries(value).map(([name, list]) => [name.toLowerCase(), list]))
  const listOf = (list: unknown): string[] =>
    (Array.isArray(list) ? list : list === undefined ? [] : [list]).map(String)
  const removed = new Set(listOf(change.remove).map((address) => stripPrefix(address).toLowerCase()))
  const added = listOf(change.add).map((address) => (address.includes(':') ? address : `smtp:${address}`))
  const kept = before.filter((address) => !removed.has(stripPrefix(address).toLowerCase()))
  const known = new Set(kept.map((address) => address.toLowerCase()))
  return [...kept, ...added.filter((address) => !known.has(address.toLowerCase()))]
}

const orAbsent = (value: unknown): unknown => (value === null || value === '' ? undefined : value)

/** The contact after the parameters; throws for one the cmdlet does not have. */
function applyParameters(
  before: Properties,
  parameters: Readonly<Record<string, unknown>>,
  tenant: Tenant,
): Properties {
  const after: Record<string, unknown> = { ...before }
  const record: Record<string, unknown> = { ...recordOf(before) }
  const phones = new Map(
    ((before.phones ?? []) as { type: string; number: string }[]).map((phone) => [phone.type, phone]),
  )
  const address: Record<string, unknown> = { ...((before.addresses ?? []) as readonly Properties[])[0] }
  for (const [name, value] of Object.entries(parameters)) {
    const folded = name.toLowerCase()
    const plain = plainParameters[folded]
    const phone = phoneParameters[folded]
    const place = addressParameters[folded]
    if (plain !== undefined) after[plain] = orAbsent(value)
    else if (phone !== undefined) {
      if (orAbsent(value) === undefined) phones.delete(phone)
      else phones.set(phone, { type: phone, number: String(value) })
    } else if (place !== undefined) address[place] = orAbsent(value)
    else if (folded === 'externalemailaddress') {
      record.ExternalEmailAddress = `SMTP:${stripPrefix(String(value))}`
      after.mail = stripPrefix(String(value))
      after.proxyAddresses = withPrimary((after.proxyAddresses ?? []) as readonly string[], String(after.mail))
    } else if (folded === 'emailaddresses') {
      after.proxyAddresses = emailAddresses((after.proxyAddresses ?? []) as readonly string[], value)
      const primary = (after.proxyAddresses as readonly string[]).find((item) => item.startsWith('SMTP:'))
      if (primary !== undefined) after.mail = stripPrefix(primary)
    } else if (folded === 'manager') record.Manager = value === null ? undefined : find(tenant, value).id
    else if (ownParameters.has(folded) || customAttribute.test(folded)) record[name] = value ?? undefined
    else if (!switches.has(folded)) {
      throw invalid(
        'System.Management.Automation.ParameterBindingException',
        `A parameter cannot be found that matches parameter name '${name}'.`,
      )
    }
  }
  after.phones = [...phones.values()]
  after.addresses = Object.values(address).some((value) => value !== undefined) ? [address] : []
  after.exchange = record
  return after
}

function unique(tenant: Tenant, claim: { id: string | undefined; before: Properties; after: Properties }): void {
  try {
    checkUnique(tenant, claim)
  } catch (error) {
    if (!(error instanceof GraphFailure)) throw error
    const holder = error.details?.find((detail) => detail.code === 'ConflictingObjects')?.target
    throw invalid(
      `${tasks}.ProxyAddressExistsException`,
      `The proxy address "SMTP:${claim.after.mail}" is already being used by the proxy addresses or LegacyExchangeDN of "${holder}". Please choose another proxy address.`,
    )
  }
}

function newContact(tenant: Tenant, parameters: Readonly<Record<string, unknown>>): Entry {
  const folded = new Map(Object.entries(parameters).map(([name, value]) => [name.toLowerCase(), value]))
  for (const name of ['Name', 'ExternalEmailAddress']) {
    if (orAbsent(folded.get(name.toLowerCase())) !== undefined) continue
    throw invalid(
      'System.Management.Automation.ParameterBindingException',
      `Cannot process command because of one or more missing mandatory parameters: ${name}.`,
    )
  }
  const name = String(folded.get('name'))
  const address = stripPrefix(String(folded.get('externalemailaddress')))
  if (!/^[^\s@]+@[^\s@]+$/.test(address)) {
    throw invalid('Microsoft.Exchange.Data.DataValidationException', `The address '${address}' is invalid.`)
  }
  if (liveContacts(tenant).some(({ properties }) => recordOf(properties)?.Name.toLowerCase() === name.toLowerCase())) {
    throw invalid(
      'Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException',
      `The name "${name}" is already being used. Please try another name.`,
    )
  }
  const alias = name.replace(/[^A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]/g, '') || 'contact'
  const start: Properties = {
    displayName: name,
    mailNickname: alias,
    exchange: { Name: name, ExternalEmailAddress: '' },
  }
  const properties = applyParameters(start, parameters, tenant)
  unique(tenant, { id: undefined, before: {}, after: properties })
  return tenant.create('orgContact', { properties })
}

function changeContact(tenant: Tenant, parameters: Readonly<Record<string, unknown>>): void {
  const entry = find(tenant, identityOf(parameters))
  if (entry.properties.onPremisesSyncEnabled === true && entry.properties.isCloudManaged !== true) {
    throw invalid(
      `${tasks}.InvalidOperationInDehydratedContextException`,
      "The operation on this object failed because it's out of the current user's write scope: the object is being synchronized from your on-premises organization.",
    )
  }
  const after = applyParameters(entry.properties, parameters, tenant)
  unique(tenant, { id: entry.id, before: entry.properties, after })
  const names = Object.keys(after).filter(
    (name) => JSON.stringify(after[name]) !== JSON.stringify(entry.properties[name]),
  )
  if (names.length > 0) tenant.change(entry, { properties: after, touched: names })
}

const identityOf = (parameters: Readonly<Record<string, unknown>>): unknown =>
  Object.entries(parameters).find(([name]) => name.toLowerCase() === 'identity')?.[1]

function getContacts(tenant: Tenant, call: CmdletCall): CmdletResult {
  const identity = identityOf(call.parameters)
  if (identity !== undefined) return { values: [show(find(tenant, identity))], next: undefined }
  const size = Object.entries(call.parameters).find(([name]) => name.toLowerCase() === 'resultsize')?.[1]
  const all = liveContacts(tenant).filter((entry) => entry.properties.exchange !== undefined)
  const limited = /^unlimited$/i.test(String(size)) ? all : all.slice(0, Number(size ?? 1000))
  const page = limited.slice(call.skip, call.skip + call.pageSize)
  const end = call.skip + page.length
  return { values: page.map(show), next: end < limited.length ? end : undefined }
}

/** Runs a cmdlet; throws a CmdletFailure. */
export function runCmdlet(tenant: Tenant, call: CmdletCall): CmdletResult {
  const { parameters } = call
  switch (call.name.toLowerCase()) {
    case 'new-mailcontact':
      return { values: [show(newContact(tenant, parameters))], next: undefined }
    case 'get-mailcontact':
    case 'get-contact':
      return getContacts(tenant, call)
    case 'set-mailcontact':
    case 'set-contact':
      changeContact(tenant, parameters)
      return { values: [], next: undefined }
    case 'remove-mailcontact':
      tenant.purge(find(tenant, identityOf(parameters)))
      return { values: [], next: undefined }
    default:
      throw new CmdletFailure({
        status: 400,
        code: 'BadRequest',
        exceptionType: 'System.Management.Automation.CommandNotFoundException',
        message: `The term '${call.name}' is not recognized as the name of a cmdlet.`,
      })
  }
}
