/** The forest's directory for callers in the same process: synchronous, journaled before it returns. */
import { randomBytes, randomUUID } from 'node:crypto'
import { applyAdd } from './apply-add.ts'
import { applyRemove, applyRename, applyRestore } from './apply-life.ts'
import { applyModify } from './apply-modify.ts'
import { addController, baseDnOf, createBaseTree, domainSidOf, guidOf } from './base-tree.ts'
import { countObjects, type DirectoryCounts } from './counts.ts'
import { parseDn } from './dn.ts'
import type { Entry, Value } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import { compileFilter } from './filter.ts'
import { parseFilter } from './filter-text.ts'
import { parseGuid } from './guid.ts'
import { type AttributeInput, inputRecord, isChangeList, replaceAll } from './input.ts'
import { Journal } from './journal.ts'
import { LabObject } from './object.ts'
import type { Change, Operation } from './operation.ts'
import { OtherDomains } from './other-domains.ts'
import { Passwords, passwordHash, type Secret } from './passwords.ts'
import { attribute } from './schema.ts'
import { loadSnapshot, type SnapshotLine, shiftUsns, snapshotLines } from './snapshot.ts'
import { Store } from './store.ts'

export interface DirectoryOptions {
  /** DNS name of the forest, `contoso.lab`. */
  readonly name: string
  /** Where it is kept; without one it is forgotten on close. */
  readonly dir?: string
  /** Deleted objects keep attributes and links until restored; default true. */
  readonly recycleBin?: boolean
  readonly nowMs?: () => number
  /** Begins as a copy of this directory, as another domain controller of the same domain; kept in memory only. */
  readonly replicaOf?: LabDirectory
  /** Name of the domain controller, `DC1` by default. */
  readonly controller?: string
}

/** A change with where it was made first. */
export interface Replicated {
  readonly operation: Operation
  readonly id: string
  readonly usn: number
}

interface SnapshotHead {
  readonly usn: number
  readonly nextRid: number
  readonly invocationId: string
  readonly populated: boolean
  readonly passwords: Readonly<Record<string, Secret>>
}

const snapshotAfterLines = 20_000
/** What a replica's USNs are ahead of its source's, and the relative ids it gives out. */
const replicaUsnShift = 50_000
const replicaRidShift = 500_000

export class LabDirectory {
  readonly name: string
  readonly baseDn: string
  readonly recycleBin: boolean
  /** Of the same forest. */
  readonly otherDomains = new OtherDomains<LabDirectory>(() => this.#store)
  /** Name of the domain controller this database is of. */
  readonly controller: string
  /** Thirty-two hexadecimal digits, one for each controller's database; changes only when that is made anew. */
  invocationId = randomBytes(16).toString('hex')
  /** A population was loaded. */
  populated = false
  readonly #journal: Journal | undefined
  readonly #nowMs: () => number
  readonly #passwords = new Passwords()
  readonly #listeners = new Set<(entry: Entry) => void>()
  readonly #replicas = new Set<(change: Replicated) => void>()
  #store: Store
  #bulk = false

  constructor(o: DirectoryOptions) {
    this.name = o.name
    this.baseDn = baseDnOf(o.name)
    this.recycleBin = o.recycleBin ?? true
    this.controller = o.controller ?? 'DC1'
    this.#nowMs = o.nowMs ?? Date.now
    this.#store = new Store(domainSidOf(o.name))
    this.#journal = o.dir === undefined ? undefined : new Journal(o.dir)
    if (o.replicaOf !== undefined) {
      this.#copy(o.replicaOf)
      return
    }
    if (this.#load()) return
    createBaseTree(this.store, { name: o.name, invocationId: this.invocationId, atMs: this.#nowMs() })
    this.store.origins.note(1, { id: this.invocationId, usn: 1 })
    this.store.deletedObjects = this.store.find(`CN=Deleted Objects,${this.baseDn}`)
    this.snapshot()
  }

  get store(): Store {
    return this.#store
  }

  /** Reads snapshot and journal, without the last `forget` changes; false where there are none yet. */
  #load(forget = 0): boolean {
    const lines = this.#journal?.readSnapshot()
    if (lines === undefined) return false
    const head = lines[0] as SnapshotHead
    loadSnapshot(this.store, lines.slice(1) as SnapshotLine[])
    this.store.usn = head.usn
    this.store.nextRid = head.nextRid
    this.invocationId = head.invocationId
    this.populated = head.populated
    this.#passwords.load(head.passwords)
    this.store.origins.note(1, { id: this.invocationId, usn: 1 })
    this.store.deletedObjects = this.store.find(`CN=Deleted Objects,${this.baseDn}`)
    const operations = this.#journal?.readOperations() ?? []
    let kept = operations.filter(({ op }) => op !== 'password').length - forget
    for (const operation of operations) if (operation.op === 'password' || kept-- > 0) this.#perform(operation)
    this.store.origins.reached({ id: this.invocationId, usn: this.store.usn })
    return true
  }

  /** Joins the domain: the source's database learns of this controller first, and then is copied. */
  #copy(source: LabDirectory): void {
    const { name, controller, invocationId } = this
    addController(source.store, { name, controller, invocationId, atMs: this.#nowMs() })
    source.store.origins.reached({ id: source.invocationId, usn: source.store.usn })
    loadSnapshot(this.store, shiftUsns(snapshotLines(source.store), replicaUsnShift))
    this.store.usn = source.store.usn + replicaUsnShift
    this.store.nextRid = source.store.nextRid + replicaRidShift
    this.store.origins.copy(source.store.origins, replicaUsnShift)
    this.store.deletedObjects = this.store.find(`CN=Deleted Objects,${this.baseDn}`)
    this.populated = source.populated
    this.#passwords.load(source.#passwords.all)
    source.snapshot()
  }

  /**
   * Goes back to how it was some changes ago and keeps its invocationId, as a controller restored from an old image does:
   * the next changes take USNs that readers have seen already. Goes no further than the last snapshot; objects held by
   * callers are of the past. Throws without a folder, where there is no history.
   */
  rollBack(changes: number): void {
    if (this.#journal === undefined) throw new Error('a forest without a folder has no history to go back in')
    this.#journal.close()
    this.#store = new Store(domainSidOf(this.name))
    this.#load(changes)
    this.snapshot()
  }

  get highestUsn(): number {
    return this.store.usn
  }

  /** Adds an object; `guid` and `atMs` for populations that must come out the same each time. */
  add(dn: string, attributes: AttributeInput, o: { guid?: string; atMs?: number } = {}): LabObject {
    const plain = Object.entries(inputRecord(attributes))
    const given = Object.fromEntries(plain.map(([name, values]) => [name, this.otherDomains.named(name, values)]))
    if (given.member !== undefined) this.#ensureForeign(given.member)
    return this.#view(
      this.#commit({ op: 'add', atMs: o.atMs ?? this.#nowMs(), guid: o.guid ?? randomUUID(), dn, attributes: given }),
    )
  }

  /** Changes attributes: an undefined value removes, others replace; or a list of LDAP modifications. */
  modify(target: string, changes: readonly Change[] | AttributeInput, o: { permissive?: boolean } = {}): LabObject {
    const entry = this.#need(target)
    const asked = isChangeList(changes) ? changes : replaceAll(changes)
    const list = asked.map((change) => ({ ...change, values: this.otherDomains.named(change.type, change.values) }))
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
    return countObjects(this.store)
  }

  setPassword(target: string, password: string): void {
    const salt = randomBytes(8).toString('hex')
    const operation = { op: 'password', atMs: this.#nowMs(), guid: this.#need(target).guid, salt } as const
    this.#commit({ ...operation, hash: passwordHash(salt, password) })
  }

  checkPassword(entry: Entry, password: string): boolean {
    return this.#passwords.check(entry.guid, password)
  }

  /** Calls back after every change, with the entry as it is now; returns what stops it. */
  onChange(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls back after every change made here first, password and all; returns what stops it. */
  onOperation(listener: (change: Replicated) => void): () => void {
    this.#replicas.add(listener)
    return () => this.#replicas.delete(listener)
  }

  /** Makes a change that another controller made first; refused ones throw an LdapFailure. */
  receive({ operation, id, usn }: Replicated): void {
    if (usn > 0 && (this.store.origins.highest.get(id) ?? 0) >= usn) return
    this.store.origins.reached({ id, usn })
    const { entry, changed } = this.#perform(operation)
    if (!changed) return
    if (operation.op !== 'password') this.store.origins.note(this.store.usn, { id, usn })
    this.#journal?.append(operation)
    if (operation.op !== 'password') for (const listener of this.#listeners) listener(entry)
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
      passwords: this.#passwords.all,
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
    if (!changed) return entry
    const usn = operation.op === 'password' ? 0 : this.store.usn
    if (usn > 0) this.store.origins.note(usn, { id: this.invocationId, usn })
    if (this.#bulk) {
      entry.pack(this.store.slab)
      return entry
    }
    this.#journal?.append(operation)
    if (usn > 0) for (const listener of this.#listeners) listener(entry)
    // The relative id was given out here; nobody else may choose another.
    const told = operation.op === 'add' && entry.rid > 0 ? { ...operation, rid: entry.rid } : operation
    for (const replica of this.#replicas) replica({ operation: told, id: this.invocationId, usn })
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
        this.#passwords.set(operation.guid, operation)
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

function rdnValueOf(newRdn: string, entry: Entry): string {
  const prefix = `${entry.rdnType}=`
  if (!newRdn.toUpperCase().startsWith(prefix)) return newRdn
  return parseDn(newRdn)?.[0]?.value ?? newRdn.slice(prefix.length)
}
