/** The forest's directory for callers in the same process: synchronous, journaled before it returns. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { applyAdd } from './apply-add.ts'
import { applyRemove, applyRename, applyRestore } from './apply-life.ts'
import { applyModify } from './apply-modify.ts'
import { baseDnOf, createBaseTree, domainSidOf, guidOf } from './base-tree.ts'
import { parseDn } from './dn.ts'
import type { Entry, Value } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import { compileFilter } from './filter.ts'
import { parseFilter } from './filter-text.ts'
import { parseGuid } from './guid.ts'
import { Journal } from './journal.ts'
import { LabObject } from './object.ts'
import type { Change, Operation } from './operation.ts'
import { attribute } from './schema.ts'
import { loadSnapshot, type SnapshotLine, snapshotLines } from './snapshot.ts'
import { Store } from './store.ts'

type Input = Value | number | boolean | readonly Value[]
/** Attributes by name; numbers and booleans are written as AD writes them. */
export type AttributeInput = Readonly<Record<string, Input | undefined>>

export interface DirectoryCounts {
  readonly objects: number
  readonly users: number
  readonly groups: number
  readonly contacts: number
  readonly memberships: number
}

export interface DirectoryOptions {
  /** DNS name of the forest, `contoso.lab`. */
  readonly name: string
  /** Where it is kept; without one it is forgotten on close. */
  readonly dir?: string
  /** Deleted objects keep attributes and links until restored; default true. */
  readonly recycleBin?: boolean
  readonly nowMs?: () => number
}

interface SnapshotHead {
  readonly usn: number
  readonly nextRid: number
  readonly invocationId: string
  readonly populated: boolean
  readonly passwords: Readonly<Record<string, { readonly salt: string; readonly hash: string }>>
}

const snapshotAfterLines = 20_000
const critical = attribute('isCriticalSystemObject')
const member = attribute('member')

export class LabDirectory {
  readonly name: string
  readonly baseDn: string
  readonly store: Store
  readonly recycleBin: boolean
  /** Thirty-two hexadecimal digits; changes only when the forest is made anew. */
  invocationId = randomBytes(16).toString('hex')
  /** A population was loaded. */
  populated = false
  readonly #journal: Journal | undefined
  readonly #nowMs: () => number
  readonly #passwords = new Map<string, { readonly salt: string; readonly hash: string }>()
  readonly #listeners = new Set<(entry: Entry) => void>()
  #bulk = false

  constructor(o: DirectoryOptions) {
    this.name = o.name
    this.baseDn = baseDnOf(o.name)
    this.recycleBin = o.recycleBin ?? true
    this.#nowMs = o.nowMs ?? Date.now
    this.store = new Store(domainSidOf(o.name))
    this.#journal = o.dir === undefined ? undefined : new Journal(o.dir)
    const lines = this.#journal?.readSnapshot()
    if (lines === undefined) {
      createBaseTree(this.store, { name: o.name, invocationId: this.invocationId, atMs: this.#nowMs() })
      this.store.deletedObjects = this.store.find(`CN=Deleted Objects,${this.baseDn}`)
      this.snapshot()
      return
    }
    const head = lines[0] as SnapshotHead
    loadSnapshot(this.store, lines.slice(1) as SnapshotLine[])
    this.store.usn = head.usn
    this.store.nextRid = head.nextRid
    this.invocationId = head.invocationId
    this.populated = head.populated
    for (const [guid, secret] of Object.entries(head.passwords)) this.#passwords.set(guid, secret)
    this.store.deletedObjects = this.store.find(`CN=Deleted Objects,${this.baseDn}`)
    for (const operation of this.#journal?.readOperations() ?? []) this.#perform(operation)
  }

  get highestUsn(): number {
    return this.store.usn
  }

  /** Adds an object; `guid` and `atMs` for populations that must come out the same each time. */
  add(dn: string, attributes: AttributeInput, o: { guid?: string; atMs?: number } = {}): LabObject {
    const given = inputRecord(attributes)
    if (given.member !== undefined) this.#ensureForeign(given.member)
    return this.#view(
      this.#commit({ op: 'add', atMs: o.atMs ?? this.#nowMs(), guid: o.guid ?? randomUUID(), dn, attributes: given }),
    )
  }

  /** Changes attributes: an undefined value removes, others replace; or a list of LDAP modifications. */
  modify(target: string, changes: readonly Change[] | AttributeInput, o: { permissive?: boolean } = {}): LabObject {
    const entry = this.#need(target)
    const list = isChangeList(changes) ? changes : replaceAll(changes)
    for (const change of list) if (change.type.toLowerCase() === 'member') this.#ensureForeign(change.values)
    this.#commit({ op: 'modify', atMs: this.#nowMs(), guid: entry.guid, changes: list, permissive: o.permissive })
    return this.#view(entry)
  }

  /** Renames (`CN=New Name` or its unescaped value) and, with a parent, moves. */
  rename(target: string, newRdn: string, newParent?: string): LabObject {
    const entry = this.#need(target)
    const parent = newParent === undefined ? entry.parent : this.#need(newParent)
    if (parent === undefined) throw new LdapFailure(resultCode.unwillingToPerform, 'a naming context keeps its name')
    const rdnValue = rdnValueOf(newRdn, entry)
    this.#commit({ op: 'rename', atMs: this.#nowMs(), guid: entry.guid, rdnValue, parent: parent.guid })
    return this.#view(entry)
  }

  move(target: string, newParent: string): LabObject {
    return this.rename(target, `${this.#need(target).rdnType}=${this.#need(target).rdnValue}`, newParent)
  }

  /** Deletes an object, with `tree` all below it too. */
  remove(target: string, o: { tree?: boolean } = {}): void {
    const entry = this.#need(target)
    if (o.tree === true)
      for (const child of [...(entry.children?.values() ?? [])]) this.remove(`<GUID=${child.guid}>`, o)
    this.#commit({ op: 'remove', atMs: this.#nowMs(), guid: entry.guid })
  }

  /** Restores a deleted object by GUID or by its DN in Deleted Objects, to where it was or to `dn`. */
  restore(target: string, dn?: string): LabObject {
    const entry = this.#need(target)
    const [rdn, ...rest] = dn === undefined ? [] : (parseDn(dn) ?? [])
    const rdnValue = rdn?.value ?? String(entry.first(attribute('msDS-LastKnownRDN')) ?? entry.rdnValue.split('\n')[0])
    const parentName = rest.map((each) => `${each.type}="${each.value}"`).join(',')
    const parent = dn === undefined ? (entry.lastParent ?? '') : this.#need(parentName).guid
    this.#commit({ op: 'restore', atMs: this.#nowMs(), guid: entry.guid, rdnValue, parent })
    return this.#view(entry)
  }

  addMember(group: string, memberName: string): void {
    this.modify(group, [{ kind: 'add', type: 'member', values: [memberName] }])
  }

  removeMember(group: string, memberName: string): void {
    this.modify(group, [{ kind: 'delete', type: 'member', values: [memberName] }])
  }

  /** Sets or clears the disabled bit. */
  setEnabled(target: string, enabled: boolean): void {
    const bits = Number(this.#need(target).first(attribute('userAccountControl')) ?? 512)
    this.modify(target, { userAccountControl: enabled ? bits & ~2 : bits | 2 })
  }

  get(target: string): LabObject | undefined {
    const entry = this.#find(target)
    return entry === undefined ? undefined : this.#view(entry)
  }

  /** Objects of the domain that pass an LDAP filter or a test; deleted ones only when asked for. */
  find(filter: string | ((object: LabObject) => boolean), o: { deleted?: boolean } = {}): LabObject[] {
    const test = typeof filter === 'string' ? compileFilter(this.store, parseFilter(filter)) : undefined
    const found: LabObject[] = []
    for (const entry of this.store.byGuid.values()) {
      if (entry.deleted && o.deleted !== true) continue
      const object = this.#view(entry)
      if (test === undefined ? typeof filter === 'function' && filter(object) : test(entry) === true) found.push(object)
    }
    return found
  }

  /** People, groups and contacts that are not part of the directory itself, and the members of those groups. */
  counts(): DirectoryCounts {
    let users = 0
    let groups = 0
    let contacts = 0
    let memberships = 0
    for (const entry of this.store.byGuid.values()) {
      if (entry.deleted || entry.first(critical) === 'TRUE') continue
      const { name } = entry.objectClass
      if (name === 'user' || name === 'inetOrgPerson') users++
      else if (name === 'contact') contacts++
      else if (name === 'group') {
        groups++
        memberships += entry.links?.get(member)?.present.size ?? 0
      }
    }
    return { objects: users + groups + contacts, users, groups, contacts, memberships }
  }

  setPassword(target: string, password: string): void {
    const salt = randomBytes(8).toString('hex')
    const operation = { op: 'password', atMs: this.#nowMs(), guid: this.#need(target).guid, salt } as const
    this.#commit({ ...operation, hash: passwordHash(salt, password) })
  }

  checkPassword(entry: Entry, password: string): boolean {
    const secret = this.#passwords.get(entry.guid)
    if (secret === undefined) return false
    return timingSafeEqual(Buffer.from(secret.hash), Buffer.from(passwordHash(secret.salt, password)))
  }

  /** Calls back after every change, with the entry as it is now; returns what stops it. */
  onChange(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Many changes at once, written as one snapshot; interrupted, none of them happened. */
  bulk(load: () => void): void {
    this.#bulk = true
    try {
      load()
      this.populated = true
    } finally {
      this.#bulk = false
    }
    this.snapshot()
  }

  /** Writes the whole forest and begins a new journal. */
  snapshot(): void {
    const head: SnapshotHead = {
      usn: this.store.usn,
      nextRid: this.store.nextRid,
      invocationId: this.invocationId,
      populated: this.populated,
      passwords: Object.fromEntries(this.#passwords),
    }
    this.#journal?.writeSnapshot({ ...head }, snapshotLines(this.store))
  }

  close(): void {
    if (this.#journal !== undefined && this.#journal.lines > 1000) this.snapshot()
    this.#journal?.close()
    this.#listeners.clear()
  }

  #commit(operation: Operation): Entry {
    const { entry, changed } = this.#perform(operation)
    if (!changed || this.#bulk) return entry
    this.#journal?.append(operation)
    if (operation.op !== 'password') for (const listener of this.#listeners) listener(entry)
    if ((this.#journal?.lines ?? 0) > Math.max(snapshotAfterLines, this.store.byGuid.size)) this.snapshot()
    return entry
  }

  #perform(operation: Operation): { readonly entry: Entry; readonly changed: boolean } {
    if (operation.op === 'add') return { entry: applyAdd(this.store, operation), changed: true }
    const entry = this.#need(`<GUID=${operation.guid}>`)
    switch (operation.op) {
      case 'modify':
        return { entry, changed: applyModify(this.store, entry, operation) }
      case 'rename':
        return { entry, changed: applyRename(this.store, entry, operation) }
      case 'remove': {
        const { deletedObjects } = this.store
        if (deletedObjects === undefined) throw new Error('a forest without a container for deleted objects')
        applyRemove(this.store, entry, { atMs: operation.atMs, deletedObjects, recycleBin: this.recycleBin })
        return { entry, changed: true }
      }
      case 'restore':
        applyRestore(this.store, entry, operation)
        return { entry, changed: true }
      case 'password':
        this.#passwords.set(operation.guid, { salt: operation.salt, hash: operation.hash })
        return { entry, changed: true }
    }
  }

  /** A member named by a SID nobody here has becomes a foreign security principal. */
  #ensureForeign(values: readonly Value[]): void {
    for (const value of values) {
      const sid = /^<SID=(S-1-[\d-]+)>$/i.exec(String(value))?.[1]
      if (sid === undefined) continue
      const known = this.store.findSid(sid)
      if ((known !== undefined && !known.deleted) || sid.startsWith(`${this.store.domainSid}-`)) continue
      const dn = `CN=${sid},CN=ForeignSecurityPrincipals,${this.baseDn}`
      const guid = known === undefined ? guidOf(this.name, sid) : randomUUID()
      this.#commit({
        op: 'add',
        atMs: this.#nowMs(),
        guid,
        dn,
        attributes: { objectClass: ['foreignSecurityPrincipal'] },
        sid,
      })
    }
  }

  #find(target: string): Entry | undefined {
    const guid = parseGuid(target)
    return guid === undefined ? this.store.find(target) : this.store.byGuid.get(guid)
  }

  #need(target: string): Entry {
    const entry = this.#find(target)
    if (entry !== undefined) return entry
    throw new LdapFailure(resultCode.noSuchObject, '0000208D: NameErr: DSID-0310028B, problem 2001 (NO_OBJECT)')
  }

  #view(entry: Entry): LabObject {
    return new LabObject(this.store, entry)
  }
}

function passwordHash(salt: string, password: string): string {
  return createHash('sha256').update(`${salt}:${password}`).digest('hex')
}

function isChangeList(changes: readonly Change[] | AttributeInput): changes is readonly Change[] {
  return Array.isArray(changes)
}

function replaceAll(attributes: AttributeInput): Change[] {
  return Object.entries(attributes).map(([type, value]) => ({ kind: 'replace', type, values: inputValues(value) }))
}

function inputRecord(attributes: AttributeInput): Record<string, readonly Value[]> {
  const record: Record<string, readonly Value[]> = {}
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) record[name] = inputValues(value)
  return record
}

function inputValues(value: Input | undefined): readonly Value[] {
  if (value === undefined) return []
  if (typeof value === 'boolean') return [value ? 'TRUE' : 'FALSE']
  if (typeof value === 'number') return [String(value)]
  return typeof value === 'string' || Buffer.isBuffer(value) ? [value] : (value as readonly Value[])
}

function rdnValueOf(newRdn: string, entry: Entry): string {
  const prefix = `${entry.rdnType}=`
  if (!newRdn.toUpperCase().startsWith(prefix)) return newRdn
  return parseDn(newRdn)?.[0]?.value ?? newRdn.slice(prefix.length)
}
