/** Derives what is to be read from the active configuration: partitions, and the attributes its mappings need. */
import type { configuration } from '@canopy/proto'
import type { WantedPartition } from '../ports.ts'

/** Read always: identity, matching, mail and state, whatever mappings say. */
const spine = [
  'accountExpires',
  'adminCount',
  'c',
  'co',
  'company',
  'countryCode',
  'department',
  'description',
  'displayName',
  'employeeID',
  'employeeNumber',
  'employeeType',
  'facsimileTelephoneNumber',
  'givenName',
  'groupType',
  'homeMDB',
  'homePhone',
  'info',
  'initials',
  'ipPhone',
  'adminDescription',
  'isCriticalSystemObject',
  'l',
  'legacyExchangeDN',
  'mail',
  'mailNickname',
  'managedBy',
  'manager',
  'middleName',
  'mobile',
  'mS-DS-ConsistencyGuid',
  'msExchHideFromAddressLists',
  'msExchHomeServerName',
  'msExchMasterAccountSid',
  'msExchRecipientDisplayType',
  'msExchRecipientTypeDetails',
  'msExchRemoteRecipientType',
  'msExchUsageLocation',
  'pager',
  'physicalDeliveryOfficeName',
  'postalCode',
  'postOfficeBox',
  'preferredLanguage',
  'proxyAddresses',
  'pwdLastSet',
  'sAMAccountName',
  'sn',
  'st',
  'streetAddress',
  'targetAddress',
  'telephoneNumber',
  'title',
  'url',
  'userAccountControl',
  'userPrincipalName',
  'whenCreated',
  'wWWHomePage',
  ...Array.from({ length: 15 }, (_, n) => `extensionAttribute${n + 1}`),
] as const

/** Answered by the object itself, or not by DirSync. */
const derived = new Set(['cn', 'distinguishedname', 'dn', 'memberof', 'name', 'objectclass', 'objectguid', 'objectsid'])

export function wantedPartitions(of: configuration.Configuration): WantedPartition[] {
  const attributes = wantedAttributes(of)
  return of.forests.flatMap((forest) =>
    forest.state === 'frozen' || forest.state === 'leaving'
      ? []
      : forest.domains.map((domain) => ({
          forest: forest.name,
          domain: domain.name,
          servers: domain.servers,
          credential: domain.credential,
          tlsServerName: domain.tlsServerName,
          dialect: domain.dialect || 'auto',
          pollIntervalMs: domain.pollIntervalMs,
          optional: forest.optional,
          attributes,
        })),
  )
}

/** Sorted, each once whatever its case. */
export function wantedAttributes(of: configuration.Configuration): string[] {
  const names = new Map<string, string>(spine.map((name) => [name.toLowerCase(), name]))
  const add = (name: string): void => {
    const key = name.toLowerCase()
    if (/^[a-z][a-z0-9-]*$/.test(key) && !derived.has(key) && !names.has(key)) names.set(key, name)
  }
  for (const { source } of of.mappings) {
    if (source?.$case === 'direct' || source?.$case === 'reference') add(source.value)
    else if (source?.$case === 'expression') for (const match of source.value.matchAll(/\[([^\]]+)\]/g)) add(match[1]!)
  }
  for (const rule of of.scopes) {
    for (const clause of [...rule.includeClauses, ...rule.excludeClauses]) {
      for (const one of [clause, ...clause.allOf]) add(one.attribute)
    }
  }
  return [...names.values()].sort()
}

/** Whether a mapping reads distinguished names: then a renamed container changes what is below it. */
export const readsNames = (of: configuration.Configuration): boolean =>
  of.mappings.some(
    ({ source }) =>
      (source?.$case === 'direct' && /^(dn|distinguishedName)$/i.test(source.value)) ||
      (source?.$case === 'expression' && /\[(dn|distinguishedName)\]/i.test(source.value)),
  )
