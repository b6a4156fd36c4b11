/** Makes the hub's entries of what a directory returns: identity, values, links. */
import { guidFromBytes, isGuid } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import type { Part, RawAttribute, RawEntry } from '../ports.ts'
import { type DirectoryKind, directories } from './dialect.ts'
import { type MemberList, memberParts, toLink } from './members.ts'

/** A value longer than this does not travel at all: the hub keeps none over 64 KB. */
const maxValueBytes = 1024 * 1024
/** Distinct attribute names remembered; a directory has a few hundred. */
const maxNames = 4096

/**
 * How range options are meant: DirSync says `;range=1-1` for added and `;range=0-0` for removed values,
 * everybody else says which part of the whole list it is.
 */
export type RangeMeaning = 'incremental' | 'part'

export interface Converted {
  readonly guid: string
  readonly dn: string
  /** Made one by one while they are taken: a list of a million members is never there twice. */
  readonly parts: Iterable<Part>
  /** The server gave a part of the member list: the list is not ended, and must be read in ranges. */
  readonly goesOn: boolean
}

/** What is known of an entry besides its attributes. */
export interface Hints {
  readonly guid?: string
  readonly parentGuid?: string
  /** Member lists were not asked for: none is not an empty one. */
  readonly listless?: boolean
}

export function parseExtendedDn(text: string): agent.Link {
  return toLink(Buffer.from(text))
}

const noHints = (): Hints => ({})

type Role =
  | { readonly type: 'guid' | 'parent' | 'deleted' | 'members' | 'classes' | 'reference' | 'value' }
  | { readonly type: 'range'; readonly name: string; readonly option: string; readonly members: boolean }

const extendedPrefix = Buffer.from('<GUID=')
const extendedByte = 0x3c
const isExtended = (value: Buffer | undefined): boolean =>
  value !== undefined && value.length > 6 && value.subarray(0, 6).equals(extendedPrefix)

/** Of one feed: it remembers what each attribute name means. */
export class EntryConverter {
  private readonly roles = new Map<string, Role>()
  private readonly kind: DirectoryKind
  private readonly ranges: RangeMeaning

  constructor(kind: DirectoryKind, ranges: RangeMeaning) {
    this.kind = kind
    this.ranges = ranges
  }

  /** Undefined when the entry has no identity: it cannot be told from others. */
  convert(raw: RawEntry, complete: boolean, hintsOf: (dn: string) => Hints = noHints): Converted | undefined {
    const { dn } = raw
    const hints = hintsOf(dn)
    const named = dn.startsWith('<') ? parseExtendedDn(dn) : { guid: '', dn }
    const builder = new EntryBuilder(this.ranges, hints)
    for (const attribute of raw.attributes) builder.add(this.role(attribute.name), attribute)
    const guid = builder.guid || named.guid
    if (guid === '') return undefined
    const base = { guid, dn: named.dn, parentGuid: builder.parentGuid, deleted: builder.deleted }
    if (builder.deleted) {
      const entry = { ...base, complete: false, attributes: {}, links: {} }
      return { guid, dn: named.dn, parts: [{ entry, bytes: 200 }], goesOn: false }
    }
    if (complete && !hints.listless && !builder.member && this.isGroup(builder.classes)) {
      builder.member = { added: [], removed: [], whole: true }
    }
    return { guid, dn: named.dn, parts: partsOf(base, builder, complete), goesOn: builder.goesOn }
  }

  private isGroup(classes: readonly Buffer[]): boolean {
    const { groupClasses } = directories[this.kind]
    return classes.some((name) => groupClasses.includes(name.toString('latin1').toLowerCase()))
  }

  private role(name: string): Role {
    const known = this.roles.get(name)
    if (known) return known
    const role = roleOf(name, this.kind)
    if (this.roles.size < maxNames) this.roles.set(name, role)
    return role
  }
}

function roleOf(name: string, kind: DirectoryKind): Role {
  const { members, references } = directories[kind]
  const lower = name.toLowerCase()
  const option = lower.indexOf(';')
  if (option >= 0) {
    const base = lower.slice(0, option)
    return {
      type: 'range',
      name: name.slice(0, option),
      option: lower.slice(option + 1),
      members: members.includes(base),
    }
  }
  if (lower === 'objectclass') return { type: 'classes' }
  if (lower === 'objectguid' || lower === 'entryuuid') return { type: 'guid' }
  if (lower === 'parentguid') return { type: 'parent' }
  if (lower === 'isdeleted') return { type: 'deleted' }
  if (members.includes(lower)) return { type: 'members' }
  return { type: references.includes(lower) ? 'reference' : 'value' }
}

/** A GUID as text, or as the bytes of objectGUID; '' if it is neither. */
export function identity(value: Buffer | undefined): string {
  if (!value) return ''
  if (value.length === 16) return guidFromBytes(value) ?? ''
  const text = value.toString('latin1').toLowerCase()
  return isGuid(text) ? text : ''
}

class EntryBuilder {
  guid: string
  parentGuid: string
  deleted = false
  classes: readonly Buffer[] = []
  bytes = 200
  member: MemberList | undefined
  goesOn = false
  readonly attributes: Record<string, agent.Values> = {}
  readonly links: Record<string, agent.Links> = {}
  private readonly ranges: RangeMeaning

  constructor(ranges: RangeMeaning, { guid = '', parentGuid = '' }: Hints) {
    this.ranges = ranges
    this.guid = guid
    this.parentGuid = parentGuid
  }

  add(role: Role, attribute: RawAttribute): void {
    const { name } = attribute
    switch (role.type) {
      case 'value':
        if (attribute.firstByte === extendedByte && isExtended(attribute.values[0])) {
          this.addReference(name, attribute.values)
        } else this.addValues(attribute)
        return
      case 'classes':
        this.classes = attribute.values
        this.addValues(attribute)
        return
      case 'guid':
        this.guid ||= identity(attribute.values[0])
        return
      case 'parent':
        this.parentGuid = identity(attribute.values[0])
        return
      case 'deleted':
        this.deleted = attribute.values[0]?.toString('latin1').toUpperCase() === 'TRUE'
        return
      case 'members':
        this.addMembers(attribute.values)
        return
      case 'reference':
        this.addReference(name, attribute.values)
        return
      case 'range':
        this.addRange(role, attribute.values)
        return
    }
  }

  private addReference(name: string, values: readonly Buffer[]): void {
    this.links[name] = { added: values.map(toLink), removed: [], whole: true, first: true, last: true }
    this.bytes += values.length * 160
  }

  /** The attribute is its own list of values: none of them is made before it is written. */
  private addValues(attribute: RawAttribute): void {
    this.bytes += attribute.name.length + 8 + attribute.size
    if (attribute.size <= maxValueBytes) this.attributes[attribute.name] = attribute
    else {
      const kept = attribute.values.filter((value) => value.length <= maxValueBytes)
      // A value too long to travel is not an empty attribute: leave the attribute as it was.
      if (kept.length > 0) this.attributes[attribute.name] = { values: kept }
    }
  }

  private addMembers(values: readonly Buffer[]): void {
    // With a forced range the server also returns the plain name, empty: it says nothing then.
    if (values.length === 0 && this.member) return
    const { added = [], removed = [] } = this.member ?? {}
    this.member = { added: added.length === 0 ? values : [...added, ...values], removed, whole: true }
  }

  private addRange(role: Extract<Role, { type: 'range' }>, values: readonly Buffer[]): void {
    const range = /^range=(\d+)-(\d+|\*)$/.exec(role.option)
    if (!range) return
    if (this.ranges === 'part') {
      if (!role.members) return
      this.member = { added: values, removed: [], whole: true }
      this.goesOn = range[2] !== '*'
      return
    }
    const removed = role.option === 'range=0-0'
    if (role.members) {
      const known = this.member ?? { added: [], removed: [], whole: false }
      this.member = removed ? { ...known, removed: values } : { ...known, added: values }
      return
    }
    const links = values.map(toLink)
    this.bytes += values.length * 160
    const known = this.links[role.name] ?? { added: [], removed: [], whole: false, first: true, last: true }
    this.links[role.name] = removed ? { ...known, removed: links } : { ...known, added: links }
  }
}

type Base = Pick<agent.Entry, 'guid' | 'dn' | 'parentGuid' | 'deleted'>

function partsOf(base: Base, builder: EntryBuilder, complete: boolean): Iterable<Part> {
  const { attributes, links, member, bytes, goesOn } = builder
  if (!member) return [{ entry: { ...base, complete, attributes, links }, bytes }]
  return mergeFirst(
    { ...base, complete, attributes, links },
    bytes,
    memberParts(base, member, { opens: true, closes: !goesOn }),
  )
}

/** The first part of a list travels with the object's own values. */
function* mergeFirst(entry: agent.Entry, bytes: number, parts: Iterable<Part>): Generator<Part> {
  let first = true
  for (const part of parts) {
    yield first
      ? { entry: { ...entry, links: { ...entry.links, ...part.entry.links } }, bytes: bytes + part.bytes }
      : part
    first = false
  }
}
