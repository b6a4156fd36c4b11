/** The server's own truth, read by another client, against what the hub was told. */
import { canonicalDn } from '@canopy/domain'
import { type Client, type Entry, PresenceFilter } from 'ldapts'
import type { Seen, TestHub } from './directory.hub.ts'
import { type DirectoryUnderTest, readAttributes, type Vocabulary, vocabularyOf } from './directory.subject.ts'

export interface TrueObject {
  readonly guid: string
  readonly dn: string
  readonly attributes: ReadonlyMap<string, readonly string[]>
  readonly manager: string | undefined
  /** Member DNs. */
  readonly members: readonly string[]
}

/** Everything below `base`, by canonical DN. */
export async function readTruth(
  client: Client,
  directory: DirectoryUnderTest,
  base: string,
): Promise<Map<string, TrueObject>> {
  const vocabulary = vocabularyOf(directory)
  const { searchEntries } = await client.search(base, {
    scope: 'sub',
    filter: new PresenceFilter({ attribute: 'objectClass' }),
    attributes: [...readAttributes, 'member', vocabulary.guid],
    explicitBufferAttributes: [vocabulary.guid],
    paged: { pageSize: 500 },
    timeLimit: 0,
  })
  const found = new Map<string, TrueObject>()
  for (const entry of searchEntries) {
    const object = await trueObject(client, entry, vocabulary)
    found.set(canonicalDn(object.dn), object)
  }
  return found
}

async function trueObject(client: Client, entry: Entry, vocabulary: Vocabulary): Promise<TrueObject> {
  const attributes = new Map<string, readonly string[]>()
  let members: readonly string[] = []
  for (const [name, value] of Object.entries(entry)) {
    const values = (Array.isArray(value) ? value : [value]).map(String)
    if (name.startsWith('member;')) members = await allMembers(client, entry.dn)
    else if (name === 'member') members = members.length > 0 ? members : values
    else if (values.length > 0 && readAttributes.includes(name) && name !== 'manager') attributes.set(name, values)
  }
  const [guid] = [entry[vocabulary.guid]].flat()
  const [manager] = [entry.manager ?? []].flat()
  return {
    guid: vocabulary.guidText(Buffer.isBuffer(guid) ? guid : Buffer.from(String(guid))),
    dn: entry.dn,
    attributes,
    manager: manager === undefined ? undefined : String(manager),
    members,
  }
}

async function allMembers(client: Client, dn: string): Promise<string[]> {
  const members: string[] = []
  for (;;) {
    const { searchEntries } = await client.search(dn, {
      scope: 'base',
      attributes: [`member;range=${members.length}-*`],
    })
    const [name, part] = Object.entries(searchEntries[0] ?? {}).find(([key]) => key.startsWith('member;')) ?? ['', []]
    members.push(...[part].flat().map(String))
    if (name === '' || name.endsWith('-*')) return members
  }
}

/** Every difference below `base`, as text; empty when the hub knows what the server has, no more and no less. */
export function differences(hub: TestHub, truth: ReadonlyMap<string, TrueObject>, base: string): string[] {
  const found: string[] = []
  const byGuid = new Map([...truth.values()].map((object) => [object.guid, object]))
  const index = hub.index()
  // Who is of another forest is known by SID; whether the object that stands for it can be read is another matter.
  const guidOf = (dn: string): string =>
    /^CN=(S-1-[\d-]+),CN=ForeignSecurityPrincipals,/.exec(dn)?.[1] ??
    truth.get(canonicalDn(dn))?.guid ??
    index.get(canonicalDn(dn)) ??
    `no object ${dn}`
  const endOf = (end: string): string | undefined => {
    const guid = hub.foreign.get(end) ?? (end.includes('=') ? guidOf(end) : end)
    return hub.objects.get(guid)?.deleted ? undefined : guid
  }
  for (const object of truth.values()) {
    const seen = hub.objects.get(object.guid)
    if (!seen || seen.deleted) found.push(`${object.dn}: ${seen ? 'taken for deleted' : 'not told'}`)
    else
      for (const difference of differ(hub, { object, seen, guidOf, endOf })) found.push(`${object.dn}: ${difference}`)
  }
  const root = canonicalDn(base)
  for (const [guid, seen] of hub.objects) {
    const isBelow = !seen.deleted && canonicalDn(hub.dnOf(guid) ?? '').endsWith(root)
    if (isBelow && !byGuid.has(guid)) found.push(`${seen.dn}: told, and not there`)
  }
  return found
}

interface Pair {
  readonly object: TrueObject
  readonly seen: Seen
  readonly guidOf: (dn: string) => string
  readonly endOf: (end: string) => string | undefined
}

function* differ(hub: TestHub, { object, seen, guidOf, endOf }: Pair): Generator<string> {
  const derived = hub.dnOf(object.guid) ?? ''
  if (canonicalDn(derived) !== canonicalDn(object.dn)) yield `derived as ${derived}`
  const names = new Set([...object.attributes.keys(), ...readAttributes.filter((name) => seen.attributes[name])])
  for (const name of names) {
    const wanted = (object.attributes.get(name) ?? []).toSorted()
    const told = (seen.attributes[name] ?? []).toSorted()
    if (wanted.join('\n') !== told.join('\n')) yield `${name} is ${shown(wanted)}, told ${shown(told)}`
  }
  const manager = object.manager === undefined ? undefined : guidOf(object.manager)
  const { manager: end } = seen.references
  if ((end === undefined ? undefined : endOf(end)) !== manager)
    yield `manager ${manager}, told ${seen.references.manager}`
  const wanted = new Set(object.members.map(guidOf))
  const told = new Set([...seen.members].map(endOf))
  const missing = [...wanted].filter((member) => !told.has(member))
  const extra = [...told].filter((member) => member === undefined || !wanted.has(member))
  if (missing.length + extra.length > 0)
    yield `members: ${missing.length} not told, such as ${missing[0]}, ${extra.length} too many, such as ${extra[0]}`
}

const shown = (values: readonly string[]): string =>
  values.length === 0 ? 'absent' : JSON.stringify(values.map((value) => value.slice(0, 60)))
