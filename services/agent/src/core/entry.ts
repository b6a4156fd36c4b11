/** Makes the hub's entries of what a directory returns: identity, values, links. */
import { guidFromBytes } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import type { RawAttribute, RawEntry } from '../ports.ts'

/** Links per entry: one that has more travels as several. */
const maxLinks = 1000
/** A value longer than this does not travel at all: the hub keeps none over 64 KB. */
const maxValueBytes = 1024 * 1024

/**
 * How range options are meant: DirSync says `;range=1-1` for added and `;range=0-0` for removed values,
 * everybody else says which part of the whole list it is.
 */
export type RangeMeaning = 'incremental' | 'part'

export interface Converted {
  readonly guid: string
  readonly entries: readonly agent.Entry[]
  readonly bytes: number
  /** The member list goes on at this index; the entries' lists are then not the last. */
  readonly continueAt: number | undefined
}

/** Names of attributes asked for besides what mappings read. */
export const neededAttributes = [
  'objectGUID',
  'objectClass',
  'objectSid',
  'name',
  'parentGUID',
  'isDeleted',
  'member',
] as const

/** Single-valued links that come without the extended form when they are emptied. */
const singleLinks = new Set(['manager', 'managedby', 'secretary', 'assistant'])

export function parseExtendedDn(text: string): agent.Link {
  let guid = ''
  let sid = ''
  let rest = text
  while (rest.startsWith('<')) {
    const end = rest.indexOf('>;')
    if (end < 0) break
    if (rest.startsWith('<GUID=')) guid = rest.slice(6, end).toLowerCase()
    else if (rest.startsWith('<SID=')) sid = rest.slice(5, end)
    rest = rest.slice(end + 2)
  }
  return { guid, sid, dn: rest }
}

const extendedPrefix = Buffer.from('<GUID=')
const isLinkValue = (value: Buffer | undefined): boolean =>
  value !== undefined && value.length > 6 && value[0] === 0x3c && value.subarray(0, 6).equals(extendedPrefix)

/** Undefined when the entry has no objectGUID: it cannot be told from others. */
export function convertEntry(raw: RawEntry, ranges: RangeMeaning, complete: boolean): Converted | undefined {
  const named = parseExtendedDn(raw.dn)
  const builder = new EntryBuilder(ranges)
  for (const attribute of raw.attributes) builder.add(attribute)
  const guid = builder.guid || named.guid
  if (guid === '') return undefined
  const base = { guid, dn: named.dn, parentGuid: builder.parentGuid, deleted: builder.deleted }
  if (builder.deleted) {
    return {
      guid,
      entries: [{ ...base, complete: false, attributes: {}, links: {} }],
      bytes: 200,
      continueAt: undefined,
    }
  }
  if (complete && builder.isGroup && !builder.member) builder.member = { added: [], removed: [], whole: true }
  const lists = memberChunks(builder)
  const entries = lists.map((links, n) =>
    n === 0
      ? { ...base, complete, attributes: builder.attributes, links: { ...builder.links, ...links } }
      : { ...base, complete: false, attributes: {}, links },
  )
  return { guid, entries, bytes: builder.bytes, continueAt: builder.continueAt }
}

/** A further part of a member list: an entry that says nothing else. */
export function memberPart(of: { guid: string; dn: string }, values: readonly Buffer[], last: boolean): agent.Entry[] {
  const added = values.map((value) => parseExtendedDn(value.toString('utf8')))
  const parts = chunked(added)
  if (parts.length === 0) parts.push([])
  return parts.map((part, n) => ({
    guid: of.guid,
    dn: of.dn,
    parentGuid: '',
    deleted: false,
    complete: false,
    attributes: {},
    links: { member: { added: part, removed: [], whole: true, first: false, last: last && n === parts.length - 1 } },
  }))
}

interface Member {
  added: agent.Link[]
  removed: agent.Link[]
  whole: boolean
}

class EntryBuilder {
  guid = ''
  parentGuid = ''
  deleted = false
  isGroup = false
  bytes = 200
  member: Member | undefined
  continueAt: number | undefined
  readonly attributes: Record<string, agent.Values> = {}
  readonly links: Record<string, agent.Links> = {}
  private readonly ranges: RangeMeaning

  constructor(ranges: RangeMeaning) {
    this.ranges = ranges
  }

  add({ name, values }: RawAttribute): void {
    switch (name.length === 10 || name.length === 9 ? name.toLowerCase() : name) {
      case 'objectguid':
        this.guid = guidFromBytes(values[0] ?? Buffer.alloc(0)) ?? ''
        return
      case 'parentguid':
        this.parentGuid = guidFromBytes(values[0] ?? Buffer.alloc(0)) ?? ''
        return
      case 'isdeleted':
        this.deleted = values[0]?.toString('latin1').toUpperCase() === 'TRUE'
        return
    }
    const option = name.indexOf(';')
    if (option >= 0) this.addRange(name.slice(0, option), name.slice(option + 1).toLowerCase(), values)
    else if (name === 'member') this.addMembers(values)
    else if (isLinkValue(values[0]) || (values.length === 0 && singleLinks.has(name.toLowerCase()))) {
      this.links[name] = { added: values.map(toLink), removed: [], whole: true, first: true, last: true }
      this.bytes += values.length * 160
    } else this.addValues(name, values)
  }

  private addValues(name: string, values: readonly Buffer[]): void {
    const kept = values.some((value) => value.length > maxValueBytes)
      ? values.filter((value) => value.length <= maxValueBytes)
      : (values as Buffer[])
    if (name === 'objectClass')
      this.isGroup = values.some((value) => value.toString('latin1').toLowerCase() === 'group')
    // A value too long to travel is not an empty attribute: leave the attribute as it was.
    if (kept.length === 0 && values.length > 0) return
    this.attributes[name] = { values: kept }
    this.bytes += name.length + 8
    for (const value of kept) this.bytes += value.length + 4
  }

  private addMembers(values: readonly Buffer[]): void {
    // With a forced range the server also returns the plain name, empty: it says nothing then.
    if (values.length === 0 && this.member) return
    this.member = { added: values.map(toLink), removed: this.member?.removed ?? [], whole: true }
    this.bytes += values.length * 160
  }

  private addRange(name: string, option: string, values: readonly Buffer[]): void {
    const range = /^range=(\d+)-(\d+|\*)$/.exec(option)
    if (!range) return
    this.bytes += values.length * 160
    if (this.ranges === 'part') {
      if (name !== 'member') return
      this.member = { added: values.map(toLink), removed: [], whole: true }
      if (range[2] !== '*') this.continueAt = Number(range[2]) + 1
      return
    }
    const removed = option === 'range=0-0'
    const links = values.map(toLink)
    if (name === 'member') {
      this.member ??= { added: [], removed: [], whole: false }
      if (removed) this.member.removed = links
      else this.member.added = links
      return
    }
    const known = this.links[name] ?? { added: [], removed: [], whole: false, first: true, last: true }
    this.links[name] = removed ? { ...known, removed: links } : { ...known, added: links }
  }
}

const toLink = (value: Buffer): agent.Link => parseExtendedDn(value.toString('utf8'))

function chunked<T>(items: readonly T[]): T[][] {
  const parts: T[][] = []
  for (let n = 0; n < items.length; n += maxLinks) parts.push(items.slice(n, n + maxLinks))
  return parts
}

/** One `links` record per entry to send; at least one. */
function memberChunks(builder: EntryBuilder): Record<string, agent.Links>[] {
  const { member, continueAt } = builder
  if (!member) return [{}]
  const added = chunked(member.added)
  const removed = chunked(member.removed)
  const count = Math.max(added.length, removed.length, 1)
  return Array.from({ length: count }, (_, n) => ({
    member: {
      added: added[n] ?? [],
      removed: removed[n] ?? [],
      whole: member.whole,
      first: n === 0,
      last: n === count - 1 && continueAt === undefined,
    },
  }))
}
