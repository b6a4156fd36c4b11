/** Search result entries as bytes: attribute selection, forced ranges, extended DNs. */
import type { BerWriter } from '../ber/writer.ts'
import { guidOf } from '../directory/base-tree.ts'
import type { Entry, Value } from '../directory/entry.ts'
import { guidToBytes } from '../directory/guid.ts'
import { countLinkEnds, linkEnds, presentTypes, readValues } from '../directory/read.ts'
import { type AttributeType, attribute } from '../directory/schema.ts'
import { sidToBytes } from '../directory/sid.ts'
import type { Store } from '../directory/store.ts'
import { answerTag } from './result.ts'
import type { Selection } from './selection.ts'

/** AD's MaxValRange: more values than this are given in ranges. */
export const maxValuesInRange = 1500

const distinguishedName = attribute('distinguishedName')
const lastKnownParent = attribute('lastKnownParent')
const objectCategory = attribute('objectCategory')
const objectGuid = attribute('objectGUID')

/** How DNs are written: plain, or with GUID and SID in hexadecimal or text. */
export type DnForm = 'plain' | 'hex' | 'text'

export interface EntryAnswer {
  readonly messageId: number
  readonly store: Store
  readonly entry: Entry
  readonly selection: Selection
  readonly dnForm: DnForm
  /** Entries whose GUID is kept back, in their DN as well: a fault. */
  readonly withoutGuid: ReadonlySet<Entry>
}

export function formatDn(store: Store, entry: Entry, form: DnForm): string {
  const dn = store.dn(entry)
  if (form === 'plain') return dn
  const sid = store.sid(entry)
  const guid = form === 'hex' ? guidToBytes(entry.guid).toString('hex') : entry.guid
  const sidText = sid === undefined ? '' : `<SID=${form === 'hex' ? sidToBytes(sid).toString('hex') : sid}>;`
  return `<GUID=${guid}>;${sidText}${dn}`
}

export function writeEntry(w: BerWriter, answer: EntryAnswer): void {
  writeEntryWith(w, answer, () => {
    const { selection, entry } = answer
    if (selection.all) {
      for (const type of presentTypes(entry)) writeAttribute(w, answer, type)
      for (const type of selection.named) if (type.onRequest) writeAttribute(w, answer, type)
    } else for (const type of selection.named) writeAttribute(w, answer, type)
  })
}

/** The envelope of an entry around whatever attributes `fill` writes. */
export function writeEntryWith(w: BerWriter, answer: EntryAnswer, fill: () => void): void {
  const message = w.begin(0x30)
  w.integer(answer.messageId)
  const body = w.begin(answerTag.entry)
  w.string(formatDn(answer.store, answer.entry, answer.withoutGuid.has(answer.entry) ? 'plain' : answer.dnForm))
  const attributes = w.begin(0x30)
  fill()
  w.end(attributes)
  w.end(body)
  w.end(message)
}

function writeAttribute(w: BerWriter, answer: EntryAnswer, type: AttributeType): void {
  if (type.link !== undefined) writeLinks(w, answer, type)
  else {
    const values = type === objectGuid && answer.withoutGuid.has(answer.entry) ? [] : dnAwareValues(answer, type)
    if (values.length > 0) writeValues(w, type, answer.selection.typesOnly ? [] : values)
  }
}

/** Values of an attribute that is not a link, DNs in the form that was asked for. */
export function dnAwareValues(answer: EntryAnswer, type: AttributeType): readonly Value[] {
  const values = readValues(answer.store, answer.entry, type)
  if (type.syntax !== 'dn' || answer.dnForm === 'plain' || values.length === 0) return values
  const { store, entry, dnForm } = answer
  if (type === distinguishedName) return [formatDn(store, entry, dnForm)]
  if (type === lastKnownParent) {
    const parent = store.byGuid.get(entry.lastParent ?? '')
    return parent === undefined ? values : [formatDn(store, parent, dnForm)]
  }
  if (type === objectCategory) {
    const guid = guidOf('category', entry.objectClass.category)
    return [`<GUID=${dnForm === 'hex' ? guidToBytes(guid).toString('hex') : guid}>;${String(values[0])}`]
  }
  return values.map((value) => {
    const target = store.find(String(value))
    return target === undefined ? value : formatDn(store, target, dnForm)
  })
}

export function writeValues(w: BerWriter, type: AttributeType, values: readonly Value[]): void {
  const mark = w.begin(0x30)
  w.raw(type.encodedName)
  const set = w.begin(0x31)
  for (const value of values) {
    if (typeof value === 'string') w.string(value)
    else w.octets(value)
  }
  w.end(set)
  w.end(mark)
}

/** Entries as DN values of an attribute, under `label` where it is more than the attribute's name. */
export function writeEnds(
  w: BerWriter,
  answer: EntryAnswer,
  o: { type: AttributeType; label?: string; ends: Iterable<Entry> },
): void {
  const mark = w.begin(0x30)
  if (o.label === undefined) w.raw(o.type.encodedName)
  else w.string(o.label)
  const set = w.begin(0x31)
  if (!answer.selection.typesOnly) for (const end of o.ends) w.string(formatDn(answer.store, end, answer.dnForm))
  w.end(set)
  w.end(mark)
}

function writeLinks(w: BerWriter, answer: EntryAnswer, type: AttributeType): void {
  const count = countLinkEnds(answer.entry, type)
  if (count === 0) return
  const asked = answer.selection.ranges.get(type)
  if (asked === undefined && count <= maxValuesInRange) {
    writeEnds(w, answer, { type, ends: linkEnds(answer.entry, type) })
    return
  }
  const low = asked?.low ?? 0
  if (low >= count) return
  const high = Math.min(asked?.high ?? Number.MAX_SAFE_INTEGER, low + maxValuesInRange - 1, count - 1)
  if (asked === undefined) writeEnds(w, answer, { type, ends: [] })
  const label = `${type.name};range=${low}-${high >= count - 1 ? '*' : high}`
  const ends = count > listedFrom ? listed(answer, type) : linkEnds(answer.entry, type)
  writeEnds(w, answer, { type, label, ends: Array.isArray(ends) ? ends.slice(low, high + 1) : slice(ends, low, high) })
}

/** Lists longer than this are kept while they are read range by range. */
const listedFrom = 10 * maxValuesInRange
const lists = new WeakMap<Entry, { readonly type: AttributeType; readonly usn: number; readonly ends: Entry[] }>()

function listed({ entry, store }: EntryAnswer, type: AttributeType): Entry[] {
  const kept = lists.get(entry)
  if (kept?.type === type && kept.usn === store.usn) return kept.ends
  const ends = [...linkEnds(entry, type)]
  lists.set(entry, { type, usn: store.usn, ends })
  return ends
}

function* slice(ends: Iterable<Entry>, low: number, high: number): Generator<Entry> {
  let at = 0
  for (const end of ends) {
    if (at > high) return
    if (at >= low) yield end
    at++
  }
}
