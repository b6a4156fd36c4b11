/** Reading an entry as a client sees it: stored values, and what the directory computes from tree and links. */
import { type Entry, none, type Value } from './entry.ts'
import { guidToBytes } from './guid.ts'
import { type AttributeType, attribute, findAttribute } from './schema.ts'
import { sidToBytes } from './sid.ts'
import type { Store } from './store.ts'

const onEveryEntry = [
  'objectClass',
  'objectCategory',
  'name',
  'distinguishedName',
  'objectGUID',
  'objectSid',
  'instanceType',
  'whenCreated',
  'whenChanged',
  'uSNCreated',
  'uSNChanged',
  'lastKnownParent',
].map(attribute)

const groupMember = attribute('member')

/** `20260131094500.0Z`. */
export function generalizedTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}.0Z`
}

/** DN of the schema object that stands for a class, as `objectCategory` holds it. */
export function categoryDn(store: Store, category: string): string {
  return `CN=${category},CN=Schema,CN=Configuration,${store.contexts.at(-1)?.dn ?? ''}`
}

/** Entries at the other end of a link attribute, forward or back. */
export function linkEnds(entry: Entry, type: AttributeType): Iterable<Entry> {
  if (type.link === 'forward') return entry.links?.get(type)?.present.keys() ?? []
  return backLinks(entry, type)
}

export function countLinkEnds(entry: Entry, type: AttributeType): number {
  if (type.link === 'forward') return entry.links?.get(type)?.present.size ?? 0
  let count = 0
  const back = entry.back ?? []
  for (let i = 0; i < back.length; i += 2) {
    if ((back[i] as AttributeType).partner === type.name) count++
  }
  return count
}

function* backLinks(entry: Entry, type: AttributeType): Generator<Entry> {
  const back = entry.back
  if (back === undefined) return
  for (let i = 0; i < back.length; i += 2) {
    if ((back[i] as AttributeType).partner === type.name) yield back[i + 1] as Entry
  }
}

/** Every value of an attribute that is not a link; links are read with `linkEnds`. */
export function readValues(store: Store, entry: Entry, type: AttributeType): readonly Value[] {
  switch (type.key) {
    case 'objectclass':
      return entry.objectClass.chain
    case 'objectcategory':
      return entry.deleted ? none : [categoryDn(store, entry.objectClass.category)]
    case 'name':
      return [entry.rdnValue]
    case 'distinguishedname':
      return [store.dn(entry)]
    case 'objectguid':
      return [guidToBytes(entry.guid)]
    case 'objectsid': {
      const sid = store.sid(entry)
      return sid === undefined ? none : [sidToBytes(sid)]
    }
    case 'instancetype':
      return [entry.parent === undefined ? '5' : '4']
    case 'whencreated':
    case 'createtimestamp':
      return [generalizedTime(entry.createdMs)]
    case 'whenchanged':
    case 'modifytimestamp':
      return [generalizedTime(entry.changedMs)]
    case 'usncreated':
      return [String(entry.usnCreated)]
    case 'usnchanged':
      return [String(entry.usnChanged)]
    case 'parentguid':
      return entry.parent === undefined ? none : [guidToBytes(entry.parent.guid)]
    case 'lastknownparent': {
      const parent = entry.lastParent === undefined ? undefined : store.byGuid.get(entry.lastParent)
      return parent === undefined ? none : [store.dn(parent)]
    }
    case 'canonicalname':
      return [canonicalName(store, entry)]
    case 'tokengroups':
      return tokenGroups(store, entry)
    case 'unicodepwd':
      return none
    default:
      return type.key === entry.rdnType.toLowerCase() ? [entry.rdnValue] : entry.stored(type)
  }
}

/** The attributes a search for `*` shows on this entry, links included. */
export function* presentTypes(entry: Entry): Generator<AttributeType> {
  for (const type of onEveryEntry) yield type
  const rdn = findAttribute(entry.rdnType)
  if (rdn !== undefined) yield rdn
  const { types } = entry.shape
  for (let slot = 0; slot < types.length; slot++) {
    const type = types[slot]
    if (type !== undefined && type !== rdn && entry.values[slot] !== undefined && !type.onRequest) yield type
  }
  if (entry.links !== undefined) yield* entry.links.keys()
  if (entry.back !== undefined) yield* backTypes(entry.back)
}

function backTypes(back: readonly (AttributeType | Entry)[]): Set<AttributeType> {
  const types = new Set<AttributeType>()
  for (let i = 0; i < back.length; i += 2) types.add(attribute((back[i] as AttributeType).partner ?? ''))
  return types
}

function canonicalName(store: Store, entry: Entry): string {
  const path: string[] = []
  let at = entry
  for (; at.parent !== undefined; at = at.parent) path.unshift(at.rdnValue.replaceAll('/', '\\/'))
  const domain = (store.contexts.at(-1)?.dn ?? '').replace(/^DC=/i, '').replace(/,DC=/gi, '.')
  return `${domain}/${path.join('/')}`
}

function tokenGroups(store: Store, entry: Entry): readonly Value[] {
  const sids: Buffer[] = []
  for (const group of reachableGroups(entry)) {
    const sid = store.sid(group)
    if (sid !== undefined) sids.push(sidToBytes(sid))
  }
  return sids
}

/** Every group the entry is in, directly or through other groups. */
export function reachableGroups(entry: Entry): Set<Entry> {
  const seen = new Set<Entry>()
  const queue = [entry]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (let i = 0; i < (at.back?.length ?? 0); i += 2) {
      const holder = at.back?.[i + 1] as Entry
      if (at.back?.[i] !== groupMember || seen.has(holder)) continue
      seen.add(holder)
      queue.push(holder)
    }
  }
  return seen
}
