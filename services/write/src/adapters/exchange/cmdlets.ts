/** The cmdlets that write a mail contact. Its strong keys: the external address, and the anchor in CustomAttribute15. */
import type { CloudObject, CloudRequest, Values } from '../../ports.ts'
import type { Json } from '../graph/body.ts'

export interface Cmdlet {
  readonly name: string
  readonly parameters: Json
}

const setContact: Readonly<Record<string, string>> = {
  givenName: 'FirstName',
  surname: 'LastName',
  jobTitle: 'Title',
  companyName: 'Company',
  department: 'Department',
  officeLocation: 'Office',
  businessPhones: 'Phone',
  mobilePhone: 'MobilePhone',
  faxNumber: 'Fax',
  streetAddress: 'StreetAddress',
  city: 'City',
  state: 'StateOrProvince',
  postalCode: 'PostalCode',
  country: 'CountryOrRegion',
}

const setMailContact: Readonly<Record<string, string>> = {
  displayName: 'DisplayName',
  mail: 'ExternalEmailAddress',
  mailNickname: 'Alias',
}

const pick = (table: Readonly<Record<string, string>>, attributes: Readonly<Record<string, Values>>): Json => {
  const parameters: Json = {}
  for (const [name, values] of Object.entries(attributes)) {
    const parameter = table[name]
    if (parameter) parameters[parameter] = values[0] ?? ''
  }
  return parameters
}

/** In the order to run; undefined parameters are never sent, an empty value is an empty string. */
export function contactCommands(request: CloudRequest): readonly Cmdlet[] {
  switch (request.op) {
    case 'create': {
      const address = request.attributes.mail?.[0] ?? ''
      const display = request.attributes.displayName?.[0] ?? address
      const filled = Object.fromEntries(Object.entries(request.attributes).filter(([, values]) => values.length > 0))
      const alias = pick({ mailNickname: 'Alias' }, filled)
      // The name must be unique in the organisation: the anchor is.
      const create = { Name: request.anchor, DisplayName: display, ExternalEmailAddress: address, ...alias }
      const details = pick(setContact, filled)
      return [
        { name: 'New-MailContact', parameters: create },
        markCommand(request.anchor),
        ...(Object.keys(details).length > 0
          ? [{ name: 'Set-Contact', parameters: { Identity: request.anchor, ...details } }]
          : []),
      ]
    }
    case 'update': {
      const mail = pick(setMailContact, request.attributes)
      const details = pick(setContact, request.attributes)
      return [
        ...(Object.keys(mail).length > 0
          ? [{ name: 'Set-MailContact', parameters: { Identity: request.id, ...mail } }]
          : []),
        ...(Object.keys(details).length > 0
          ? [{ name: 'Set-Contact', parameters: { Identity: request.id, ...details } }]
          : []),
      ]
    }
    case 'delete':
      return [{ name: 'Remove-MailContact', parameters: { Identity: request.id, Confirm: false } }]
    default:
      return []
  }
}

/** New-MailContact cannot set it. */
const markCommand = (anchor: string): Cmdlet => ({
  name: 'Set-MailContact',
  parameters: { Identity: anchor, CustomAttribute15: anchor },
})

/** A creation that was cut short after its first cmdlet left a contact without the mark: what is still to do. */
export const finishCommand = (request: CloudRequest & { op: 'find' }, found: Json): Cmdlet | undefined =>
  found.Name === request.anchor && !found.CustomAttribute15 ? markCommand(request.anchor) : undefined

export const findCommand = (request: CloudRequest & { op: 'find' }): Cmdlet | undefined => ({
  name: 'Get-MailContact',
  parameters: { Identity: request.anchor },
})

export const readCommand = (id: string): Cmdlet => ({ name: 'Get-MailContact', parameters: { Identity: id } })

export function parseContact(body: Json): CloudObject {
  const attributes: Record<string, Values> = {}
  for (const [name, property] of Object.entries(setMailContact)) {
    const value = body[property]
    if (typeof value === 'string') attributes[name] = value === '' ? [] : [value.replace(/^SMTP:/i, '')]
  }
  const anchor = body.CustomAttribute15
  return {
    id: String(body.ExternalDirectoryObjectId ?? body.Guid ?? ''),
    kind: 'contact',
    attributes,
    sourceAnchor: undefined,
    anchor: typeof anchor === 'string' && anchor !== '' ? anchor : undefined,
    foreignMaster: body.IsDirSynced === true,
  }
}
