/** Entries as snapshot lines and back, with every USN that DirSync depends on. */

import { rdnKey } from './dn.ts'
import { Entry, type SleepingLink, type Value } from './entry.ts'
import { connect } from './links.ts'
import { phantomFor } from './phantom.ts'
import { attribute, findClass } from './schema.ts'
import { SmallMap } from './small-map.ts'
import type { Store } from './store.ts'

interface EntryLine {
  readonly t: 'e'
  readonly g: string
  /** Line number of the parent's entry; absent for the root of a naming context. */
  readonly p?: number
  /** DN of a naming context's root. */
  readonly root?: string
  readonly n: readonly [string, string]
  readonly c: string
  readonly r?: number
  readonly s?: string
  /** uSNCreated, uSNChanged, whenCreated, whenChanged. */
  readonly u: readonly [number, number, number, number]
  readonly d?: string
  readonly v: Readonly<Record<string, readonly Value[]>>
  readonly x?: Readonly<Record<string, number>>
}

/** One attribute's links of one entry: present, removed, asleep; targets as line numbers, each followed by its USN. */
interface LinkLine {
  readonly t: 'l'
  readonly h: number
  readonly a: string
  readonly k: 'present' | 'removed'
  readonly v: readonly number[]
}

interface SleepLine {
  readonly t: 's'
  readonly at: number
  readonly h: number
  readonly a: string
  readonly to: number
  readonly u: number
}

/** An object of another domain that links end at. */
interface PhantomLine {
  readonly t: 'p'
  readonly g: string
  readonly s?: string
  readonly dn: string
  readonly d?: boolean
}

export type SnapshotLine = EntryLine | PhantomLine | LinkLine | SleepLine

export function* snapshotLines(store: Store): Generator<SnapshotLine> {
  const numbers = new Map<Entry, number>()
  for (const context of store.contexts) {
    const stack = [context.root]
    for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
      numbers.set(entry, numbers.size)
      yield entryLine(store, entry, numbers)
      if (entry.children !== undefined) stack.push(...entry.children.values())
    }
  }
  for (const phantom of store.phantoms.values()) {
    numbers.set(phantom, numbers.size)
    yield { t: 'p', g: phantom.guid, s: phantom.foreignSid, dn: store.dn(phantom), d: phantom.deleted || undefined }
  }
  for (const [entry, h] of numbers) {
    for (const [type, set] of entry.links ?? []) {
      if (set.present.size > 0) yield { t: 'l', h, a: type.name, k: 'present', v: flat(set.present, numbers) }
      if (set.removed !== undefined) yield { t: 'l', h, a: type.name, k: 'removed', v: flat(set.removed, numbers) }
    }
    for (const link of entry.sleeping ?? []) {
      const to = numbers.get(link.target) ?? -1
      yield { t: 's', at: h, h: numbers.get(link.holder) ?? -1, a: link.type.name, to, u: link.usn }
    }
  }
}

/** The same entries in another controller's database: every USN is `by` higher there. */
export function* shiftUsns(lines: Iterable<SnapshotLine>, by: number): Generator<SnapshotLine> {
  for (const line of lines) {
    if (line.t === 'l') yield { ...line, v: line.v.map((value, at) => (at % 2 === 0 ? value : value + by)) }
    else if (line.t === 's') yield { ...line, u: line.u + by }
    else if (line.t === 'p') yield line
    else {
      const [created, changed, createdMs, changedMs] = line.u
      const x = Object.fromEntries(Object.entries(line.x ?? {}).map(([name, usn]) => [name, usn + by]))
      yield { ...line, u: [created + by, changed + by, createdMs, changedMs], x }
    }
  }
}

function flat(values: Iterable<[Entry, number]>, numbers: ReadonlyMap<Entry, number>): number[] {
  const pairs: number[] = []
  for (const [target, usn] of values) pairs.push(numbers.get(target) ?? -1, usn)
  return pairs
}

function entryLine(store: Store, entry: Entry, numbers: ReadonlyMap<Entry, number>): EntryLine {
  const v: Record<string, readonly Value[]> = {}
  for (const type of entry.shape.types) {
    const values = entry.stored(type)
    if (values.length > 0) v[type.name] = values
  }
  const usns =
    entry.usns === undefined ? undefined : Object.fromEntries([...entry.usns].map(([type, usn]) => [type.name, usn]))
  return {
    t: 'e',
    g: entry.guid,
    p: entry.parent === undefined ? undefined : numbers.get(entry.parent),
    root: entry.parent === undefined ? store.dn(entry) : undefined,
    n: [entry.rdnType, entry.rdnValue],
    c: entry.objectClass.name,
    r: entry.rid === 0 ? undefined : entry.rid,
    s: entry.foreignSid,
    u: [entry.usnCreated, entry.usnChanged, entry.createdMs, entry.changedMs],
    d: entry.deleted ? (entry.lastParent ?? '') : undefined,
    v,
    x: usns,
  }
}

export function loadSnapshot(store: Store, lines: Iterable<SnapshotLine>): void {
  const entries: Entry[] = []
  const at = (number: number): Entry => {
    const entry = entries[number]
    if (entry === undefined) throw new Error('a snapshot names an entry it does not hold')
    return entry
  }
  for (const line of lines) {
    if (line.t === 'e') entries.push(loadEntry(store, line, line.p === undefined ? undefined : at(line.p)))
    else if (line.t === 'p') {
      const phantom = phantomFor(store, { guid: line.g, sid: line.s, dn: line.dn })
      phantom.deleted = line.d === true
      entries.push(phantom)
    } else if (line.t === 's') {
      const link: SleepingLink = { type: attribute(line.a), holder: at(line.h), target: at(line.to), usn: line.u }
      const keeper = at(line.at)
      keeper.sleeping = [...(keeper.sleeping ?? []), link]
    } else loadLinks(line, at)
  }
  store.sortLog()
}

function loadLinks(line: LinkLine, at: (number: number) => Entry): void {
  const type = attribute(line.a)
  const holder = at(line.h)
  for (let i = 0; i < line.v.length; i += 2) {
    const target = at(line.v[i] ?? -1)
    const usn = line.v[i + 1] ?? 0
    if (line.k === 'present') connect({ type, holder, target, usn })
    else {
      const set = holder.linkSet(type)
      set.removed ??= new SmallMap()
      set.removed.set(target, usn)
    }
  }
}

function loadEntry(store: Store, line: EntryLine, parent: Entry | undefined): Entry {
  const objectClass = findClass(line.c)
  if (objectClass === undefined) throw new Error(`a snapshot names the class ${line.c}`)
  const [usn, usnChanged, atMs, changedMs] = line.u
  const entry = new Entry({ guid: line.g, parent, rdnType: line.n[0], rdnValue: line.n[1], objectClass, usn, atMs })
  entry.usnChanged = usnChanged
  entry.changedMs = changedMs
  entry.rid = line.r ?? 0
  entry.foreignSid = line.s
  entry.deleted = line.d !== undefined
  entry.lastParent = line.d
  for (const [name, values] of Object.entries(line.v)) entry.put(attribute(name), values)
  for (const [name, changed] of Object.entries(line.x ?? {})) entry.touch(attribute(name), changed)
  if (parent === undefined) store.addContext(line.root ?? '', entry)
  else {
    parent.children ??= new Map()
    parent.children.set(rdnKey(entry.rdnType, entry.rdnValue), entry)
    store.byGuid.set(entry.guid, entry)
  }
  store.index(entry)
  entry.pack(store.slab)
  return entry
}
