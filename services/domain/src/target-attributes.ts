/**
 * The attributes of cloud objects: their type, their limits, what may be emptied, and which kinds of target carry them.
 *
 * Sources: Microsoft Graph v1.0 metadata and reference (users, groups), the Exchange Online cmdlets (contacts), the list of
 * attributes that Microsoft's own engines synchronize (what no application may write).
 */

export type TargetKind = 'user' | 'group' | 'contact' | 'device'
export type Carrier = 'graph' | 'exchange'

/** hold: the object is not written until the value is shorter; truncate: the value is cut. */
export type OnTooLong = 'hold' | 'truncate'

export interface TargetAttribute {
  readonly type: 'string' | 'boolean' | 'strings'
  /** UTF-16 code units of each value. */
  readonly maxLength?: number
  /** False: the target refuses to empty it; an empty wish is reported, not sent. */
  readonly clearable: boolean
  readonly onTooLong: OnTooLong
  /** Kinds of target that can be given it by an application; none: it is known, and nobody takes it. */
  readonly carriers: readonly Carrier[]
  /** Refused while the object is created: written right after. */
  readonly afterCreate?: true
}

type Table = Readonly<Record<string, TargetAttribute>>

const graph: readonly Carrier[] = ['graph']
const exchange: readonly Carrier[] = ['exchange']

const text = (maxLength: number, more: Partial<TargetAttribute> = {}): TargetAttribute => ({
  type: 'string',
  maxLength,
  clearable: true,
  onTooLong: 'truncate',
  carriers: graph,
  ...more,
})

/** A value that means nothing once it is cut: a name, an address, a number. */
const exact = (maxLength: number, more: Partial<TargetAttribute> = {}): TargetAttribute =>
  text(maxLength, { onTooLong: 'hold', ...more })

const kept = { clearable: false } as const
const flag: TargetAttribute = { type: 'boolean', clearable: false, onTooLong: 'hold', carriers: graph }
const list = (maxLength: number, onTooLong: OnTooLong): TargetAttribute => ({
  type: 'strings',
  maxLength,
  clearable: true,
  onTooLong,
  carriers: graph,
})

const extensionAttributes = (more: Partial<TargetAttribute>): Table =>
  Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`extensionAttribute${n + 1}`, text(1024, more)]))

/** What users and contacts share: name, place, work and telephones. */
const person: Table = {
  displayName: text(256, kept),
  givenName: text(64),
  surname: text(64),
  jobTitle: text(128),
  department: text(64),
  companyName: text(64),
  officeLocation: text(128),
  streetAddress: text(1024),
  city: text(128),
  state: text(128),
  postalCode: text(40),
  country: text(128),
  mobilePhone: text(64),
  faxNumber: text(64),
  businessPhones: list(64, 'truncate'),
}

const carriedBy = (table: Table, carriers: readonly Carrier[]): Table =>
  Object.fromEntries(Object.entries(table).map(([name, attribute]) => [name, { ...attribute, carriers }]))

/** Attributes that Microsoft's engines flow over a channel of their own and no application may write. */
const uncarried = (names: string): Table =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, text(1024, { carriers: [] })]))

const mailOnly = `alias cn initials middleName homePhone ipPhone pager otherFacsimileTelephoneNumber otherHomePhone
  otherIpPhone otherMobile otherPager otherTelephone telephoneAssistant wWWHomePage url info description postOfficeBox
  assistant legacyExchangeDN targetAddress countryCode countryLetterCode msDS-HABSeniorityIndex msDS-PhoneticDisplayName
  msExchAssistantName msExchHideFromAddressLists msExchModerationFlags msExchRecipientDisplayType
  msExchRecipientTypeDetails msExchRequireAuthToSendTo msExchRetentionComment msExchRetentionURL
  msExchSenderHintTranslations`

const user: Table = {
  accountEnabled: flag,
  userPrincipalName: exact(113, kept),
  mailNickname: exact(64, kept),
  mail: exact(320, kept),
  ...person,
  otherMails: list(250, 'hold'),
  employeeId: exact(16),
  employeeType: text(64),
  usageLocation: exact(2, kept),
  preferredLanguage: text(64),
  preferredDataLocation: exact(3),
  userType: exact(6, kept),
  ...extensionAttributes({ afterCreate: true }),
  proxyAddresses: { type: 'strings', clearable: true, onTooLong: 'hold', carriers: [] },
  ...uncarried(mailOnly),
  ...uncarried(`onPremisesSecurityIdentifier onPremisesSamAccountName lastPasswordChangeTimestamp employeeNumber
    thumbnailPhoto userCertificate userSMIMECertificate dnsDomainName netBiosName msExchArchiveGUID msExchArchiveName
    msExchBlockedSendersHash msExchELCExpirySuspensionEnd msExchELCExpirySuspensionStart msExchELCMailboxFlags
    msExchEnableModeration msExchImmutableId msExchMailboxGuid msExchResourceCapacity msExchResourceDisplay
    msExchResourceMetaData msExchResourceSearchProperties msExchSafeRecipientsHash msExchSafeSendersHash
    msExchUserHoldPolicies msRTCSIP-ApplicationOptions msRTCSIP-DeploymentLocator msRTCSIP-Line msRTCSIP-OptionFlags
    msRTCSIP-OwnerUrn msRTCSIP-PrimaryUserAddress msRTCSIP-UserEnabled`),
}

const group: Table = {
  displayName: text(256, kept),
  mailNickname: exact(64, kept),
  description: text(1024),
  mailEnabled: { ...flag, carriers: [] },
  securityEnabled: { ...flag, carriers: [] },
  proxyAddresses: { type: 'strings', clearable: true, onTooLong: 'hold', carriers: [] },
  ...uncarried(`alias cn info mail legacyExchangeDN onPremisesSecurityIdentifier onPremisesSamAccountName
    hideDLMembership oOFReplyToOriginator reportToOriginator reportToOwner msDS-PhoneticDisplayName msExchEnableModeration
    msExchHideFromAddressLists msExchModerationFlags msExchRecipientDisplayType msExchRecipientTypeDetails
    msExchRequireAuthToSendTo msExchRetentionComment msExchRetentionURL msExchSenderHintTranslations
    msOrg-IsOrganizational`),
  ...extensionAttributes({ carriers: [] }),
}

const contact: Table = {
  mail: exact(320, { ...kept, carriers: exchange }),
  mailNickname: exact(64, { ...kept, carriers: exchange }),
  ...carriedBy(person, exchange),
  mailEnabled: { ...flag, carriers: [] },
  proxyAddresses: { type: 'strings', clearable: true, onTooLong: 'hold', carriers: [] },
  ...uncarried(mailOnly),
  ...extensionAttributes({ carriers: [] }),
}

/** Hybrid joined devices come through a registration of their own: an application cannot write them. */
const device: Table = {
  displayName: text(256, { ...kept, carriers: [] }),
  accountEnabled: { ...flag, carriers: [] },
  ...uncarried('deviceId deviceOSType deviceOSVersion deviceTrustType onPremisesSecurityIdentifier userCertificate'),
}

/** By kind and name; the names are case-sensitive. */
export const targetAttributes: Readonly<Record<TargetKind, Table>> = { user, group, contact, device }

const directoryExtension = /^extension_[0-9a-f]{32}_\w{1,100}$/i

/** A directory extension takes 256 characters of text (source: service limits of Microsoft Entra ID). */
const extensionProperty: TargetAttribute = text(256, { onTooLong: 'hold' })

/** Undefined where a kind has no such attribute. Directory extensions of users and groups are known by their form. */
export function targetAttribute(kind: TargetKind, name: string): TargetAttribute | undefined {
  const table = targetAttributes[kind]
  if (Object.hasOwn(table, name)) return table[name]
  return (kind === 'user' || kind === 'group') && directoryExtension.test(name) ? extensionProperty : undefined
}

export const isDirectoryExtension = (name: string): boolean => directoryExtension.test(name)
export const isExtensionAttribute = (name: string): boolean => /^extensionAttribute(?:[1-9]|1[0-5])$/.test(name)

/** References of the target: which objects they point to is decided in resolve. */
export const targetReferences: Readonly<Record<TargetKind, readonly string[]>> = {
  user: ['manager'],
  group: [],
  contact: [],
  device: [],
}
