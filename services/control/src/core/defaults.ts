/**
 * The default mapping tables, pinned by date: what `extends: entra/defaults@2026-11` stands for.
 *
 * They follow the rules Microsoft's own engines ship (attribute for attribute, the same fall-backs), limited to what an
 * application may write through Microsoft Graph (users, groups) and Exchange Online (contacts). A table is never changed
 * after it shipped; a correction is a new date.
 */
import type { configuration } from '@canopy/proto'

type MappingRule = configuration.MappingRule
type Kind = 'user' | 'group' | 'contact'

const rule = (kind: Kind, target: string, source: MappingRule['source']): MappingRule => ({
  kind,
  target,
  source,
  onCreate: false,
  defaultValue: '',
})
const direct = (kind: Kind, target: string, attribute: string) =>
  rule(kind, target, { $case: 'direct', value: attribute })
const expression = (kind: Kind, target: string, text: string) =>
  rule(kind, target, { $case: 'expression', value: text })
const trimmed = (kind: Kind, target: string, attribute: string) => expression(kind, target, `Trim([${attribute}])`)

/** displayName, or the name of the object where nobody gave it one: a target refuses an object without. */
const displayName = (kind: Kind) =>
  expression(kind, 'displayName', 'IIF(IsNullOrEmpty([displayName]), [cn], [displayName])')

/** The mail alias; where there is none, a name without the characters that Graph refuses. */
const mailNickname = (kind: Kind, otherwise: string) =>
  expression(
    kind,
    'mailNickname',
    `IIF(IsNullOrEmpty([mailNickname]), Replace([${otherwise}], , "[^A-Za-z0-9._-]", , "_", , ), Trim([mailNickname]))`,
  )

/** What users and contacts share: name, place, work and telephones. */
const person = (kind: Kind): readonly MappingRule[] => [
  displayName(kind),
  trimmed(kind, 'givenName', 'givenName'),
  trimmed(kind, 'surname', 'sn'),
  trimmed(kind, 'jobTitle', 'title'),
  trimmed(kind, 'department', 'department'),
  trimmed(kind, 'companyName', 'company'),
  trimmed(kind, 'officeLocation', 'physicalDeliveryOfficeName'),
  trimmed(kind, 'streetAddress', 'streetAddress'),
  trimmed(kind, 'city', 'l'),
  trimmed(kind, 'state', 'st'),
  trimmed(kind, 'postalCode', 'postalCode'),
  trimmed(kind, 'country', 'co'),
  trimmed(kind, 'mobilePhone', 'mobile'),
  trimmed(kind, 'faxNumber', 'facsimileTelephoneNumber'),
  // The one business phone that Graph takes.
  trimmed(kind, 'businessPhones', 'telephoneNumber'),
]

const november2026: readonly MappingRule[] = [
  direct('user', 'userPrincipalName', 'userPrincipalName'),
  // Bit 2 of userAccountControl is ACCOUNTDISABLE.
  expression('user', 'accountEnabled', 'IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")'),
  mailNickname('user', 'sAMAccountName'),
  ...person('user'),
  trimmed('user', 'mail', 'mail'),
  trimmed('user', 'employeeId', 'employeeID'),
  trimmed('user', 'preferredLanguage', 'preferredLanguage'),
  // A country by two letters, needed before a licence; never taken away once set.
  trimmed('user', 'usageLocation', 'msExchUsageLocation'),
  rule('user', 'manager', { $case: 'reference', value: 'manager' }),

  displayName('group'),
  mailNickname('group', 'sAMAccountName'),
  // The directory allows several descriptions and the target one.
  expression('group', 'description', 'IIF(IsNullOrEmpty([description]), "", Left(Trim(Item([description], 1)), 448))'),

  ...person('contact'),
  mailNickname('contact', 'cn'),
  // Where mail to the contact goes: its outside address, which carries the prefix of an address list.
  expression(
    'contact',
    'mail',
    'IIF(IsNullOrEmpty([targetAddress]), Trim([mail]), Replace([targetAddress], , "^[Ss][Mm][Tt][Pp]:", , "", , ))',
  ),
]

/** Every table that was ever shipped, by its pinned name. */
export const defaultTables: Readonly<Record<string, readonly MappingRule[]>> = {
  'entra/defaults@2026-11': november2026,
}

/** Attributes a rule may write, per kind: what the targets take. */
export const writableTargets: Readonly<Record<Kind, readonly string[]>> = {
  user: [...namesOf('user'), 'otherMails', 'employeeType', 'proxyAddresses'],
  group: [...namesOf('group'), 'proxyAddresses'],
  contact: [...namesOf('contact'), 'proxyAddresses'],
}

function namesOf(kind: Kind): readonly string[] {
  return november2026.filter((one) => one.kind === kind).map((one) => one.target)
}
