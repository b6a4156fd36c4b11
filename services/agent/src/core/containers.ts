/** Knows the containers of a directory that tells no parent's identity: an object's parent is then found by its name. */
import { canonicalDn, parentDn } from '@canopy/domain'
import type { Directory, RawEntry } from '../ports.ts'
import { identity } from './entry.ts'
import { containerFilter } from './observed.ts'

export class Containers {
  private byName = new Map<string, string>()
  private names = new Map<string, string>()
  private readonly directory: Directory
  private readonly namingContext: string

  constructor(of: { readonly directory: Directory; readonly namingContext: string }) {
    this.directory = of.directory
    this.namingContext = of.namingContext
  }

  /** Reads the names of all of them. */
  async load(): Promise<void> {
    const byName = new Map<string, string>()
    const names = new Map<string, string>()
    let cookie: Buffer | undefined = Buffer.alloc(0)
    while (cookie) {
      const pages = this.directory.search({
        base: this.namingContext,
        scope: 'sub',
        filter: containerFilter('plain'),
        attributes: ['entryUUID'],
        controls: [{ type: 'paged', size: 1000, cookie }],
      })
      let page = await pages.next()
      for (; !page.done; page = await pages.next()) {
        for (const raw of page.value) {
          const guid = guidOf(raw)
          byName.set(canonicalDn(raw.dn), guid)
          names.set(guid, raw.dn)
        }
      }
      cookie = page.value.pagedCookie?.length ? page.value.pagedCookie : undefined
    }
    this.byName = byName
    this.names = names
  }

  /** '' for the head of the naming context, and below what is no container. */
  parentOf(dn: string): string {
    const parent = parentDn(dn)
    const known = this.byName.get(parent)
    if (known !== undefined) return known
    const guid = this.byName.get(canonicalDn(parent)) ?? ''
    // As the server spells it, so that its siblings are found at once.
    if (guid !== '') this.byName.set(parent, guid)
    return guid
  }

  /** A container was told of. One that has another name takes along the names of all below it: they are read again. */
  async note(guid: string, dn: string): Promise<void> {
    const before = this.names.get(guid)
    if (before === dn) return
    if (before !== undefined) return this.load()
    this.names.set(guid, dn)
    this.byName.set(canonicalDn(dn), guid)
  }

  remove(guid: string): void {
    if (!this.names.delete(guid)) return
    for (const [name, of] of this.byName) if (of === guid) this.byName.delete(name)
  }
}

const guidOf = (raw: RawEntry): string => identity(raw.attributes[0]?.values[0])
