/** Compares a forest, read over LDAP by an account of its own, with what the lab's tenant holds: object by object, edge by edge. */
import { readFileSync } from 'node:fs'
import { Client, type Entry } from 'ldapts'
import { dump } from '../bench/cloud-control.ts'
import type { Cloud } from '../bench/world.ts'

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

const attributes = [
  'objectGUID',
  'objectClass',
  'displayName',
  'cn',
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

type Json = Record<string, unknown>
const text = (value: unknown): string =>
  Array.isArray(value) ? String(value[0] ?? '') : value === undefined ? '' : String(value)

/** Differences in words; none: the tenant equals the forests. `expectedMissing`: immutable ids held by a conflict. */
export async function differences(
  forests: readonly ForestPicture[],
  cloud: Cloud,
  expectedMissing: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const [users = [], groups = [], members = []] = await Promise.all(
    ['users', 'groups', 'members'].map((kind) => dump(cloud, kind)),
  )
  const found: string[] = []
  const byImmutableId = new Map<string, Json>()
  for (const user of users) {
    const id = text(user.onPremisesImmutableId)
    if (byImmutableId.has(id)) found.push(`two cloud users carry ${id}`)
    if (id !== '') byImmutableId.set(id, user)
  }
  const wanted = new Set<string>()
  for (const forest of forests) for (const entry of forest.users.values()) wanted.add(immutableId(entry))
  for (const id of byImmutableId.keys()) if (!wanted.has(id)) found.push(`cloud user ${id} is in no forest`)
  for (const forest of forests) {
    for (const entry of forest.users.values())
      compareUser(entry, byImmutableId.get(immutableId(entry)), expectedMissing, forests.length === 1, found)
  }
  compareGroups(forests, groups, members, byImmutableId, expectedMissing, found)
  return found
}

function compareUser(
  entry: Entry,
  user: Json | undefined,
  expectedMissing: ReadonlySet<string>,
  alone: boolean,
  found: string[],
): void {
  const id = immutableId(entry)
  if (!user) {
    if (!expectedMissing.has(id)) found.push(`${entry.dn} is not in the cloud`)
    return
  }
  // A person of several forests has the values of the first: compared where the object stands alone.
  const joined = Buffer.isBuffer(entry['mS-DS-ConsistencyGuid']) && !alone
  if (joined) return
  const same = (what: string, forest: string, there: string): void => {
    if (forest !== there)
      found.push(
        `${entry.dn}: ${what} is ${JSON.stringify(there)} in the cloud, ${JSON.stringify(forest)} in the forest`,
      )
  }
  same('displayName', text(entry.displayName) || text(entry.cn), text(user.displayName))
  same('jobTitle', text(entry.title), text(user.jobTitle))
  same('department', text(entry.department), text(user.department))
  same('accountEnabled', String((Number(text(entry.userAccountControl)) & 2) === 0), String(user.accountEnabled))
}

function compareGroups(
  forests: readonly ForestPicture[],
  groups: readonly Json[],
  members: readonly Json[],
  users: ReadonlyMap<string, Json>,
  expectedMissing: ReadonlySet<string>,
  found: string[],
): void {
  const own = groups.filter((group) => text(group.uniqueName) !== '')
  const nameOf = (entry: Entry): string => text(entry.displayName) || text(entry.cn)
  const byName = Map.groupBy(own, (group) => text(group.displayName))
  const membersOf = Map.groupBy(members, (member) => text(member.groupId))
  let total = 0
  for (const forest of forests) {
    for (const [guid, entry] of forest.groups) {
      total++
      const candidates = byName.get(nameOf(entry)) ?? []
      if (candidates.length === 0) {
        found.push(`${entry.dn} is not in the cloud`)
        continue
      }
      const wanted = new Set<string>()
      for (const dn of ([] as string[]).concat((entry.member as string[]) ?? [])) {
        const member = forest.byDn.get(dn.toLowerCase())
        const person = member ? forest.users.get(member) : undefined
        if (!person || expectedMissing.has(immutableId(person))) continue
        wanted.add(text(users.get(immutableId(person))?.id))
      }
      // Groups of one name in several forests: one of the candidates must fit.
      const cloudUsers = new Set([...users.values()].map((user) => text(user.id)))
      const fits = candidates.some((group) => {
        const there = (membersOf.get(text(group.id)) ?? [])
          .map((member) => text(member.memberId))
          .filter((id) => cloudUsers.has(id))
        return [...wanted].every((id) => there.includes(id)) && (forests.length > 1 || there.length === wanted.size)
      })
      if (!fits) found.push(`${entry.dn} (${guid}): its members differ`)
    }
  }
  if (own.length !== total) found.push(`${own.length} groups in the cloud, ${total} in the forests`)
}
