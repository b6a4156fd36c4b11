/** One object of the directory, kept small: entries that hold the same attributes share one list of them. */
import type { AttributeType, ObjectClass } from './schema.ts'

export type Value = string | Buffer
type Stored = Value | readonly Value[] | undefined

/** The attributes an entry has a slot for; entries made alike share one. */
export class Shape {
  static readonly empty: Shape = new Shape([])
  readonly types: readonly AttributeType[]
  readonly #slots: Map<AttributeType, number>
  readonly #next = new Map<AttributeType, Shape>()

  private constructor(types: readonly AttributeType[]) {
    this.types = types
    this.#slots = new Map(types.map((type, slot) => [type, slot]))
  }

  slot(type: AttributeType): number {
    return this.#slots.get(type) ?? -1
  }

  with(type: AttributeType): Shape {
    let next = this.#next.get(type)
    if (next === undefined) {
      next = new Shape([...this.types, type])
      this.#next.set(type, next)
    }
    return next
  }
}

/** The values of one forward link, each with the USN it was written at; removed values are remembered. */
export class LinkSet {
  readonly present = new Map<Entry, number>()
  removed: Map<Entry, number> | undefined
}

/** A link that waits for a deleted end to come back. */
export interface SleepingLink {
  readonly type: AttributeType
  readonly holder: Entry
  readonly target: Entry
  readonly usn: number
}

export interface EntryBirth {
  readonly guid: string
  readonly parent: Entry | undefined
  readonly rdnType: string
  readonly rdnValue: string
  readonly objectClass: ObjectClass
  readonly usn: number
  readonly atMs: number
}

export class Entry {
  readonly guid: string
  parent: Entry | undefined
  rdnType: string
  rdnValue: string
  objectClass: ObjectClass
  /** Relative id under the domain's SID; 0 for objects that have none. */
  rid = 0
  /** A SID of another domain (foreign security principals). */
  foreignSid: string | undefined
  readonly usnCreated: number
  usnChanged: number
  readonly createdMs: number
  changedMs: number
  deleted = false
  /** GUID of the container it was deleted from. */
  lastParent: string | undefined
  shape: Shape = Shape.empty
  values: Stored[] = []
  /** USN per attribute where it is not that of the creation. */
  usns: Map<AttributeType, number> | undefined
  links: Map<AttributeType, LinkSet> | undefined
  /** Forward attribute and holder, in turn, of every link that points here. */
  back: (AttributeType | Entry)[] | undefined
  sleeping: SleepingLink[] | undefined
  children: Map<string, Entry> | undefined
  dnText: string | undefined
  dnEpoch = -1

  constructor(birth: EntryBirth) {
    this.guid = birth.guid
    this.parent = birth.parent
    this.rdnType = birth.rdnType
    this.rdnValue = birth.rdnValue
    this.objectClass = birth.objectClass
    this.usnCreated = birth.usn
    this.usnChanged = birth.usn
    this.createdMs = birth.atMs
    this.changedMs = birth.atMs
  }

  stored(type: AttributeType): readonly Value[] {
    const slot = this.shape.slot(type)
    const value = slot < 0 ? undefined : this.values[slot]
    if (value === undefined) return none
    return Array.isArray(value) ? (value as readonly Value[]) : [value as Value]
  }

  first(type: AttributeType): Value | undefined {
    const slot = this.shape.slot(type)
    const value = slot < 0 ? undefined : this.values[slot]
    return Array.isArray(value) ? value[0] : (value as Value | undefined)
  }

  put(type: AttributeType, values: readonly Value[]): void {
    let slot = this.shape.slot(type)
    if (slot < 0) {
      if (values.length === 0) return
      slot = this.shape.types.length
      this.shape = this.shape.with(type)
    }
    this.values[slot] = values.length === 0 ? undefined : values.length === 1 ? values[0] : values
  }

  usnOf(type: AttributeType): number {
    return this.usns?.get(type) ?? this.usnCreated
  }

  touch(type: AttributeType, usn: number): void {
    this.usns ??= new Map()
    this.usns.set(type, usn)
  }

  linkSet(type: AttributeType): LinkSet {
    this.links ??= new Map()
    let set = this.links.get(type)
    if (set === undefined) {
      set = new LinkSet()
      this.links.set(type, set)
    }
    return set
  }
}

export const none: readonly Value[] = Object.freeze([])
