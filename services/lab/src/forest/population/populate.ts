/** Fills one or more forests with people, groups and contacts, the same ones for the same seed. */

import type { LabDirectory } from '../directory/directory.ts'
import { escapeRdnValue } from '../directory/dn.ts'
import { departments, familyNames, givenNames, groupNames } from './names.ts'
import { addPerson, type Person } from './person.ts'
import { Random } from './random.ts'

export interface Population {
  readonly users: number
  readonly groups: number
  readonly contacts: number
  /** Members per group, about; default 15. */
  readonly membersPerGroup?: number
  /** People with an account in every forest, joined by mS-DS-ConsistencyGuid; default 25, at most a fifth of the users. */
  readonly shared?: number
  /** Departments under OU=Staff, at most eight; default all. */
  readonly ous?: number
}

export interface PopulateOptions extends Population {
  readonly seed?: number
}

/** 8 January 2024; everybody is hired after it. */
const epochMs = Date.UTC(2024, 0, 8)
const serviceAccounts = ['svc-backup', 'svc-monitoring', 'svc-print', 'svc-sql', 'svc-web'] as const
const globalSecurity = '-2147483646'
const domainLocalSecurity = '-2147483644'
const universalSecurity = '-2147483640'
const universalDistribution = '8'

interface Site {
  readonly directory: LabDirectory
  readonly index: number
  readonly random: Random
  readonly options: PopulateOptions
  readonly people: Person[]
  readonly departments: readonly string[]
}

/** Does nothing where all forests are populated already; throws where only some are, for they belong together. */
export function populate(directories: readonly LabDirectory[], options: PopulateOptions): void {
  const done = directories.filter((directory) => directory.populated)
  if (done.length > 0 && done.length < directories.length)
    throw new Error('some of these forests are populated already: populate all or none')
  if (done.length > 0) return
  const random = new Random(options.seed ?? 1)
  const sites = directories.map((directory, index): Site => {
    const used = departments.slice(0, options.ous ?? departments.length)
    return { directory, index, random, options, people: [], departments: used.length > 0 ? used : departments }
  })
  const [first, second, ...others] = sites
  first?.directory.bulk(() => {
    fillSite(first, first)
    second?.directory.bulk(() => {
      fillSite(second, first)
      addConflicts(first, second)
    })
    if (second !== undefined) addForeignMember(first, second)
    for (const other of others) other.directory.bulk(() => fillSite(other, first))
  })
}

function fillSite(site: Site, first: Site | undefined): void {
  const { directory, options } = site
  for (const ou of ['Staff', 'Groups', 'Contacts', 'Service Accounts']) addUnit(site, `OU=${ou},${directory.baseDn}`)
  for (const name of site.departments) addUnit(site, `OU=${escapeRdnValue(name)},OU=Staff,${directory.baseDn}`)
  const shared = sharedCount(options)
  const services = options.users >= 50 ? serviceAccounts : []
  const taken = new Map<string, number>()
  for (let i = 0; i < options.users; i++) {
    const service = services[i - (options.users - services.length)]
    const twin = i >= 1 && i <= shared && site.index > 0 ? first?.people[i] : undefined
    site.people.push(
      addPerson({
        directory,
        random: site.random,
        index: i,
        forest: site.index,
        taken,
        twin,
        service,
        shared: i >= 1 && i <= shared,
        department: site.departments[site.random.below(site.departments.length)] ?? departments[0],
        manager: i === 0 ? undefined : site.people[Math.floor((i - 1) / 8)],
        disabled: i === options.users - services.length - 1 && options.users > 10,
        atMs: epochMs + i * 60_000,
      }),
    )
  }
  const contacts = addContacts(site)
  addGroups(site, contacts)
}

/** People known by the same anchor in every forest. */
export function sharedCount(options: Population): number {
  return Math.min(options.shared ?? 25, Math.floor(options.users / 5))
}

function addUnit(site: Site, dn: string): void {
  site.directory.add(dn, { objectClass: 'organizationalUnit' }, { guid: site.random.guid(), atMs: epochMs })
}

function addContacts(site: Site): string[] {
  const { directory, random, options } = site
  const guids: string[] = []
  for (let i = 0; i < options.contacts; i++) {
    const givenName = random.pick(givenNames)
    const sn = random.pick(familyNames)
    const mail = `contact${i + 1}.${directory.name.split('.')[0] ?? ''}@partner.example`
    const guid = random.guid()
    guids.push(guid)
    directory.add(
      `CN=${escapeRdnValue(`${sn}, ${givenName} (Partner ${i + 1})`)},OU=Contacts,${directory.baseDn}`,
      {
        objectClass: 'contact',
        givenName,
        sn,
        displayName: `${givenName} ${sn} (Partner)`,
        mail,
        mailNickname: `contact${i + 1}`,
        targetAddress: `SMTP:${mail}`,
        proxyAddresses: [`SMTP:${mail}`],
        company: 'Partner AG',
      },
      { guid, atMs: epochMs },
    )
  }
  return guids
}

function addGroups(site: Site, contacts: readonly string[]): void {
  const { directory, random, options, people } = site
  const guids: string[] = []
  for (let i = 0; i < options.groups; i++) {
    const department = site.departments[i % site.departments.length] ?? departments[0]
    const kind = groupNames[Math.floor(i / site.departments.length) % groupNames.length] ?? groupNames[0]
    const round = Math.floor(i / (site.departments.length * groupNames.length))
    const name = `${department} ${kind}${round === 0 ? '' : ` ${round + 1}`}`
    const members = pickMembers(site, i)
    const nested = i % 10 === 9 ? guids[i - 1] : undefined
    if (nested !== undefined) members.add(`<GUID=${nested}>`)
    const distribution = i % 5 === 4
    const contact = distribution ? contacts[i % Math.max(contacts.length, 1)] : undefined
    if (contact !== undefined) members.add(`<GUID=${contact}>`)
    const mail = `group${i + 1}@${directory.name}`
    const guid = random.guid()
    guids.push(guid)
    const owner = people[i]
    directory.add(
      `CN=${escapeRdnValue(name)},OU=Groups,${directory.baseDn}`,
      {
        objectClass: 'group',
        sAMAccountName: name.replace(/["/\\[\]:;|=,+*?<>]/g, '_'),
        displayName: name,
        description: `${kind} of ${department}`,
        groupType:
          i === 1
            ? domainLocalSecurity
            : distribution
              ? universalDistribution
              : i % 7 === 3
                ? universalSecurity
                : globalSecurity,
        mail: distribution ? mail : undefined,
        mailNickname: distribution ? `group${i + 1}` : undefined,
        proxyAddresses: distribution ? [`SMTP:${mail}`] : undefined,
        managedBy: owner === undefined ? undefined : `<GUID=${owner.guid}>`,
        member: members.size === 0 ? undefined : [...members],
      },
      { guid, atMs: epochMs },
    )
  }
}

function pickMembers(site: Site, group: number): Set<string> {
  const { random, options, people } = site
  const members = new Set<string>()
  if (people.length === 0) return members
  const average = options.membersPerGroup ?? 15
  const count = Math.min(people.length, options.membersPerGroup ?? 1 + random.below(average * 2 - 1))
  for (let n = 0; members.size < count && n < count * 3; n++) {
    const person = people[n === 0 ? group % people.length : random.below(people.length)]
    if (person !== undefined) members.add(`<GUID=${person.guid}>`)
  }
  return members
}

/** A person of the second forest in a group of the first: known there by SID only. */
function addForeignMember(first: Site, second: Site): void {
  const person = second.people[sharedCount(second.options) + 2]
  const group = first.directory.find('(groupType=-2147483644)')[0]
  const sid = person === undefined ? undefined : second.directory.get(person.guid)?.sid
  if (group !== undefined && sid !== undefined) first.directory.addMember(group.guid, `<SID=${sid}>`)
}

/** Three pairs of strangers who claim one value: a principal name, and two addresses. */
function addConflicts(first: Site, second: Site): void {
  const from = sharedCount(first.options) + 3
  const pairs = [0, 1, 2].map((n) => [first.people[from + n], second.people[from + n]] as const)
  pairs.forEach(([ours, theirs], n) => {
    if (ours === undefined || theirs === undefined) return
    if (n === 0) second.directory.modify(theirs.guid, { userPrincipalName: ours.principal })
    else {
      const address = [`smtp:${ours.principal}`]
      second.directory.modify(theirs.guid, [{ kind: 'add', type: 'proxyAddresses', values: address }])
    }
  })
}
