/** What attributes of the cloud are called by Microsoft's engines, and which of them are no rule of a mapping here. */
import { type TargetKind, targetAttributes, targetReferences } from '@canopy/domain'

const other: Readonly<Record<string, string>> = {
  sn: 'surname',
  title: 'jobTitle',
  company: 'companyName',
  physicaldeliveryofficename: 'officeLocation',
  l: 'city',
  st: 'state',
  co: 'country',
  c: 'countryLetterCode',
  mobile: 'mobilePhone',
  facsimiletelephonenumber: 'faxNumber',
  telephonenumber: 'businessPhones',
  employeeid: 'employeeId',
  commonname: 'cn',
  alias: 'mailNickname',
  othermailbox: 'otherMails',
  accountname: 'onPremisesSamAccountName',
  objectsid: 'onPremisesSecurityIdentifier',
  pwdlastset: 'lastPasswordChangeTimestamp',
}

const own = new Map<TargetKind, ReadonlyMap<string, string>>(
  (Object.keys(targetAttributes) as TargetKind[]).map((kind) => [
    kind,
    new Map(
      [...Object.keys(targetAttributes[kind]), ...targetReferences[kind]].map((name) => [name.toLowerCase(), name]),
    ),
  ]),
)

/** The name here, whatever its case there. */
export function targetName(kind: TargetKind, name: string): string {
  const lower = name.toLowerCase()
  const renamed = other[lower]
  // A group and a contact have an alias of their own beside the mail nickname; it is the same value.
  if (renamed !== undefined) return renamed
  return own.get(kind)?.get(lower) ?? name
}

/** Carried or done without a rule; what is not here is looked up in the catalogue. */
export const withoutRule: Readonly<Record<string, string>> = {
  sourceanchor: 'the source anchor is minted once, from mS-DS-ConsistencyGuid or objectGUID',
  sourceanchorbinary: 'the source anchor is minted once, from mS-DS-ConsistencyGuid or objectGUID',
  immutableid: 'the source anchor is minted once, from mS-DS-ConsistencyGuid or objectGUID',
  objectguid: 'the source anchor is minted once, from mS-DS-ConsistencyGuid or objectGUID',
  member: 'memberships are carried without a rule',
  members: 'memberships are carried without a rule',
  membercount: 'memberships are carried without a rule',
  cloudfiltered: 'system objects are left out by the default exclusions of the scope',
  sourceobjecttype: 'the kind of an object is its class',
  dnsdomainname: 'nobody takes the names of the domain',
  netbiosname: 'nobody takes the names of the domain',
}

/** Values that Canopy does not carry, on purpose. */
export const refusedSources: Readonly<Record<string, string>> = {
  passwordhash: 'Canopy carries no passwords',
  unicodepwd: 'Canopy carries no passwords',
}
