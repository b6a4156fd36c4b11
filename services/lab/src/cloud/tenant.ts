/** One tenant: its objects, domains and clock, and the only way to change them. */
import { createHash, randomUUID } from 'node:crypto'
import type { Journal } from './journal.ts'
import { type Entry, type Operation, type Properties, Store } from './store.ts'

export interface Domain {
  readonly name: string
  readonly authenticationType: 'Managed' | 'Federated'
  readonly isInitial: boolean
}

export interface TenantSettings {
  readonly id: string
  readonly name: string
  readonly domains: readonly Domain[]
  /** How long a change stays invisible to everything but its own answer. */
  readonly lagMs: number
  /** What deleting a cloud security group does. */
  readonly securityGroupDelete: 'soft' | 'hard'
  /** Makes object ids repeatable. */
  readonly seed: string | undefined
  readonly nowMs: () => number
}

/** What an object becomes; absent facts keep their value. */
export interface Change {
  readonly properties?: Properties
  readonly deletedAt?: string | undefined
  readonly manager?: string | undefined
  readonly privileged?: boolean
  /** The properties that changed, for delta queries. */
  readonly touched?: readonly string[]
}

export class Tenant {
  readonly settings: TenantSettings
  readonly store = new Store()
  /** Where this tenant's directory answers, without a trailing slash. */
  graphUrl = ''
  /** Delta tokens issued before this time are refused with 410. */
  deltaTokensValidFromMs = 0
  #journal: Journal | undefined

  constructor(settings: TenantSettings) {
    this.settings = settings
  }

  get nowMs(): number {
    return this.settings.nowMs()
  }

  get initialDomain(): string {
    return (this.settings.domains.find((domain) => domain.isInitial) ?? this.settings.domains[0])?.name ?? ''
  }

  /** Loads what the folder holds; every later change is kept there. */
  open(openJournal: (store: Store) => Journal): void {
    this.#journal = openJournal(this.store)
  }

  flush(): void {
    this.#journal?.flush()
  }

  close(): void {
    this.#journal?.close()
  }

  newId(): string {
    const { seed } = this.settings
    if (seed === undefined) return randomUUID()
    const hex = createHash('sha256').update(`${seed}:${this.store.seq}`).digest('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  }

  /** A point in time as the directory writes it. */
  timestamp(): string {
    return `${new Date(this.nowMs).toISOString().slice(0, 19)}Z`
  }

  isVerified(domain: string): boolean {
    return this.domain(domain) !== undefined
  }

  domain(name: string): Domain | undefined {
    const folded = name.toLowerCase()
    return this.settings.domains.find((domain) => domain.name.toLowerCase() === folded)
  }

  /** Whether replication has brought the object to where reads are answered. */
  replicated(entry: Entry): boolean {
    return entry.visibleAtMs === 0 || entry.visibleAtMs <= this.nowMs
  }

  /** The object as reads see it: undefined while it is missing, deleted or too fresh. */
  seen(id: string): Entry | undefined {
    const entry = this.store.find(id)
    return entry !== undefined && entry.deletedAt === undefined && this.replicated(entry) ? entry : undefined
  }

  /** The properties as reads see them, which may be those before the latest change. */
  seenProperties(entry: Entry): Properties {
    if (entry.stale !== undefined && entry.stale.untilMs > this.nowMs) return entry.stale.properties
    return entry.properties
  }

  create(kind: Entry['kind'], change: Change & { readonly id?: string; readonly properties: Properties }): Entry {
    const id = change.id ?? this.newId()
    const seq = this.store.seq + 1
    this.#commit({ op: 'put', id, kind, seq, createdSeq: seq, ...change, touched: undefined })
    const entry = this.store.find(id)
    if (entry === undefined) throw new Error('A created object must be in the store')
    if (this.settings.lagMs > 0) entry.visibleAtMs = this.nowMs + this.settings.lagMs
    return entry
  }

  change(entry: Entry, change: Change): void {
    const before = this.seenProperties(entry)
    const { lagMs } = this.settings
    this.#commit({
      op: 'put',
      id: entry.id,
      kind: entry.kind,
      seq: this.store.seq + 1,
      createdSeq: entry.createdSeq,
      properties: change.properties ?? entry.properties,
      deletedAt: 'deletedAt' in change ? change.deletedAt : entry.deletedAt,
      manager: 'manager' in change ? change.manager : entry.manager,
      privileged: change.privileged ?? entry.privileged,
      touched: change.touched ?? [],
    })
    if (lagMs > 0) entry.stale = { properties: before, untilMs: this.nowMs + lagMs }
  }

  changeMembers(group: Entry, change: { readonly add: readonly string[]; readonly remove: readonly string[] }): void {
    if (change.add.length + change.remove.length === 0) return
    this.#commit({ op: 'members', seq: this.store.seq + 1, group: group.id, ...change })
  }

  /** Removes an object for good. */
  purge(entry: Entry): void {
    this.#commit({ op: 'purge', seq: this.store.seq + 1, id: entry.id, kind: entry.kind })
  }

  #commit(operation: Operation): void {
    this.store.apply(operation)
    this.#journal?.append(operation)
  }
}
