/** An object as in-process callers see it: a view that is always current. */
import type { Entry, Value } from './entry.ts'
import { countLinkEnds, linkEnds, presentTypes, readValues } from './read.ts'
import { findAttribute } from './schema.ts'
import type { Store } from './store.ts'

export class LabObject {
  readonly #store: Store
  readonly #entry: Entry

  constructor(store: Store, entry: Entry) {
    this.#store = store
    this.#entry = entry
  }

  get dn(): string {
    return this.#store.dn(this.#entry)
  }

  get guid(): string {
    return this.#entry.guid
  }

  get sid(): string | undefined {
    return this.#store.sid(this.#entry)
  }

  /** The most specific class, such as `user`. */
  get objectClass(): string {
    return this.#entry.objectClass.name
  }

  get deleted(): boolean {
    return this.#entry.deleted
  }

  get usnChanged(): number {
    return this.#entry.usnChanged
  }

  /** Values of one attribute, DNs for links; empty when it has none. */
  get(name: string): readonly Value[] {
    const type = findAttribute(name)
    if (type === undefined) return []
    if (type.link === undefined) return readValues(this.#store, this.#entry, type)
    return [...linkEnds(this.#entry, type)].map((end) => this.#store.dn(end))
  }

  /** The first value as text, of one that is text. */
  text(name: string): string | undefined {
    const value = this.get(name)[0]
    return typeof value === 'string' ? value : undefined
  }

  /** Number of links of an attribute such as `member`, without listing them. */
  count(name: string): number {
    const type = findAttribute(name)
    if (type === undefined) return 0
    return type.link === undefined ? this.get(name).length : countLinkEnds(this.#entry, type)
  }

  get attributes(): Readonly<Record<string, readonly Value[]>> {
    return Object.fromEntries(
      [...presentTypes(this.#entry)]
        .map((type) => [type.name, this.get(type.name)] as const)
        .filter(([, v]) => v.length > 0),
    )
  }
}
