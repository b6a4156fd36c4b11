/** The rules of the default tables of November 2026, in the order in which they are shown. */
import type { configuration } from '@canopy/proto'

type MappingRule = configuration.MappingRule
type Kind = 'user' | 'group' | 'contact'

const rule = (kind: Kind, target: string, source: MappingRule['source']): MappingRule => ({
  kind,
  target,
  source,
  onCreate: false,
  defaultValue: '',
  forest: '',
  whenNull: 'clear',
  onTooLong: '',
  reevaluate: '',
})
const direct = (kind: Kind, target: string, attribute = target) =>
  rule(kind, target, { $case: 'direct', value: attribute })
const expression = (kind: Kind, target: string, text: string) =>
  rule(kind, target, { $case: 'expression', value: text })
const trimmed = (kind: Kind, target: string, attribute = target) => expression(kind, target, `Trim([${attribute}])`)
const computed = (kind: Kind, target: string) => rule(kind, target, { $case: 'computed', value: target })
const many = (make: (kind: Kind, name: string) => MappingRule, kind: Kind, names: string): readonly MappingRule[] =>
  names.split(/\s+/).map((name) => make(kind, name))

/** displayName, or the name of the object where nobody gave it one: a target refuses an object without. */
const displayName = (kind: Kind) =>
  expression(kind, 'displayName', 'IIF(IsNullOrEmpty([displayName]), [cn], [displayName])')

/** The first of several values, as long as Microsoft's rules leave it. */
const first = (kind: Kind, target: string) =>
  expression(kind, target, `IIF(IsNullOrEmpty([${target}]), "", Left(Trim(Item([${target}], 1)), 448))`)

/** The mail alias; where there is none, a name without the characters that Graph refuses. */
const alias = (kind: Kind, otherwise: string) =>
  expression(
    kind,
    'mailNickname',
    `IIF(IsNullOrEmpty([mailNickname]), Replace([${otherwise}], , "[^A-Za-z0-9._-]", , "_", , ), Trim([mailNickname]))`,
  )

const extensionAttributes = (kind: Kind): readonly MappingRule[] =>
  Array.from({ length: 15 }, (_, n) => trimmed(kind, `extensionAttribute${n + 1}`))

/** What users and contacts share: name, place, work and telephones. */
const person = (kind: Kind): readonly MappingRule[] => [
  displayName(kind),
  trimmed(kind, 'givenName'),
  trimmed(kind, 'surname', 'sn'),
  trimmed(kind, 'jobTitle', 'title'),
  trimmed(kind, 'department'),
  trimmed(kind, 'companyName', 'company'),
  trimmed(kind, 'officeLocation', 'physicalDeliveryOfficeName'),
  trimmed(kind, 'streetAddress'),
  trimmed(kind, 'city', 'l'),
  trimmed(kind, 'state', 'st'),
  trimmed(kind, 'postalCode'),
  trimmed(kind, 'country', 'co'),
  trimmed(kind, 'mobilePhone', 'mobile'),
  trimmed(kind, 'faxNumber', 'facsimileTelephoneNumber'),
  // The one business phone that Graph takes.
  trimmed(kind, 'businessPhones', 'telephoneNumber'),
]

/** What Microsoft's engines carry over a channel that is closed to applications. */
const personBeyond = (kind: Kind): readonly MappingRule[] => [
  direct(kind, 'cn'),
  direct(kind, 'alias', 'mailNickname'),
  trimmed(kind, 'countryLetterCode', 'c'),
  ...many(
    trimmed,
    kind,
    `initials middleName homePhone ipPhone pager otherFacsimileTelephoneNumber otherHomePhone otherIpPhone otherMobile
    otherPager otherTelephone telephoneAssistant wWWHomePage`,
  ),
  ...['description', 'url', 'postOfficeBox'].map((target) => first(kind, target)),
  expression(kind, 'info', 'Left(Trim([info]), 448)'),
  ...many(
    direct,
    kind,
    `assistant legacyExchangeDN targetAddress countryCode msDS-HABSeniorityIndex msDS-PhoneticDisplayName
    msExchAssistantName msExchHideFromAddressLists msExchModerationFlags msExchRecipientDisplayType
    msExchRecipientTypeDetails msExchRequireAuthToSendTo msExchRetentionComment msExchRetentionURL
    msExchSenderHintTranslations`,
  ),
]

export const userTable: readonly MappingRule[] = [
  // [userPrincipalName], or the account name in its domain.
  computed('user', 'userPrincipalName'),
  // Bit 2 of userAccountControl is ACCOUNTDISABLE.
  expression('user', 'accountEnabled', 'IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")'),
  // The alias, the name before the @ of the primary address, of mail, of the principal name, of another address.
  computed('user', 'mailNickname'),
  ...person('user'),
  trimmed('user', 'mail'),
  expression('user', 'proxyAddresses', 'Trim([proxyAddresses])'),
  trimmed('user', 'employeeId', 'employeeID'),
  trimmed('user', 'preferredLanguage'),
  // A country by two letters, needed before a licence; never taken away once set.
  trimmed('user', 'usageLocation', 'msExchUsageLocation'),
  rule('user', 'manager', { $case: 'reference', value: 'manager' }),
  ...extensionAttributes('user'),
  ...personBeyond('user'),
  direct('user', 'onPremisesSecurityIdentifier', 'objectSid'),
  direct('user', 'onPremisesSamAccountName', 'sAMAccountName'),
  direct('user', 'lastPasswordChangeTimestamp', 'pwdLastSet'),
  ...many(
    direct,
    'user',
    `employeeNumber thumbnailPhoto userCertificate userSMIMECertificate msExchArchiveGUID msExchArchiveName
    msExchBlockedSendersHash msExchELCExpirySuspensionEnd msExchELCExpirySuspensionStart msExchELCMailboxFlags
    msExchEnableModeration msExchImmutableId msExchMailboxGuid msExchResourceCapacity msExchResourceDisplay
    msExchResourceMetaData msExchResourceSearchProperties msExchSafeRecipientsHash msExchSafeSendersHash
    msExchUserHoldPolicies msRTCSIP-ApplicationOptions msRTCSIP-DeploymentLocator msRTCSIP-Line msRTCSIP-OptionFlags
    msRTCSIP-OwnerUrn msRTCSIP-PrimaryUserAddress msRTCSIP-UserEnabled`,
  ),
]

export const groupTable: readonly MappingRule[] = [
  displayName('group'),
  alias('group', 'sAMAccountName'),
  first('group', 'description'),
  trimmed('group', 'mail'),
  expression('group', 'proxyAddresses', 'Trim([proxyAddresses])'),
  expression('group', 'securityEnabled', 'IIF(BitAnd([groupType], -2147483648) = 0, "False", "True")'),
  direct('group', 'cn'),
  direct('group', 'alias', 'mailNickname'),
  expression('group', 'info', 'Left(Trim([info]), 448)'),
  direct('group', 'onPremisesSecurityIdentifier', 'objectSid'),
  ...extensionAttributes('group'),
  ...many(
    direct,
    'group',
    `legacyExchangeDN hideDLMembership oOFReplyToOriginator reportToOriginator reportToOwner msDS-PhoneticDisplayName
    msExchEnableModeration msExchHideFromAddressLists msExchModerationFlags msExchRecipientDisplayType
    msExchRecipientTypeDetails msExchRequireAuthToSendTo msExchRetentionComment msExchRetentionURL
    msExchSenderHintTranslations msOrg-IsOrganizational`,
  ),
]

export const contactTable: readonly MappingRule[] = [
  ...person('contact'),
  alias('contact', 'cn'),
  // Where mail to the contact goes: its outside address, which carries the prefix of an address list.
  expression(
    'contact',
    'mail',
    'IIF(IsNullOrEmpty([targetAddress]), Trim([mail]), Replace([targetAddress], , "^[Ss][Mm][Tt][Pp]:", , "", , ))',
  ),
  expression('contact', 'proxyAddresses', 'Trim([proxyAddresses])'),
  ...personBeyond('contact'),
  ...extensionAttributes('contact'),
]
