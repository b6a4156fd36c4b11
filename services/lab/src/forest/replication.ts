/** Carries changes between the controllers of one domain: at once, after a lag, or when it is told to. */
import { parentDn } from './directory/apply-add.ts'
import type { LabDirectory, Replicated } from './directory/directory.ts'
import { formatRdn, parseDn } from './directory/dn.ts'
import type { Value } from './directory/entry.ts'
import { LdapFailure } from './directory/failure.ts'
import type { Operation } from './directory/operation.ts'
import { attribute, findAttribute } from './directory/schema.ts'

interface Parcel {
  readonly to: LabDirectory
  readonly change: Replicated
  readonly dueMs: number
}

/**
 * What one controller wrote reaches the others in the order it was written. Two objects that got one name at two
 * controllers both stay, the older one as a conflict object (`CNF:`); for one attribute written at two controllers
 * the value that arrives last wins at each, which AD decides by version instead.
 */
export class Replication {
  /** How long a change takes; 0 delivers it before the write returns. */
  lagMs: number
  /** Nothing is delivered until `deliver` is called. */
  held = false
  /** Changes that another controller had no use for, such as one of an object deleted there. */
  refused = 0
  readonly #parcels: Parcel[] = []
  readonly #stops: (() => void)[] = []
  #delivering = false
  #timer: NodeJS.Timeout | undefined

  constructor(controllers: readonly LabDirectory[], lagMs = 0) {
    this.lagMs = lagMs
    for (const from of controllers) {
      const others = controllers.filter((each) => each !== from)
      if (others.length > 0) this.#stops.push(from.onOperation((change) => this.#send(from, others, change)))
    }
  }

  /** Changes under way. */
  get pending(): number {
    return this.#parcels.length
  }

  /** Brings everything that is under way to its place now. */
  deliver(): void {
    this.#deliverUntil(Number.POSITIVE_INFINITY)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const stop of this.#stops) stop()
    this.deliver()
  }

  #send(from: LabDirectory, others: readonly LabDirectory[], change: Replicated): void {
    const named = { ...change, operation: withLinksByGuid(from, change.operation) }
    for (const to of others) this.#parcels.push({ to, change: named, dueMs: performance.now() + this.lagMs })
    if (this.held) return
    if (this.lagMs === 0) this.deliver()
    else this.#wait()
  }

  #wait(): void {
    clearTimeout(this.#timer)
    const next = this.#parcels[0]
    if (next === undefined) return
    this.#timer = setTimeout(() => this.#deliverDue(), Math.max(0, next.dueMs - performance.now()))
    this.#timer.unref()
  }

  /** Settling a conflict writes too: what it sends waits for its turn. */
  #deliverUntil(dueMs: number): void {
    if (this.#delivering) return
    this.#delivering = true
    try {
      for (let next = this.#parcels[0]; next !== undefined && next.dueMs <= dueMs; next = this.#parcels[0]) {
        this.#parcels.shift()
        this.#give(next)
      }
    } finally {
      this.#delivering = false
    }
  }

  #deliverDue(): void {
    if (this.held) return
    this.#deliverUntil(performance.now())
    this.#wait()
  }

  #give({ to, change }: Parcel): void {
    try {
      const operation = change.operation.op === 'add' ? settled(to, change.operation) : change.operation
      to.receive({ ...change, operation })
    } catch (error) {
      if (!(error instanceof LdapFailure)) throw error
      this.refused++
    }
  }
}

/** DNs may be others where the change arrives; GUIDs are the same everywhere. */
function withLinksByGuid(from: LabDirectory, operation: Operation): Operation {
  const byGuid = (name: string, values: readonly Value[]): readonly Value[] => {
    if (findAttribute(name)?.link !== 'forward') return values
    return values.map((value) => {
      const guid = from.get(String(value))?.guid
      return guid === undefined ? value : `<GUID=${guid}>`
    })
  }
  if (operation.op === 'add') {
    const entries = Object.entries(operation.attributes)
    return {
      ...operation,
      attributes: Object.fromEntries(entries.map(([name, values]) => [name, byGuid(name, values)])),
    }
  }
  if (operation.op === 'modify') {
    const changes = operation.changes.map((change) => ({ ...change, values: byGuid(change.type, change.values) }))
    return { ...operation, changes, permissive: true }
  }
  return operation
}

type Add = Operation & { readonly op: 'add' }

/** Two objects of one name: the newer one keeps it, the older one becomes a conflict object, here and there alike. */
function settled(to: LabDirectory, operation: Add): Add {
  const found = to.get(operation.dn)
  const entry = found === undefined ? undefined : to.store.byGuid.get(found.guid)
  if (entry === undefined || entry.deleted || entry.guid === operation.guid) return operation
  const held = String(entry.first(attribute('sAMAccountName')) ?? '').toLowerCase()
  const accountKey = Object.keys(operation.attributes).find((name) => /^sAMAccountName$/i.test(name)) ?? ''
  const clash = held !== '' && held === String(operation.attributes[accountKey]?.[0] ?? '').toLowerCase()
  const newer = operation.atMs > entry.createdMs || (operation.atMs === entry.createdMs && operation.guid > entry.guid)
  if (newer) {
    if (clash) to.modify(entry.guid, { sAMAccountName: duplicateName(entry.rid) })
    to.rename(entry.guid, conflictName(entry.rdnValue, entry.guid))
    return operation
  }
  const [rdn] = parseDn(operation.dn) ?? []
  if (rdn === undefined) return operation
  const dn = `${formatRdn({ ...rdn, value: conflictName(rdn.value, operation.guid) })},${parentDn(operation.dn)}`
  const account = clash ? { [accountKey]: [duplicateName(operation.rid ?? 0)] } : {}
  return { ...operation, dn, attributes: { ...operation.attributes, ...account } }
}

const conflictName = (name: string, guid: string): string => `${name}\nCNF:${guid}`
const duplicateName = (rid: number): string => `$DUPLICATE-${rid.toString(16)}`
