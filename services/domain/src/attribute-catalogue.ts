/** Attributes of Active Directory that mappings read: their spelling, and what their values are. */

export type AttributeType =
  | 'text'
  | 'list'
  | 'number'
  | 'boolean'
  /** Generalized time, as whenCreated. */
  | 'time'
  | 'binary'

export interface CatalogueEntry {
  /** As the schema spells it. */
  readonly name: string
  readonly type: AttributeType
}

const names: Readonly<Record<AttributeType, string>> = {
  text: `
    adminDescription adminDisplayName altRecipient assistant c canonicalName cn co comment company department
    departmentNumber displayName displayNamePrintable distinguishedName division dNSHostName employeeID
    employeeNumber employeeType extensionName facsimileTelephoneNumber generationQualifier gidNumber givenName
    homeDirectory homeDrive homePhone homePostalAddress houseIdentifier info initials ipPhone l legacyExchangeDN
    mail mailNickname managedBy manager middleName mobile name o objectCategory operatingSystem
    operatingSystemServicePack operatingSystemVersion pager personalTitle physicalDeliveryOfficeName postalAddress
    postalCode preferredLanguage preferredDataLocation primaryInternationalISDNNumber primaryTelexNumber
    profilePath roomNumber sAMAccountName scriptPath secretary seeAlso sn st street streetAddress targetAddress
    telephoneAssistant telephoneNumber textEncodedORAddress title uid unixHomeDirectory userPrincipalName
    userWorkstations wWWHomePage extensionAttribute1 extensionAttribute2 extensionAttribute3 extensionAttribute4
    extensionAttribute5 extensionAttribute6 extensionAttribute7 extensionAttribute8 extensionAttribute9
    extensionAttribute10 extensionAttribute11 extensionAttribute12 extensionAttribute13 extensionAttribute14
    extensionAttribute15 msDS-cloudExtensionAttribute1 msDS-cloudExtensionAttribute2 msDS-cloudExtensionAttribute3
    msDS-cloudExtensionAttribute4 msDS-cloudExtensionAttribute5 msDS-cloudExtensionAttribute6
    msDS-cloudExtensionAttribute7 msDS-cloudExtensionAttribute8 msDS-cloudExtensionAttribute9
    msDS-cloudExtensionAttribute10 msDS-cloudExtensionAttribute11 msDS-cloudExtensionAttribute12
    msDS-cloudExtensionAttribute13 msDS-cloudExtensionAttribute14 msDS-cloudExtensionAttribute15
    msDS-cloudExtensionAttribute16 msDS-cloudExtensionAttribute17 msDS-cloudExtensionAttribute18
    msDS-cloudExtensionAttribute19 msDS-cloudExtensionAttribute20 msDS-ExternalDirectoryObjectId
    msDS-PhoneticCompanyName msDS-PhoneticDepartment msDS-PhoneticDisplayName msDS-PhoneticFirstName
    msDS-PhoneticLastName msDS-SourceObjectDN msExchAssistantName msExchHomeServerName msExchArchiveName
    msExchExtensionCustomAttribute1 msExchImmutableId msExchLabeledURI msExchLitigationHoldOwner
    msExchResourceDisplay msExchRetentionComment msExchRetentionURL msExchUsageLocation
    msRTCSIP-DeploymentLocator msRTCSIP-Line msRTCSIP-OwnerUrn msRTCSIP-PrimaryUserAddress usageLocation userType`,
  list: `
    authOrig description directReports dLMemRejectPerms dLMemSubmitPerms member memberOf
    msExchAuditOwner msExchCoManagedByLink msExchDelegateListLink msExchExtensionCustomAttribute2
    msExchExtensionCustomAttribute3 msExchExtensionCustomAttribute4 msExchExtensionCustomAttribute5
    msExchModeratedByLink msExchPoliciesExcluded msExchPoliciesIncluded msExchResourceMetaData
    msExchResourceSearchProperties msExchSenderHintTranslations msExchUserHoldPolicies objectClass
    otherFacsimileTelephoneNumber otherHomePhone otherIpPhone otherMailbox otherMobile otherPager otherTelephone
    ou postOfficeBox protocolSettings proxyAddresses publicDelegates servicePrincipalName showInAddressBook
    sIDHistory unauthOrig url userCertificate userSMIMECertificate`,
  number: `
    accountExpires adminCount badPasswordTime badPwdCount codePage countryCode deliverAndRedirect delivContLength
    groupType instanceType lastLogoff lastLogon lastLogonTimestamp localeID lockoutTime logonCount
    msDS-HABSeniorityIndex msDS-SupportedEncryptionTypes msDS-User-Account-Control-Computed
    msExchELCMailboxFlags msExchMailboxAuditLogAgeLimit msExchModerationFlags msExchRecipientDisplayType
    msExchRecipientTypeDetails msExchRemoteRecipientType msExchResourceCapacity msExchVersion
    msRTCSIP-OptionFlags primaryGroupID pwdLastSet sAMAccountType uidNumber uSNChanged uSNCreated
    userAccountControl`,
  boolean: `
    hideDLMembership isCriticalSystemObject isDeleted isRecycled mAPIRecipient mDBUseDefaults
    msExchBypassAudit msExchEnableModeration msExchHideFromAddressLists msExchMailboxAuditEnable
    msExchRequireAuthToSendTo msOrg-IsOrganizational msRTCSIP-UserEnabled oOFReplyToOriginator
    reportToOriginator reportToOwner`,
  time: `
    createTimeStamp dSCorePropagationData modifyTimeStamp msExchELCExpirySuspensionEnd
    msExchELCExpirySuspensionStart msExchLitigationHoldDate msExchTeamMailboxExpiration
    msExchWhenMailboxCreated whenChanged whenCreated`,
  binary: `
    jpegPhoto logonHours mS-DS-ConsistencyGuid mS-DS-CreatorSID msExchArchiveGUID msExchBlockedSendersHash
    msExchDisabledArchiveGUID msExchMailboxGuid msExchMasterAccountSid msExchSafeRecipientsHash
    msExchSafeSendersHash msRTCSIP-OriginatorSid nTSecurityDescriptor objectGUID objectSid securityIdentifier
    thumbnailPhoto`,
}

const catalogue: ReadonlyMap<string, CatalogueEntry> = new Map(
  Object.entries(names).flatMap(([type, list]) =>
    list
      .split(/\s+/)
      .filter((name) => name !== '')
      .map((name): [string, CatalogueEntry] => [name.toLowerCase(), { name, type: type as AttributeType }]),
  ),
)

/** By the lower-case name; undefined for what a schema may have besides. */
export const catalogued = (lowerName: string): CatalogueEntry | undefined => catalogue.get(lowerName)

/** Every name, as the schema spells it. */
export const cataloguedNames: readonly string[] = [...catalogue.values()].map(({ name }) => name)
