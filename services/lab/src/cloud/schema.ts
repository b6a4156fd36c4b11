/** What may be read, written and filtered on users, groups and contacts, as one table per kind. */

export type Kind = 'user' | 'group' | 'orgContact'

export type PropertyType = 'string' | 'boolean' | 'strings' | 'date' | 'object'

export interface PropertyRule {
  readonly name: string
  readonly type: PropertyType
  /** Longest value in characters (of each value, for collections). */
  readonly max: number | undefined
  readonly create: boolean
  readonly update: boolean
  /** Returned without `$select`. */
  readonly byDefault: boolean
  /** Null is refused, at least once a value is set. */
  readonly required: boolean
  /** Kept by another service: written apart from the rest, and never in lists. */
  readonly foreign: boolean
}

// name, type, longest value; c: in create, u: in update, d: read by default, !: not clearable, f: another service's
const userTable = `
id string 0 d! | deletedDateTime date 0 - | createdDateTime date 0 - | creationType string 0 -
accountEnabled boolean 0 cu! | ageGroup string 0 cu | businessPhones strings 64 cud | city string 128 cu
companyName string 64 cu | consentProvidedForMinor string 0 cu | country string 128 cu | department string 64 cu
displayName string 256 cud! | employeeHireDate date 0 cu | employeeId string 16 cu | employeeLeaveDateTime date 0 cu
employeeOrgData object 0 cu | employeeType string 64 cu | externalUserState string 0 - | faxNumber string 64 cu
givenName string 64 cud | identities object 0 cu | imAddresses strings 0 - | jobTitle string 128 cud
lastPasswordChangeDateTime date 0 - | mail string 256 cud! | mailNickname string 64 cu! | mobilePhone string 64 cud
officeLocation string 128 cud | onPremisesDistinguishedName string 0 - | onPremisesDomainName string 0 -
onPremisesExtensionAttributes object 0 u | onPremisesImmutableId string 256 cu | onPremisesLastSyncDateTime date 0 -
onPremisesProvisioningErrors object 0 - | onPremisesSamAccountName string 0 -
onPremisesSecurityIdentifier string 0 - | onPremisesSyncEnabled boolean 0 - | onPremisesUserPrincipalName string 0 -
otherMails strings 250 cu | passwordPolicies string 0 cu | passwordProfile object 0 cu | postalCode string 40 cu
preferredDataLocation string 0 cu | preferredLanguage string 64 cud | proxyAddresses strings 0 -
securityIdentifier string 0 - | showInAddressList boolean 0 cu | signInSessionsValidFromDateTime date 0 -
state string 128 cu | streetAddress string 1024 cu | surname string 64 cud | usageLocation string 2 cu!
userPrincipalName string 113 cud! | userType string 0 cu | assignedLicenses object 0 - | assignedPlans object 0 -
provisionedPlans object 0 - | aboutMe string 0 uf | birthday date 0 uf | hireDate date 0 uf | interests strings 0 uf
mySite string 0 uf | pastProjects strings 0 uf | responsibilities strings 0 uf | schools strings 0 uf
skills strings 0 uf | preferredName string 0 - | isResourceAccount boolean 0 -`

const groupTable = `
id string 0 d! | deletedDateTime date 0 d | createdDateTime date 0 d | classification string 0 cud
description string 1024 cud | displayName string 256 cud! | expirationDateTime date 0 d | groupTypes strings 0 cud
isAssignableToRole boolean 0 cd | mail string 0 d | mailEnabled boolean 0 cud! | mailNickname string 64 cud!
membershipRule string 0 cud | membershipRuleProcessingState string 0 cud | onPremisesDomainName string 0 d
onPremisesLastSyncDateTime date 0 d | onPremisesNetBiosName string 0 d | onPremisesProvisioningErrors object 0 d
onPremisesSamAccountName string 0 d | onPremisesSecurityIdentifier string 0 d | onPremisesSyncEnabled boolean 0 d
preferredDataLocation string 0 cud | preferredLanguage string 0 cud | proxyAddresses strings 0 d
renewedDateTime date 0 d | securityEnabled boolean 0 cud! | securityIdentifier string 0 d | theme string 0 cud
uniqueName string 128 cud | visibility string 0 cud | resourceBehaviorOptions strings 0 c
resourceProvisioningOptions strings 0 cu | allowExternalSenders boolean 0 uf | autoSubscribeNewMembers boolean 0 uf
hideFromAddressLists boolean 0 uf | hideFromOutlookClients boolean 0 uf | isSubscribedByMail boolean 0 uf`

const contactTable = `
id string 0 d! | deletedDateTime date 0 - | addresses object 0 d | companyName string 64 d | department string 64 d
displayName string 256 d | givenName string 64 d | jobTitle string 128 d | mail string 0 d | mailNickname string 64 d
onPremisesLastSyncDateTime date 0 d | onPremisesProvisioningErrors object 0 d | onPremisesSyncEnabled boolean 0 d
phones object 0 d | proxyAddresses strings 0 d | surname string 64 d`

/** Objects whose JSON value is a list, so that an absent one reads as `[]`. */
const listObjects = new Set([
  'identities',
  'onPremisesProvisioningErrors',
  'assignedLicenses',
  'assignedPlans',
  'provisionedPlans',
  'addresses',
  'phones',
])

function rulesOf(table: string): ReadonlyMap<string, PropertyRule> {
  const rules = new Map<string, PropertyRule>()
  for (const cell of table.split(/[|\n]/)) {
    const [name, type, max, flags] = cell.trim().split(' ')
    if (name === undefined || type === undefined || max === undefined || flags === undefined) continue
    rules.set(name.toLowerCase(), {
      name,
      type: type as PropertyType,
      max: max === '0' ? undefined : Number(max),
      create: flags.includes('c'),
      update: flags.includes('u'),
      byDefault: flags.includes('d'),
      required: flags.includes('!'),
      foreign: flags.includes('f'),
    })
  }
  return rules
}

/** Rules by kind, then by property name in lower case. */
export const schema: Readonly<Record<Kind, ReadonlyMap<string, PropertyRule>>> = {
  user: rulesOf(userTable),
  group: rulesOf(groupTable),
  orgContact: rulesOf(contactTable),
}

/** The name a kind has in error texts. */
export const resourceName: Readonly<Record<Kind, string>> = { user: 'User', group: 'Group', orgContact: 'OrgContact' }

const extensionName = /^extension_[0-9a-f]{32}_[a-z0-9_]+$/i

/** The rule of a property by its name in any case; directory extension properties are strings of 256 characters. */
export function ruleOf(kind: Kind, name: string): PropertyRule | undefined {
  const known = schema[kind].get(name) ?? schema[kind].get(name.toLowerCase())
  if (known !== undefined || !extensionName.test(name)) return known
  const open = kind !== 'orgContact'
  return {
    name,
    type: 'string',
    max: 256,
    create: open,
    update: open,
    byDefault: false,
    required: false,
    foreign: false,
  }
}

const defaultRules = (kind: Kind): readonly PropertyRule[] =>
  [...schema[kind].values()].filter((rule) => rule.byDefault)

export const defaultSelection: Readonly<Record<Kind, readonly PropertyRule[]>> = {
  user: defaultRules('user'),
  group: defaultRules('group'),
  orgContact: defaultRules('orgContact'),
}

/** What an absent value reads as: `[]` for collections, null for the rest. */
export const absentValue = (rule: PropertyRule): readonly never[] | null =>
  rule.type === 'strings' || listObjects.has(rule.name) ? [] : null
