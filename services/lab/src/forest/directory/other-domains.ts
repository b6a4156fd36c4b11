/** The other domains of a forest as one of them knows them: their objects may stand in its links. */
import type { Value } from './entry.ts'
import { phantomText } from './phantom.ts'
import { findAttribute } from './schema.ts'
import type { Store } from './store.ts'

/** A domain, as far as another one looks at it. */
interface Domain {
  readonly baseDn: string
  readonly name: string
  readonly store: Store
  get(target: string): { readonly dn: string; readonly guid: string; readonly deleted: boolean } | undefined
}

export class OtherDomains<D extends Domain> {
  readonly #store: () => Store
  #list: readonly D[] = []

  constructor(store: () => Store) {
    this.#store = store
  }

  get list(): readonly D[] {
    return this.#list
  }

  set(others: readonly D[]): void {
    this.#list = others
    this.#store().nameElsewhere = (guid) =>
      others.map((other) => other.get(guid)).find((found) => found !== undefined && !found.deleted)?.dn
  }

  /** The same values, those that name an object of another domain in the form that says so. */
  named(name: string, values: readonly Value[]): readonly Value[] {
    if (this.#list.length === 0 || findAttribute(name)?.link !== 'forward') return values
    return values.map((value) => {
      const text = String(value)
      if (this.#store().find(text) !== undefined) return value
      const other = this.#list.find((each) => each.get(text) !== undefined)
      return other === undefined ? value : nameForOthers(other, text)
    })
  }
}

/** How other domains name an object of this one. */
export function nameForOthers(domain: Domain, target: string): string {
  const found = domain.get(target)
  const entry = found === undefined ? undefined : domain.store.byGuid.get(found.guid)
  if (entry === undefined) return target
  return phantomText({ guid: entry.guid, sid: domain.store.sid(entry), dn: domain.store.dn(entry) })
}
