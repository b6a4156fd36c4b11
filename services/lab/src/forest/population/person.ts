/** One employee with some thirty attributes, in one forest or as the same person in another. */

import type { LabDirectory } from '../directory/directory.ts'
import { escapeRdnValue } from '../directory/dn.ts'
import { guidToBytes } from '../directory/guid.ts'
import { familyNames, fold, givenNames, type Office, offices, titles } from './names.ts'
import type { Random } from './random.ts'

export interface Person {
  readonly guid: string
  readonly principal: string
  readonly givenName: string
  readonly sn: string
  readonly employeeId: string
  readonly anchor: string
}

export interface PersonOptions {
  readonly directory: LabDirectory
  readonly random: Random
  readonly index: number
  readonly forest: number
  /** Common names and address parts in use, with the last number each was given. */
  readonly taken: Map<string, number>
  readonly twin: Person | undefined
  readonly service: string | undefined
  readonly shared: boolean
  readonly department: string
  readonly manager: Person | undefined
  readonly disabled: boolean
  readonly atMs: number
}

export function addPerson(o: PersonOptions): Person {
  const { directory, random } = o
  const ada = o.forest === 0 && o.index === 0
  const givenName = ada ? 'Ada' : (o.twin?.givenName ?? random.pick(givenNames))
  const sn = ada ? 'Park' : (o.twin?.sn ?? random.pick(familyNames))
  const cn = unused(o.taken, o.service ?? (o.index % 37 === 5 ? `${sn}, ${givenName}` : `${givenName} ${sn}`), ' ')
  const local = unused(o.taken, o.service ?? addressPart(givenName, sn, o.index), '')
  const guid = random.guid()
  const principal = `${local}@${directory.name}`
  const employeeId = o.twin?.employeeId ?? `${o.forest + 1}${String(o.index + 1).padStart(6, '0')}`
  const anchor = o.twin?.anchor ?? guid
  const unit =
    o.service === undefined
      ? `OU=${escapeRdnValue(ada ? 'Engineering' : o.department)},OU=Staff`
      : 'OU=Service Accounts'
  directory.add(
    `CN=${escapeRdnValue(cn)},${unit},${directory.baseDn}`,
    {
      objectClass: 'user',
      sAMAccountName: accountName(o, local),
      userPrincipalName: principal,
      displayName: o.service ?? `${givenName} ${sn}`,
      userAccountControl: o.disabled ? '514' : '512',
      employeeID: employeeId,
      'mS-DS-ConsistencyGuid': o.shared ? guidToBytes(anchor) : undefined,
      ...(o.service === undefined
        ? particulars(o, { givenName, sn, local, principal })
        : { description: 'Runs a service' }),
    },
    { guid, atMs: o.atMs },
  )
  return { guid, principal, givenName, sn, employeeId, anchor }
}

function particulars(o: PersonOptions, who: { givenName: string; sn: string; local: string; principal: string }) {
  const { random, directory, index } = o
  const office: Office = random.pick<Office>(offices)
  const extension = String(1000 + (index % 9000))
  return {
    givenName: who.givenName,
    sn: who.sn,
    initials: `${who.givenName.slice(0, 1)}${who.sn.slice(0, 1)}`,
    mail: who.principal,
    mailNickname: who.local,
    proxyAddresses: [`SMTP:${who.principal}`, `smtp:${who.local}@mail.${directory.name}`],
    department: o.index === 0 && o.forest === 0 ? 'Engineering' : o.department,
    title: random.pick(titles),
    company: `${directory.name.split('.')[0] ?? ''} group`,
    employeeType: index % 11 === 7 ? 'Contractor' : 'Employee',
    physicalDeliveryOfficeName: office.name,
    telephoneNumber: `${office.dial} ${extension}`,
    mobile: `+${40 + o.forest} 79 ${String(5_000_000 + index)}`,
    facsimileTelephoneNumber: index % 9 === 0 ? `${office.dial} ${extension}9` : undefined,
    streetAddress: office.street,
    l: office.city,
    st: office.state,
    postalCode: office.postalCode,
    co: office.country,
    c: office.code,
    countryCode: office.number,
    preferredLanguage: office.language,
    extensionAttribute1: `CC-${100 + random.below(40)}`,
    manager: o.manager === undefined ? undefined : `<GUID=${o.manager.guid}>`,
  }
}

function addressPart(givenName: string, sn: string, index: number): string {
  const parts = [fold(givenName), fold(sn)].filter((part) => part !== '')
  return parts.length === 0 ? `user${index + 1}` : parts.join('.')
}

/** At most twenty characters, as AD demands of users, and never used twice. */
function accountName(o: PersonOptions, local: string): string {
  const number = o.index === 0 ? '' : String(o.index)
  // The numbers of names alike would run into that of the account.
  const letters = local.replace('.', '').replace(/\d+$/, '')
  return (o.service ?? letters).slice(0, 20 - number.length) + (o.service === undefined ? number : '')
}

/** The wish, or the wish with the next number nobody has; `taken` maps each to the last number given. */
function unused(taken: Map<string, number>, wish: string, gap: string): string {
  for (;;) {
    const key = wish.toLowerCase()
    const count = (taken.get(key) ?? 0) + 1
    taken.set(key, count)
    const name = count === 1 ? wish : `${wish}${gap}${count}`
    if (count > 1 && taken.has(name.toLowerCase())) continue
    if (count > 1) taken.set(name.toLowerCase(), 1)
    return name
  }
}
