/** One object of the directory, kept small: entries that hold the same attributes share one list of them. */
import type { AttributeType, ObjectClass } from './schema.ts'
import type { Slab, Stored } from './slab.ts'
import { SmallMap } from './small-map.ts'

export type Value = string | Buffer

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
  readonly present = new SmallMap<Entry, number>()
  removed: SmallMap<Entry, number> | undefined
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
  /** Set where it only stands for an object of another domain. */
  phantomDn: string | undefined
  readonly usnCreated: number
  usnChanged: number
  readonly createdMs: number
  changedMs: number
  deleted = false
  /** GUID of the container it was deleted from. */
  lastParent: string | undefined
  shape: Shape = Shape.empty
  #values: Stored[] | undefined = []
  #slab: Slab | undefined
  #packedAt = 0
  /** USN per attribute where it is not that of the creation. */
  usns: SmallMap<AttributeType, number> | undefined
  links: SmallMap<AttributeType, LinkSet> | undefined
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

  /** By slot of the shape. */
  get values(): readonly Stored[] {
    if (this.#values !== undefined) return this.#values
    return this.#slab?.unpack(this.#packedAt, this.shape.types.length) ?? []
  }

  /** Moves the values out of the heap until one of them changes. */
  pack(slab: Slab): void {
    if (this.#values === undefined) return
    const at = slab.pack(this.shape.types, this.#values)
    if (at === undefined) return
    this.#slab = slab
    this.#packedAt = at
    this.#values = undefined
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
    this.#values ??= [...this.values]
    let slot = this.shape.slot(type)
    if (slot < 0) {
      if (values.length === 0) return
      slot = this.shape.types.length
      this.shape = this.shape.with(type)
    }
    this.#values[slot] = values.length === 0 ? undefined : values.length === 1 ? values[0] : values
  }

  usnOf(type: AttributeType): number {
    return this.usns?.get(type) ?? this.usnCreated
  }

  touch(type: AttributeType, usn: number): void {
    this.usns ??= new SmallMap()
    this.usns.set(type, usn)
  }

  linkSet(type: AttributeType): LinkSet {
    this.links ??= new SmallMap()
    let set = this.links.get(type)
    if (set === undefined) {
      set = new LinkSet()
      this.links.set(type, set)
    }
    return set
  }
}

export const none: readonly Value[] = Object.freeze([])
