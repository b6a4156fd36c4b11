/** The part of AD's schema the lab knows: attributes with their syntax, links, and object classes. */

export type Syntax = 'text' | 'exact' | 'integer' | 'boolean' | 'time' | 'octets' | 'dn' | 'sid'

export interface AttributeType {
  readonly name: string
  readonly key: string
  readonly syntax: Syntax
  readonly multi: boolean
  /** Written by the directory only. */
  readonly system: boolean
  /** Left out by DirSync, as AD keeps it on one domain controller or computes it. */
  readonly local: boolean
  /** Answered only when asked for by name. */
  readonly onRequest: boolean
  readonly link: 'forward' | 'back' | undefined
  /** The other end of a link. */
  readonly partner: string | undefined
  /** The BER of the name as an octet string. */
  readonly encodedName: Buffer
}

type Traits = Partial<Pick<AttributeType, 'multi' | 'system' | 'local' | 'onRequest' | 'link' | 'partner'>>

const byKey = new Map<string, AttributeType>()

function define(names: string, syntax: Syntax, traits: Traits = {}): void {
  for (const name of names.split(/\s+/).filter((each) => each !== '')) {
    byKey.set(name.toLowerCase(), {
      name,
      key: name.toLowerCase(),
      syntax,
      multi: false,
      system: false,
      local: false,
      onRequest: false,
      link: undefined,
      partner: undefined,
      ...traits,
      encodedName: Buffer.concat([Buffer.from([4, name.length]), Buffer.from(name)]),
    })
  }
}

function linkPair(forward: string, back: string, multi = true): void {
  define(forward, 'dn', { multi, link: 'forward', partner: back })
  define(back, 'dn', { multi: true, system: true, local: true, link: 'back', partner: forward })
}

define(
  `displayName givenName sn initials middleName personalTitle generationQualifier sAMAccountName userPrincipalName mail
   mailNickname employeeID employeeNumber employeeType department departmentNumber title company division
   physicalDeliveryOfficeName telephoneNumber mobile homePhone pager ipPhone facsimileTelephoneNumber streetAddress l st
   c co postalCode info wWWHomePage homeDirectory homeDrive profilePath scriptPath preferredLanguage comment
   userWorkstations adminDescription adminDisplayName targetAddress uid gecos loginShell unixHomeDirectory displayNamePrintable
   legacyExchangeDN msExchAssistantName telephoneAssistant msExchRetentionURL msExchSenderHintTranslations
   msDS-PhoneticDisplayName msDS-PhoneticFirstName msDS-PhoneticLastName msDS-cloudExtensionAttribute1
   dNSHostName operatingSystem operatingSystemVersion nETBIOSName dnsRoot msDS-LastKnownRDN msExchArchiveName
   ${Array.from({ length: 15 }, (_, i) => `extensionAttribute${i + 1}`).join(' ')}`,
  'text',
)
define(
  `description proxyAddresses otherTelephone otherMobile otherHomePhone otherPager otherIpPhone
   otherFacsimileTelephoneNumber url postOfficeBox postalAddress servicePrincipalName street ou otherMailbox o
   uPNSuffixes businessCategory carLicense roomNumber msExchExtensionCustomAttribute1 memberUid`,
  'text',
  { multi: true },
)
define('altSecurityIdentities', 'text', { multi: true })
define(
  `userAccountControl groupType countryCode codePage primaryGroupID adminCount msExchRecipientTypeDetails
   msExchRecipientDisplayType msExchRemoteRecipientType msExchModerationFlags uidNumber gidNumber
   accountExpires pwdLastSet lastLogonTimestamp maxPwdAge minPwdLength msDS-Behavior-Version systemFlags
   msDS-SupportedEncryptionTypes msDS-HABSeniorityIndex`,
  'integer',
)
define('sAMAccountType', 'integer', { system: true })
define('lastLogon badPasswordTime badPwdCount logonCount lastLogoff', 'integer', { local: true })
define('instanceType', 'integer', { system: true })
define('uSNCreated uSNChanged', 'integer', { system: true, local: true })
define(
  `isCriticalSystemObject msExchHideFromAddressLists msExchRequireAuthToSendTo hideDLMembership reportToOriginator
   reportToOwner oOFReplyToOriginator showInAdvancedViewOnly msExchEnableModeration`,
  'boolean',
)
define('isDeleted isRecycled', 'boolean', { system: true })
define('whenCreated', 'time', { system: true })
define('whenChanged', 'time', { system: true, local: true })
define('createTimeStamp modifyTimeStamp', 'time', { system: true, local: true, onRequest: true })
define(
  `mS-DS-ConsistencyGuid thumbnailPhoto jpegPhoto msExchMailboxGuid msExchArchiveGUID logonHours
   msExchBlockedSendersHash msExchSafeSendersHash msExchSafeRecipientsHash`,
  'octets',
)
define('userCertificate userSMIMECertificate', 'octets', { multi: true })
define('objectGUID invocationId', 'octets', { system: true })
define('parentGUID', 'octets', { system: true, local: true, onRequest: true })
define('unicodePwd', 'octets', { onRequest: true })
define('objectSid', 'sid', { system: true })
define('sIDHistory', 'sid', { multi: true })
define('msExchMasterAccountSid', 'sid')
define('tokenGroups', 'sid', { multi: true, system: true, local: true, onRequest: true })
define('objectClass', 'text', { multi: true })
define('objectCategory', 'dn')
define('name', 'text', { system: true })
define('cn dc', 'text', { local: true })
define('distinguishedName', 'dn', { system: true, local: true })
define('canonicalName', 'text', { multi: true, system: true, local: true, onRequest: true })
define('lastKnownParent', 'dn', { system: true })
define('assistant secretary', 'dn')
define('seeAlso nCName', 'dn', { multi: true })
linkPair('member', 'memberOf')
linkPair('manager', 'directReports', false)
linkPair('managedBy', 'managedObjects', false)
linkPair('publicDelegates', 'publicDelegatesBL')
linkPair('authOrig', 'authOrigBL')
linkPair('unauthOrig', 'unauthOrigBL')
linkPair('dLMemSubmitPerms', 'dLMemSubmitPermsBL')
linkPair('dLMemRejectPerms', 'dLMemRejectPermsBL')
linkPair('msExchDelegateListLink', 'msExchDelegateListBL')
linkPair('msExchCoManagedByLink', 'msExchCoManagedObjectsBL')
linkPair('msExchModeratedByLink', 'msExchModeratedObjectsBL')

/** The attribute of that name, without regard to case; undefined when the schema has none. */
export function findAttribute(name: string): AttributeType | undefined {
  return byKey.get(name) ?? byKey.get(name.toLowerCase())
}

/** The attribute of a name that the lab's own code wrote. */
export function attribute(name: string): AttributeType {
  const type = findAttribute(name)
  if (type === undefined) throw new Error(`the schema has no attribute ${name}`)
  return type
}

export interface ObjectClass {
  readonly name: string
  readonly chain: readonly string[]
  /** RDN of the class in the schema container. */
  readonly category: string
  readonly rdn: string
  readonly principal: boolean
}

const classes = new Map<string, ObjectClass>()

function defineClass(o: { chain: string; category: string; rdn?: string; principal?: boolean }): void {
  const chain = o.chain.split(' ')
  const name = chain.at(-1) ?? ''
  classes.set(name.toLowerCase(), {
    name,
    chain,
    category: o.category,
    rdn: o.rdn ?? 'CN',
    principal: o.principal ?? false,
  })
}

defineClass({ chain: 'top person organizationalPerson user', category: 'Person', principal: true })
defineClass({ chain: 'top person organizationalPerson user inetOrgPerson', category: 'Person', principal: true })
defineClass({ chain: 'top person organizationalPerson user computer', category: 'Computer', principal: true })
defineClass({ chain: 'top person organizationalPerson contact', category: 'Person' })
defineClass({ chain: 'top group', category: 'Group', principal: true })
defineClass({ chain: 'top organizationalUnit', category: 'Organizational-Unit', rdn: 'OU' })
defineClass({ chain: 'top container', category: 'Container' })
defineClass({ chain: 'top domain domainDNS', category: 'Domain-DNS', rdn: 'DC' })
defineClass({ chain: 'top builtinDomain', category: 'Builtin-Domain' })
defineClass({ chain: 'top lostAndFound', category: 'Lost-And-Found' })
defineClass({ chain: 'top configuration', category: 'Configuration' })
defineClass({ chain: 'top dMD', category: 'DMD' })
defineClass({ chain: 'top foreignSecurityPrincipal', category: 'Foreign-Security-Principal' })
defineClass({ chain: 'top sitesContainer', category: 'Sites-Container' })
defineClass({ chain: 'top site', category: 'Site' })
defineClass({ chain: 'top serversContainer', category: 'Servers-Container' })
defineClass({ chain: 'top server', category: 'Server' })
defineClass({ chain: 'top applicationSettings nTDSDSA', category: 'NTDS-DSA' })
defineClass({ chain: 'top crossRefContainer', category: 'Cross-Ref-Container' })
defineClass({ chain: 'top crossRef', category: 'Cross-Ref' })

export function findClass(name: string): ObjectClass | undefined {
  return classes.get(name.toLowerCase())
}
