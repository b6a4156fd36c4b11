/** Entries that stand for objects of the other domains of a forest: ends of links, and nothing else. */
import { Entry } from './entry.ts'
import { type AttributeType, findClass } from './schema.ts'
import type { Store } from './store.ts'

export interface PhantomName {
  readonly guid: string
  readonly sid: string | undefined
  /** As it was when the link was written. */
  readonly dn: string
}

/** Reads `<GUID=…>;<SID=…>;CN=…`; undefined for a value without a DN, which names an object of this domain. */
export function parsePhantom(value: string): PhantomName | undefined {
  const match = /^<GUID=([0-9a-f-]{36})>;(?:<SID=(S-[\d-]+)>;)?(.+)$/is.exec(value)
  return match === null ? undefined : { guid: (match[1] ?? '').toLowerCase(), sid: match[2], dn: match[3] ?? '' }
}

export const phantomText = ({ guid, sid, dn }: PhantomName): string =>
  `<GUID=${guid}>;${sid === undefined ? '' : `<SID=${sid}>;`}${dn}`

/** The entry that stands for the object, made where there is none yet. */
export function phantomFor(store: Store, name: PhantomName): Entry {
  const known = store.phantoms.get(name.guid)
  if (known !== undefined) return known
  const objectClass = findClass('container')
  if (objectClass === undefined) throw new Error('no class container')
  const entry = new Entry({
    guid: name.guid,
    parent: undefined,
    rdnType: 'CN',
    rdnValue: '',
    objectClass,
    usn: 0,
    atMs: 0,
  })
  entry.foreignSid = name.sid
  entry.phantomDn = name.dn
  store.phantoms.set(name.guid, entry)
  return entry
}

/** Ends links at another entry, each with the USN it had: no holder changes by that. */
export function redirectLinks(from: Entry, to: Entry): void {
  const back = from.back ?? []
  for (let i = 0; i < back.length; i += 2) {
    const type = back[i] as AttributeType
    const holder = back[i + 1] as Entry
    const { present } = holder.linkSet(type)
    const usn = present.get(from)
    if (usn === undefined) continue
    present.delete(from)
    present.set(to, usn)
    to.back ??= []
    to.back.push(type, holder)
  }
  from.back = undefined
}
