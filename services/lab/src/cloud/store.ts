/** The tenant's objects in memory with their unique indexes, changed only by operations that can be journaled and replayed. */
import type { Kind } from './schema.ts'

export type Properties = Readonly<Record<string, unknown>>

export interface MemberChange {
  readonly seq: number
  readonly id: string
  readonly gone: boolean
}

/** One object; `seq` is the number of its latest change, members included. */
export interface Entry {
  readonly id: string
  readonly kind: Kind
  properties: Properties
  readonly createdSeq: number
  seq: number
  /** Until then the object answers as if it did not exist (replication). */
  visibleAtMs: number
  /** What reads still see of an object that was just changed. */
  stale: { readonly properties: Properties; readonly untilMs: number } | undefined
  deletedAt: string | undefined
  manager: string | undefined
  /** Holder of an administrative role: sensitive properties are refused to applications. */
  privileged: boolean
  /** The number of the last change per property, for what changed after creation. */
  readonly touched: Map<string, number>
  /** Members of a group with the number of the change that added them. */
  readonly members: Map<string, number>
  readonly memberLog: MemberChange[]
  /** Groups this object is a direct member of. */
  readonly memberOf: Set<string>
}

export interface Tombstone {
  readonly kind: Kind
  readonly seq: number
}

/** A change as it is journaled; applying it twice leaves the same state. */
export type Operation =
  | {
      readonly op: 'put'
      readonly seq: number
      readonly id: string
      readonly kind: Kind
      readonly createdSeq: number
      readonly properties: Properties
      readonly deletedAt?: string
      readonly manager?: string
      readonly privileged?: boolean
      readonly touched?: readonly string[]
    }
  | {
      readonly op: 'members'
      readonly seq: number
      readonly group: string
      readonly add: readonly string[]
      readonly remove: readonly string[]
    }
  | { readonly op: 'purge'; readonly seq: number; readonly id: string; readonly kind: Kind }
  | {
      readonly op: 'history'
      readonly id: string
      readonly seq: number
      readonly touched: readonly (readonly [string, number])[]
      readonly members: readonly (readonly [string, number])[]
      readonly memberLog: readonly MemberChange[]
    }

export type Key = 'userPrincipalName' | 'address' | 'onPremisesImmutableId' | 'uniqueName'

const bareAddress = (proxy: string): string => proxy.slice(proxy.indexOf(':') + 1).toLowerCase()

/** The mail addresses an object holds, in lower case and without their prefix. */
export function addressesOf(properties: Properties): Set<string> {
  const proxies = (properties.proxyAddresses ?? []) as readonly string[]
  const addresses = new Set(proxies.map(bareAddress))
  if (typeof properties.mail === 'string') addresses.add(properties.mail.toLowerCase())
  return addresses
}

/** A member log longer than this and than twice the members is cut to its latest change per member. */
const memberLogSlack = 1000

export class Store {
  readonly entries: Readonly<Record<Kind, Map<string, Entry>>> = {
    user: new Map(),
    group: new Map(),
    orgContact: new Map(),
  }
  readonly tombstones = new Map<string, Tombstone>()
  /** Every change in order of its number; only the latest of an object counts. */
  readonly changes: { readonly seq: number; readonly id: string }[] = []
  seq = 0
  readonly #keys: Readonly<Record<Key, Map<string, string>>> = {
    userPrincipalName: new Map(),
    address: new Map(),
    onPremisesImmutableId: new Map(),
    uniqueName: new Map(),
  }

  find(id: string): Entry | undefined {
    return this.entries.user.get(id) ?? this.entries.group.get(id) ?? this.entries.orgContact.get(id)
  }

  /** The id of the object that holds a unique value; all but immutable ids compare without regard to case. */
  holder(key: Key, value: string): string | undefined {
    return this.#keys[key].get(key === 'onPremisesImmutableId' ? value : value.toLowerCase())
  }

  apply(operation: Operation): void {
    switch (operation.op) {
      case 'put':
        return this.#put(operation)
      case 'members':
        return this.#changeMembers(operation)
      case 'purge':
        return this.#purge(operation)
      case 'history':
        return this.#restoreHistory(operation)
      default:
        return operation satisfies never
    }
  }

  #put(operation: Extract<Operation, { op: 'put' }>): void {
    const { id, seq } = operation
    const known = this.entries[operation.kind].get(id)
    const entry: Entry = known ?? {
      id,
      kind: operation.kind,
      properties: operation.properties,
      createdSeq: operation.createdSeq,
      seq,
      visibleAtMs: 0,
      stale: undefined,
      deletedAt: undefined,
      manager: undefined,
      privileged: false,
      touched: new Map(),
      members: new Map(),
      memberLog: [],
      memberOf: new Set(),
    }
    if (known === undefined) this.entries[operation.kind].set(id, entry)
    else this.#index(entry, false)
    entry.properties = operation.properties
    entry.seq = seq
    entry.deletedAt = operation.deletedAt
    entry.manager = operation.manager
    entry.privileged = operation.privileged === true
    for (const name of operation.touched ?? []) entry.touched.set(name, seq)
    this.#index(entry, true)
    this.#note(seq, id)
  }

  #changeMembers(operation: Extract<Operation, { op: 'members' }>): void {
    const group = this.entries.group.get(operation.group)
    if (group === undefined) return
    let seq = operation.seq
    for (const id of operation.remove) {
      group.members.delete(id)
      group.memberLog.push({ seq, id, gone: true })
      this.find(id)?.memberOf.delete(group.id)
      seq += 1
    }
    for (const id of operation.add) {
      group.members.set(id, seq)
      group.memberLog.push({ seq, id, gone: false })
      this.find(id)?.memberOf.add(group.id)
      seq += 1
    }
    group.seq = seq - 1
    if (group.memberLog.length > memberLogSlack + 2 * group.members.size) this.#cutMemberLog(group)
    this.#note(group.seq, group.id)
  }

  #cutMemberLog(group: Entry): void {
    const latest = new Map<string, MemberChange>()
    for (const change of group.memberLog) {
      latest.delete(change.id)
      latest.set(change.id, change)
    }
    group.memberLog.splice(0, group.memberLog.length, ...latest.values())
  }

  #purge(operation: Extract<Operation, { op: 'purge' }>): void {
    const entry = this.entries[operation.kind].get(operation.id)
    if (entry !== undefined) {
      this.#index(entry, false)
      for (const id of entry.memberOf) this.#forgetMember(id, entry.id, operation.seq)
      for (const id of entry.members.keys()) this.find(id)?.memberOf.delete(entry.id)
      this.entries[operation.kind].delete(operation.id)
    }
    this.tombstones.set(operation.id, { kind: operation.kind, seq: operation.seq })
    this.#note(operation.seq, operation.id)
  }

  #forgetMember(groupId: string, memberId: string, seq: number): void {
    const group = this.entries.group.get(groupId)
    if (group === undefined) return
    group.members.delete(memberId)
    group.memberLog.push({ seq, id: memberId, gone: true })
  }

  #restoreHistory(operation: Extract<Operation, { op: 'history' }>): void {
    const entry = this.find(operation.id)
    if (entry === undefined) return
    entry.seq = operation.seq
    for (const [name, seq] of operation.touched) entry.touched.set(name, seq)
    for (const [id, seq] of operation.members) {
      entry.members.set(id, seq)
      this.find(id)?.memberOf.add(entry.id)
    }
    entry.memberLog.push(...operation.memberLog)
  }

  #note(seq: number, id: string): void {
    this.changes.push({ seq, id })
    if (seq > this.seq) this.seq = seq
  }

  #index(entry: Entry, present: boolean): void {
    const { properties, id } = entry
    const mark = (key: Key, value: unknown): void => {
      if (typeof value !== 'string' || value === '') return
      const folded = key === 'onPremisesImmutableId' ? value : value.toLowerCase()
      if (present) this.#keys[key].set(folded, id)
      else if (this.#keys[key].get(folded) === id) this.#keys[key].delete(folded)
    }
    if (entry.kind === 'user') {
      mark('userPrincipalName', properties.userPrincipalName)
      mark('onPremisesImmutableId', properties.onPremisesImmutableId)
    }
    if (entry.kind === 'group') mark('uniqueName', properties.uniqueName)
    if (properties.mail === undefined && properties.proxyAddresses === undefined) return
    for (const address of addressesOf(properties)) mark('address', address)
  }
}
