/** The default tables against the rules that Microsoft ships, where those are at hand. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { targetAttribute } from '@canopy/domain'
import { describe, expect, it } from 'vitest'
import { defaultTables } from './defaults.ts'

const folder = process.env.TEST_SHARED_DATA
const file = folder && join(folder, 'connect-default-rules.json')
const isThere = file !== undefined && existsSync(file)
if (!isThere) console.log('Skipped: TEST_SHARED_DATA does not name a folder with connect-default-rules.json')

interface Flow {
  readonly target: string
  readonly type: string
  readonly expression?: string
  readonly source?: string
}
interface Rule {
  readonly name: string
  readonly direction: string
  readonly source: string
  readonly mappings: readonly Flow[]
}

const shipped: readonly Rule[] = isThere
  ? (JSON.parse(readFileSync(file, 'utf8')) as { rules: readonly Rule[] }).rules.filter(
      (rule) => rule.direction === 'Inbound' && rule.name.startsWith('In from AD'),
    )
  : []

/** Microsoft's metaverse names that Graph has under another name. */
const renamed: Readonly<Record<string, string>> = {
  sn: 'surname',
  title: 'jobTitle',
  company: 'companyName',
  physicalDeliveryOfficeName: 'officeLocation',
  l: 'city',
  st: 'state',
  co: 'country',
  c: 'countryLetterCode',
  mobile: 'mobilePhone',
  facsimileTelephoneNumber: 'faxNumber',
  telephoneNumber: 'businessPhones',
  usageLocation: 'usageLocation',
  objectSid: 'onPremisesSecurityIdentifier',
  accountName: 'onPremisesSamAccountName',
  pwdLastSet: 'lastPasswordChangeTimestamp',
}

/**
 * What the tables do not have, and why.
 *
 *   the engine's own   sourceAnchor, cloudFiltered, sourceObjectType and the like: decided elsewhere in Canopy
 *   of the domain      %Domain…%, %Forest…%: nothing takes them
 *   of other services  links and large objects of Exchange, Lync and key registration, which only their channel takes
 */
const leftOut = new Set(
  `sourceAnchor sourceAnchorBinary cloudFiltered sourceObjectType cloudMastered memberCount member objectSidString
  isCriticalSystemObject domainFQDN domainNetBios forestFQDN forestNetBios photo accountName msDS-KeyCredentialLink
  altRecipient authOrig dLMemRejectPerms dLMemSubmitPerms unauthOrig publicDelegates managedBy msExchCoManagedByLink
  msExchDelegateListLink msExchModeratedByLink manager userCertificate userSMIMECertificate thumbnailPhoto mailEnabled
  groupType distinguishedName msExchMasterAccountSid msRTCSIP-OriginatorSid msExchMailboxGuid targetAddress
  msRTCSIP-ApplicationOptions msRTCSIP-DeploymentLocator msRTCSIP-Line msRTCSIP-OwnerUrn msRTCSIP-PrimaryUserAddress
  msRTCSIP-UserEnabled msRTCSIP-OptionFlags telephoneAssistant msExchArchiveGUID msExchArchiveName msExchAssistantName
  contributingConnectorUser contributingConnectorExchange msExchGroupDepartRestriction
  msExchGroupJoinRestriction msExchEnableModeration msExchBlockedSendersHash msExchSafeRecipientsHash msExchSafeSendersHash`.split(
    /\s+/,
  ),
)

const table = defaultTables['entra/defaults@2026-11']!
const normal = (text: string): string => text.replaceAll(/\s/g, '').replaceAll('NULL', '""')

function ours(kind: string, flow: Flow) {
  const target = renamed[flow.target] ?? flow.target
  return table.find((rule) => rule.kind === kind && rule.target === target)
}

describe.skipIf(!isThere)('every attribute that Microsoft maps', () => {
  const flows = shipped
    .filter((rule) => ['user', 'group', 'contact'].includes(rule.source))
    .flatMap((rule) => rule.mappings.map((flow) => ({ kind: rule.source, flow })))
    .filter(
      ({ flow }) => !/^(msExch(Audit|Bypass|Ext|Lit|Mailbox|Remote|Team|UM|UC|HAB)|preferredData)/.test(flow.target),
    )

  it('is in the table of its kind, or left out for a reason', () => {
    expect(flows.length).toBeGreaterThan(150)
    const missing = flows.filter(({ kind, flow }) => !ours(kind, flow) && !leftOut.has(flow.target))
    expect([...new Set(missing.map(({ kind, flow }) => `${kind}.${flow.target}`))]).toEqual([])
  })

  it('has the same expression, or the same source', () => {
    const different: string[] = []
    for (const { kind, flow } of flows) {
      const rule = ours(kind, flow)
      if (!rule || rule.source?.$case === 'computed' || leftOut.has(flow.target)) continue
      const said = rule.source?.$case === 'expression' || rule.source?.$case === 'direct' ? rule.source.value : ''
      const theirs = flow.type === 'direct' ? [flow.source ?? ''] : [flow.expression ?? '']
      const accepted = [...theirs, ...theirs.map((one) => `Trim([${one}])`)].map(normal)
      if (!accepted.includes(normal(said))) different.push(`${kind}.${rule.target}`)
    }
    expect([...new Set(different)].toSorted()).toEqual(knownDifferences)
  })
})

/**
 * Expressions that say the same in other words, or more than Microsoft's:
 *
 *   accountEnabled, securityEnabled   texts "True" and "False" where Microsoft's are of type Boolean
 *   mail, mailNickname                the outside address of a contact; an alias that Microsoft's service derives
 *   proxyAddresses                    duplicates are removed by the attribute's own type
 *   legacyExchangeDN                  of contacts, Microsoft makes one up for its own service
 *   lastPasswordChangeTimestamp       kept as the directory has it: nobody can be given it
 */
const knownDifferences: readonly string[] = [
  'contact.legacyExchangeDN',
  'contact.mail',
  'contact.mailNickname',
  'contact.proxyAddresses',
  'group.mailNickname',
  'group.proxyAddresses',
  'group.securityEnabled',
  'user.accountEnabled',
  'user.lastPasswordChangeTimestamp',
  'user.proxyAddresses',
]

describe('the tables', () => {
  it.each(Object.entries(defaultTables))('%s names targets that exist, each once', (_name, rules) => {
    const seen = new Set<string>()
    for (const { kind, target, source } of rules) {
      if (source?.$case !== 'reference')
        expect([kind, target, targetAttribute(kind as 'user', target)]).not.toContain(undefined)
      expect(seen.has(`${kind}.${target}`)).toBe(false)
      seen.add(`${kind}.${target}`)
    }
  })
})
