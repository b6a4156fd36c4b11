/** Compares forests, read over LDAP, with what the lab's tenant holds: object by object, edge by edge. */
import { readFileSync } from 'node:fs'
import { Client, type Entry } from 'ldapts'
import { type ControlledCloud, dump } from '../bench/cloud-control.ts'

export interface ForestAccess {
  readonly ldapsUrl: string
  readonly servername: string
  readonly baseDn: string
  readonly caFile: string
  readonly dn: string
  readonly password: string
}

export interface ForestPicture {
  /** By lower-case GUID. */
  readonly users: ReadonlyMap<string, Entry>
  readonly groups: ReadonlyMap<string, Entry>
  readonly contacts: ReadonlyMap<string, Entry>
  /** GUID of any of them by lower-case DN. */
  readonly byDn: ReadonlyMap<string, string>
}

/** Attributes of a forest that are compared or needed to. */
export const attributes = [
  'objectGUID',
  'objectClass',
  'displayName',
  'cn',
  'givenName',
  'sn',
  'title',
  'department',
  'userAccountControl',
  'member',
  'manager',
  'mail',
  'mS-DS-ConsistencyGuid',
  'isCriticalSystemObject',
  'sAMAccountName',
  'userPrincipalName',
  'adminCount',
]

export async function readForest(access: ForestAccess): Promise<ForestPicture> {
  const client = new Client({
    url: access.ldapsUrl,
    tlsOptions: { ca: [readFileSync(access.caFile)], servername: access.servername },
  })
  try {
    await client.bind(access.dn, access.password)
    const found = await client.search(access.baseDn, {
      scope: 'sub',
      filter: '(|(&(objectClass=user)(!(objectClass=computer)))(objectClass=group)(objectClass=contact))',
      attributes,
      explicitBufferAttributes: ['objectGUID', 'mS-DS-ConsistencyGuid'],
      paged: { pageSize: 500 },
    })
    const picture = {
      users: new Map<string, Entry>(),
      groups: new Map<string, Entry>(),
      contacts: new Map<string, Entry>(),
      byDn: new Map<string, string>(),
    }
    for (const entry of found.searchEntries) {
      if (String(entry.isCriticalSystemObject) === 'TRUE' || String(entry.sAMAccountName).toLowerCase() === 'krbtgt')
        continue
      const guid = guidText(entry.objectGUID as Buffer)
      const classes = ([] as string[]).concat(entry.objectClass as string[])
      const kind = classes.includes('group')
        ? picture.groups
        : classes.includes('contact')
          ? picture.contacts
          : picture.users
      kind.set(guid, entry)
      picture.byDn.set(entry.dn.toLowerCase(), guid)
    }
    return picture
  } finally {
    await client.unbind()
  }
}

export function guidText(bytes: Buffer): string {
  const hex = Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((i) => bytes[i] ?? 0)).toString(
    'hex',
  )
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The anchor a cloud user carries for this entry. */
export function immutableId(entry: Entry): string {
  const consistency = entry['mS-DS-ConsistencyGuid']
  const bytes = Buffer.isBuffer(consistency) && consistency.length === 16 ? consistency : (entry.objectGUID as Buffer)
  return bytes.toString('base64')
}

type Json = Readonly<Record<string, unknown>>
const text = (value: unknown): string =>
  Array.isArray(value) ? String(value[0] ?? '') : value === undefined || value === null ? '' : String(value)
const list = (value: unknown): readonly string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)]

/** The tenant's own dump, taken at one moment; deleted users and groups are in it, with `deletedAt`. */
export interface TenantPicture {
  readonly users: readonly Json[]
  readonly groups: readonly Json[]
  readonly contacts: readonly Json[]
  readonly members: readonly Json[]
}

export async function readTenant(cloud: ControlledCloud): Promise<TenantPicture> {
  const [users = [], groups = [], contacts = [], members = []] = await Promise.all(
    ['users', 'groups', 'contacts', 'members'].map((kind) => dump(cloud, kind)),
  )
  return { users, groups, contacts, members }
}

export interface Comparison {
  readonly forests: readonly ForestPicture[]
  readonly tenant: TenantPicture
  /** Immutable ids of people a conflict holds back. */
  readonly held?: ReadonlySet<string>
  /** Immutable ids of people, and names of groups, that were deleted in a forest: the only ones that may be deleted items. */
  readonly deleted?: ReadonlySet<string>
}

const isLive = (object: Json): boolean => object.deletedAt === undefined
const anchorOf = (contact: Json): string => text((contact.exchange as Json | undefined)?.CustomAttribute15)
const nameOf = (entry: Entry): string => text(entry.displayName) || text(entry.cn)

/** Differences in words; none: the tenant equals the forests and holds nothing twice. */
export function differences(of: Comparison): string[] {
  const found = duplicates(of.tenant)
  const ids = idsOf(of)
  compareUsers(of, ids, found)
  compareContacts(of, found)
  compareGroups(of, ids, found)
  strays(of, found)
  return found
}

/** Strong keys that two objects carry, deleted ones included. */
export function duplicates(tenant: TenantPicture): string[] {
  const keys = [
    ...tenant.users.map((user) => ['immutable id', text(user.onPremisesImmutableId)] as const),
    ...tenant.groups.map((group) => ['unique name', text(group.uniqueName)] as const),
    ...tenant.contacts.map((contact) => ['contact anchor', anchorOf(contact)] as const),
    ...tenant.contacts.map((contact) => ['contact address', text(contact.mail).toLowerCase()] as const),
  ].filter(([, key]) => key !== '')
  return [...Map.groupBy(keys, ([what, key]) => `${what} ${key}`)]
    .filter(([, all]) => all.length > 1)
    .map(([key, all]) => `${all.length} cloud objects carry the ${key}`)
}

/** Cloud id by lower-case forest DN: users by immutable id, contacts by address, groups where their name is one's alone. */
function idsOf({ forests, tenant }: Comparison): ReadonlyMap<string, string> {
  const users = new Map(tenant.users.filter(isLive).map((user) => [text(user.onPremisesImmutableId), text(user.id)]))
  const contacts = new Map(tenant.contacts.map((contact) => [text(contact.mail).toLowerCase(), text(contact.id)]))
  const groups = Map.groupBy(ownGroups(tenant), (group) => text(group.displayName))
  const ids = new Map<string, string>()
  const keep = (entry: Entry, id: string | undefined): void => {
    if (id) ids.set(entry.dn.toLowerCase(), id)
  }
  for (const forest of forests) {
    for (const entry of forest.users.values()) keep(entry, users.get(immutableId(entry)))
    for (const entry of forest.contacts.values()) keep(entry, contacts.get(text(entry.mail).toLowerCase()))
    for (const entry of forest.groups.values()) {
      const named = groups.get(nameOf(entry)) ?? []
      if (named.length === 1) keep(entry, text(named[0]?.id))
    }
  }
  return ids
}

const ownGroups = (tenant: TenantPicture): readonly Json[] =>
  tenant.groups.filter((group) => isLive(group) && text(group.uniqueName) !== '')

function compareUsers(of: Comparison, ids: ReadonlyMap<string, string>, found: string[]): void {
  const { forests, tenant } = of
  const live = new Map(tenant.users.filter(isLive).map((user) => [text(user.onPremisesImmutableId), user]))
  const liveIds = new Set(tenant.users.filter(isLive).map((user) => text(user.id)))
  for (const forest of forests) {
    for (const entry of forest.users.values()) {
      const id = immutableId(entry)
      const user = live.get(id)
      if (!user) {
        if (!of.held?.has(id)) found.push(`${entry.dn} is not in the cloud`)
        continue
      }
      // A person of several forests has the values of the first: compared where the object stands alone.
      if (Buffer.isBuffer(entry['mS-DS-ConsistencyGuid']) && forests.length > 1) continue
      // Who reported to somebody that was deleted reports to nobody: the directory drops the reference by itself.
      const manager = liveIds.has(text(user.manager)) ? user.manager : undefined
      const expected = { ...expectedUser(entry), manager: ids.get(text(entry.manager).toLowerCase()) ?? '' }
      for (const [name, value] of Object.entries(expected)) {
        const there = name === 'manager' ? manager : user[name]
        if (value !== text(there))
          found.push(`${entry.dn}: ${name} is ${JSON.stringify(there)}, not ${JSON.stringify(value)}`)
      }
    }
  }
}

const expectedUser = (entry: Entry): Readonly<Record<string, string>> => ({
  displayName: nameOf(entry),
  givenName: text(entry.givenName),
  surname: text(entry.sn),
  jobTitle: text(entry.title),
  department: text(entry.department),
  userPrincipalName: text(entry.userPrincipalName),
  accountEnabled: String((Number(text(entry.userAccountControl)) & 2) === 0),
})

function compareContacts({ forests, tenant }: Comparison, found: string[]): void {
  const byAddress = new Map(tenant.contacts.map((contact) => [text(contact.mail).toLowerCase(), contact]))
  let total = 0
  for (const forest of forests) {
    for (const entry of forest.contacts.values()) {
      total++
      const contact = byAddress.get(text(entry.mail).toLowerCase())
      if (!contact) {
        found.push(`${entry.dn} is not in the cloud`)
        continue
      }
      const expected = { displayName: nameOf(entry), givenName: text(entry.givenName), surname: text(entry.sn) }
      for (const [name, value] of Object.entries(expected))
        if (text(contact[name]) !== value) found.push(`${entry.dn}: ${name} is ${JSON.stringify(contact[name])}`)
    }
  }
  const own = tenant.contacts.filter((contact) => anchorOf(contact) !== '').length
  if (own !== total) found.push(`${own} contacts in the cloud, ${total} in the forests`)
}

function compareGroups({ forests, tenant }: Comparison, ids: ReadonlyMap<string, string>, found: string[]): void {
  const own = ownGroups(tenant)
  const byName = Map.groupBy(own, (group) => text(group.displayName))
  const membersOf = Map.groupBy(tenant.members, (member) => text(member.group))
  const known = new Set(ids.values())
  let total = 0
  for (const forest of forests) {
    for (const [guid, entry] of forest.groups) {
      total++
      const candidates = byName.get(nameOf(entry)) ?? []
      if (candidates.length === 0) {
        found.push(`${entry.dn} is not in the cloud`)
        continue
      }
      const wanted = list(entry.member).flatMap((dn) => ids.get(dn.toLowerCase()) ?? [])
      const extraOf = (group: Json): { missing: number; extra: number } => {
        const there = (membersOf.get(text(group.id)) ?? [])
          .map((line) => text(line.member))
          .filter((id) => known.has(id))
        return {
          missing: wanted.filter((id) => !there.includes(id)).length,
          extra: there.filter((id) => !wanted.includes(id)).length,
        }
      }
      // Groups of one name: one of them must fit.
      const best = candidates.map(extraOf).toSorted((a, b) => a.missing + a.extra - b.missing - b.extra)[0]
      if (best && best.missing + best.extra > 0)
        found.push(`${entry.dn} (${guid}): ${best.missing} members are missing, ${best.extra} too many`)
    }
  }
  if (own.length !== total) found.push(`${own.length} groups in the cloud, ${total} in the forests`)
}

/** What the cloud has under Canopy's keys and no forest has, and what it deleted without being told. */
function strays({ forests, tenant, deleted }: Comparison, found: string[]): void {
  const wanted = new Set(forests.flatMap((forest) => [...forest.users.values()].map(immutableId)))
  for (const user of tenant.users) {
    const id = text(user.onPremisesImmutableId)
    if (id !== '' && isLive(user) && !wanted.has(id)) found.push(`cloud user ${id} is in no forest`)
    if (!isLive(user) && !deleted?.has(id))
      found.push(`cloud user ${text(user.id)} was deleted, and nobody asked for it`)
  }
  for (const group of tenant.groups) {
    if (!isLive(group) && !deleted?.has(text(group.displayName)))
      found.push(`cloud group ${text(group.id)} was deleted, and nobody asked for it`)
  }
}
