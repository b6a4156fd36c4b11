/** All entries of one forest with what finds them: tree, GUID, SID, account names and the order of USNs. */
import { formatRdn, parseDn, rdnKey } from './dn.ts'
import { Entry, type EntryBirth } from './entry.ts'
import { LdapFailure, resultCode } from './failure.ts'
import { parseGuid } from './guid.ts'
import { disconnect } from './links.ts'
import { Origins } from './origins.ts'
import { attribute } from './schema.ts'
import { parseSid } from './sid.ts'
import { Slab } from './slab.ts'

const accountName = attribute('sAMAccountName')
const principalName = attribute('userPrincipalName')

export interface NamingContext {
  readonly dn: string
  readonly rdnCount: number
  readonly root: Entry
}

export class Store {
  readonly domainSid: string
  readonly contexts: NamingContext[] = []
  readonly byGuid = new Map<string, Entry>()
  readonly byRid = new Map<number, Entry>()
  readonly byForeignSid = new Map<string, Entry>()
  readonly accounts = new Map<string, Entry>()
  readonly principals = new Map<string, Entry>()
  readonly contextDns = new Map<Entry, string>()
  /** Stand-ins for objects of the forest's other domains, by GUID. */
  readonly phantoms = new Map<string, Entry>()
  /** What an object of another domain is called now. */
  nameElsewhere: (guid: string) => string | undefined = () => undefined
  /** The container of what was deleted, itself out of sight. */
  deletedObjects: Entry | undefined
  usn = 4096
  /** Values of entries that were loaded in bulk. */
  readonly slab = new Slab()
  /** Which controller made each change first. */
  readonly origins = new Origins()
  nextRid = 1104
  #log: (Entry | undefined)[] = []
  #logUsns: number[] = []
  #treeEpoch = 0

  constructor(domainSid: string) {
    this.domainSid = domainSid
  }

  addContext(dn: string, root: Entry): void {
    this.contexts.push({ dn, rdnCount: (parseDn(dn) ?? []).length, root })
    this.contexts.sort((a, b) => b.rdnCount - a.rdnCount)
    this.contextDns.set(root, dn)
    this.byGuid.set(root.guid, root)
    this.note(root)
  }

  insert(birth: EntryBirth): Entry {
    const entry = new Entry(birth)
    const parent = birth.parent
    if (parent !== undefined) {
      parent.children ??= new Map()
      parent.children.set(rdnKey(birth.rdnType, birth.rdnValue), entry)
    }
    this.byGuid.set(entry.guid, entry)
    this.note(entry)
    return entry
  }

  /** Takes the entry out of its parent and puts it under another, or under another name. */
  relocate(entry: Entry, place: { parent: Entry; rdnValue: string }): void {
    entry.parent?.children?.delete(rdnKey(entry.rdnType, entry.rdnValue))
    entry.parent = place.parent
    entry.rdnValue = place.rdnValue
    place.parent.children ??= new Map()
    place.parent.children.set(rdnKey(entry.rdnType, entry.rdnValue), entry)
    this.#treeEpoch++
  }

  /** Takes an entry out as if it had never been: it lives in another domain now. */
  expel(entry: Entry): void {
    this.unindex(entry)
    for (const [type, set] of [...(entry.links ?? [])])
      for (const target of [...set.present.keys()]) disconnect({ type, holder: entry, target, usn: this.usn })
    entry.parent?.children?.delete(rdnKey(entry.rdnType, entry.rdnValue))
    this.byGuid.delete(entry.guid)
    this.byRid.delete(entry.rid)
    this.#log = this.#log.map((each) => (each === entry ? undefined : each))
  }

  /** Puts the entry at the end of the order of changes; call after its `usnChanged` was set. */
  note(entry: Entry): void {
    this.#log.push(entry)
    this.#logUsns.push(entry.usnChanged)
    if (this.#log.length > 4096 && this.#log.length > this.byGuid.size * 2) this.#compactLog()
  }

  /** Entries whose last change is above `usn`, in the order of that change. */
  *changedSince(usn: number): Generator<Entry> {
    for (let at = this.#positionAfter(usn); at < this.#log.length; at++) {
      const entry = this.#log[at]
      if (entry !== undefined && entry.usnChanged === this.#logUsns[at]) yield entry
    }
  }

  #positionAfter(usn: number): number {
    let low = 0
    let high = this.#logUsns.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#logUsns[middle] ?? 0) <= usn) low = middle + 1
      else high = middle
    }
    return low
  }

  #compactLog(): void {
    const live = [...this.changedSince(0)]
    this.#log = live
    this.#logUsns = live.map((entry) => entry.usnChanged)
  }

  /** Orders the change log anew after entries were loaded in another order. */
  sortLog(): void {
    const live = [...this.byGuid.values()].sort((a, b) => a.usnChanged - b.usnChanged)
    this.#log = live
    this.#logUsns = live.map((entry) => entry.usnChanged)
  }

  dn(entry: Entry): string {
    if (entry.phantomDn !== undefined) return this.nameElsewhere(entry.guid) ?? entry.phantomDn
    const context = entry.parent === undefined ? this.contextDns.get(entry) : undefined
    if (context !== undefined) return context
    if (entry.children === undefined) return this.#composeDn(entry)
    if (entry.dnText === undefined || entry.dnEpoch !== this.#treeEpoch) {
      entry.dnText = this.#composeDn(entry)
      entry.dnEpoch = this.#treeEpoch
    }
    return entry.dnText
  }

  #composeDn(entry: Entry): string {
    const rdn = formatRdn({ type: entry.rdnType, value: entry.rdnValue })
    return entry.parent === undefined ? rdn : `${rdn},${this.dn(entry.parent)}`
  }

  sid(entry: Entry): string | undefined {
    if (entry.foreignSid !== undefined) return entry.foreignSid
    return entry.rid > 0 ? `${this.domainSid}-${entry.rid}` : undefined
  }

  /** Shown only to those who ask for deleted objects and may see them. */
  isHidden(entry: Entry): boolean {
    return entry.deleted || entry === this.deletedObjects
  }

  contextOf(entry: Entry): NamingContext | undefined {
    let top = entry
    while (top.parent !== undefined) top = top.parent
    return this.contexts.find((context) => context.root === top)
  }

  findSid(sid: string): Entry | undefined {
    const foreign = this.byForeignSid.get(sid)
    if (foreign !== undefined) return foreign
    const split = sid.lastIndexOf('-')
    return sid.slice(0, split) === this.domainSid ? this.byRid.get(Number(sid.slice(split + 1))) : undefined
  }

  /** The entry of a DN, `<GUID=…>`, `<SID=…>` or extended DN; undefined when there is none; 34 when it is no DN. */
  find(name: string): Entry | undefined {
    if (name.startsWith('<')) return this.#findAlternative(name)
    const rdns = parseDn(name)
    if (rdns === undefined) {
      throw new LdapFailure(resultCode.invalidDnSyntax, '0000208F: NameErr: DSID-03100245, problem 2006 (BAD_NAME)')
    }
    for (const context of this.contexts) {
      const depth = rdns.length - context.rdnCount
      if (depth < 0 || !this.#sameTail(rdns.slice(depth), context)) continue
      let entry: Entry | undefined = context.root
      for (let i = depth - 1; i >= 0 && entry !== undefined; i--) {
        const rdn = rdns[i]
        entry = rdn === undefined ? undefined : entry.children?.get(rdnKey(rdn.type, rdn.value))
      }
      return entry
    }
    return undefined
  }

  /** What stands for an object of another domain, by `<GUID=…>` or by its DN. */
  findPhantom(name: string): Entry | undefined {
    const guid = /^<GUID=([^>]*)>/i.exec(name)?.[1]
    if (guid !== undefined) return this.phantoms.get(parseGuid(guid) ?? '')
    const wanted = name.toLowerCase()
    for (const entry of this.phantoms.values()) if (this.dn(entry).toLowerCase() === wanted) return entry
    return undefined
  }

  #sameTail(tail: readonly { type: string; value: string }[], context: NamingContext): boolean {
    return tail.map((rdn) => rdnKey(rdn.type, rdn.value)).join(',') === context.dn.toLowerCase()
  }

  #findAlternative(name: string): Entry | undefined {
    const match = /^<(GUID|SID)=([^>]*)>/i.exec(name)
    const text = match?.[2] ?? ''
    if (match?.[1]?.toUpperCase() === 'GUID') {
      const guid = parseGuid(text)
      if (guid !== undefined) return this.byGuid.get(guid)
    } else if (match !== null) {
      const sid = parseSid(text)
      if (sid !== undefined) return this.findSid(sid)
    }
    throw new LdapFailure(resultCode.invalidDnSyntax, '0000208F: NameErr: DSID-03100245, problem 2006 (BAD_NAME)')
  }

  /** Keeps the indexes of account names and SIDs in step with the entry; call before and after it changes. */
  unindex(entry: Entry): void {
    this.#forget(this.accounts, entry.first(accountName), entry)
    this.#forget(this.principals, entry.first(principalName), entry)
  }

  index(entry: Entry): void {
    const account = entry.first(accountName)
    if (typeof account === 'string' && !entry.deleted) this.accounts.set(account.toLowerCase(), entry)
    const principal = entry.first(principalName)
    if (typeof principal === 'string' && !entry.deleted) this.principals.set(principal.toLowerCase(), entry)
    if (entry.rid > 0) this.byRid.set(entry.rid, entry)
    if (entry.foreignSid !== undefined) this.byForeignSid.set(entry.foreignSid, entry)
  }

  #forget(index: Map<string, Entry>, value: unknown, entry: Entry): void {
    if (typeof value !== 'string') return
    const key = value.toLowerCase()
    if (index.get(key) === entry) index.delete(key)
  }
}
