/** What the owner of the agent's host allows at most, applied to everything that leaves the host. */
import { canonicalDn } from '@canopy/domain'
import type { agent } from '@canopy/proto'

export interface Ceiling {
  /** Each list: none means no limit. */
  readonly forests: readonly string[]
  readonly attributes: readonly string[]
  /** Distinguished names; what is not below one of them does not leave. */
  readonly ous: readonly string[]
  readonly readOnly: boolean
}

/** Without them an object is nobody: they are given away whatever the list says. */
const identity = new Set(['objectclass', 'objectsid', 'name'])
/** Of a container above an allowed one: what makes its name. */
const naming = new Set(['objectclass', 'name'])

/** Which commands change a directory: each must say so here. */
const changesDirectory: Readonly<Record<NonNullable<agent.Command['body']>['$case'], boolean>> = {
  readObject: false,
  check: false,
  resnapshot: false,
  readWindow: false,
}

type Place = 'inside' | 'above' | 'outside'

export class CeilingGuard {
  readonly ceiling: Ceiling
  private readonly attributes: ReadonlySet<string>
  private readonly ous: readonly string[]

  constructor(ceiling: Ceiling) {
    this.ceiling = ceiling
    this.attributes = new Set(ceiling.attributes.map((name) => name.toLowerCase()))
    this.ous = ceiling.ous.map(canonicalDn)
  }

  admitsForest(forest: string): boolean {
    const { forests } = this.ceiling
    return forests.length === 0 || forests.includes(forest)
  }

  admitsCommand(body: NonNullable<agent.Command['body']>): boolean {
    return !(this.ceiling.readOnly && changesDirectory[body.$case])
  }

  /** Of what the hub asks for, what it may have: the rest is not even read. */
  asked(attributes: readonly string[]): string[] {
    return attributes.filter((name) => this.admits(name))
  }

  /**
   * | where the object is      | in a reading        | in the stream                                  |
   * | below an allowed OU      | as it is            | as it is                                       |
   * | above one                | name and class      | name and class                                 |
   * | anywhere else            | left out            | "not here", by its GUID alone: it may have left |
   */
  entries(entries: readonly agent.Entry[], stream: boolean): agent.Entry[] {
    return entries.flatMap((entry) => this.leaving(entry, stream))
  }

  private leaving(entry: agent.Entry, stream: boolean): readonly agent.Entry[] {
    if (entry.deleted) return [this.ous.length > 0 ? { ...entry, dn: '' } : entry]
    // Some directories say of an object that it is there, and nothing else.
    if (entry.dn === '' && Object.keys(entry.attributes).length + Object.keys(entry.links).length === 0) return [entry]
    switch (this.place(entry.dn)) {
      case 'inside':
        return [this.limited(entry, (name) => this.admits(name))]
      case 'above':
        return [this.limited({ ...entry, links: {} }, (name) => naming.has(name.toLowerCase()))]
      case 'outside':
        return stream ? [notHere(entry.guid)] : []
    }
  }

  private admits(name: string): boolean {
    const key = name.toLowerCase()
    return this.attributes.size === 0 || identity.has(key) || this.attributes.has(key)
  }

  private place(dn: string): Place {
    if (this.ous.length === 0) return 'inside'
    const at = canonicalDn(dn)
    if (this.ous.some((ou) => at === ou || at.endsWith(`,${ou}`))) return 'inside'
    return this.ous.some((ou) => ou.endsWith(`,${at}`)) ? 'above' : 'outside'
  }

  private limited(entry: agent.Entry, admits: (name: string) => boolean): agent.Entry {
    if (this.attributes.size === 0 && this.ous.length === 0) return entry
    const attributes = Object.fromEntries(Object.entries(entry.attributes).filter(([name]) => admits(name)))
    const links = Object.entries(entry.links).filter(([name]) => admits(name))
    return { ...entry, attributes, links: Object.fromEntries(links.map(([name, list]) => [name, this.known(list)])) }
  }

  /** Who is elsewhere is not named, as a member or manager either. */
  private known(list: agent.Links): agent.Links {
    if (this.ous.length === 0) return list
    const inside = ({ dn }: agent.Link): boolean => this.place(dn) === 'inside'
    return { ...list, added: list.added.filter(inside), removed: list.removed.filter(inside) }
  }
}

const notHere = (guid: string): agent.Entry => ({
  guid,
  dn: '',
  parentGuid: '',
  deleted: true,
  complete: false,
  attributes: {},
  links: {},
})

/** One line per limit, for people. */
export function explainCeiling({ forests, attributes, ous, readOnly }: Ceiling): string[] {
  const list = (names: readonly string[], all: string): string => (names.length === 0 ? all : names.join(', '))
  return [
    `forests     ${list(forests, 'all that the hub assigns')}`,
    `attributes  ${attributes.length === 0 ? 'all that the hub asks for' : `objectClass, objectSid, name, ${attributes.join(', ')}`}`,
    `places      ${ous.length === 0 ? 'everywhere' : ous.join(' · ')}`,
    `commands    ${readOnly ? 'none that changes a directory' : 'also those that change a directory'}`,
  ]
}
