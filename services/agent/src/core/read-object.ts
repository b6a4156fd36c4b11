/** Answers the hub's "read this object now": the whole object, and the groups that hold it. */
import { guidFromBytes, isGuid, parseGuid } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import { type FeedEvent, LdapError, type Search, type SearchControl } from '../ports.ts'
import { directories } from './dialect.ts'
import { type FeedOptions, readEntries } from './feed.ts'
import { attributeList, observedFilter } from './observed.ts'

/** Entries of the object and, as added members, of its groups; empty if there is no such object. */
export async function readObject(options: FeedOptions, who: string): Promise<agent.Entry[]> {
  const entries: agent.Entry[] = []
  const collect = async (feed: AsyncGenerator<FeedEvent, unknown>): Promise<void> => {
    for await (const event of feed) if (event.type === 'entry') entries.push(event.entry)
  }
  try {
    await collect(readEntries(options, searchFor(options, who), { ranges: 'part', complete: true }))
  } catch (error) {
    if (error instanceof LdapError && error.code === 32) return []
    throw error
  }
  return options.kind === 'plain' ? withHolders(options, entries) : entries.flatMap(withGroups)
}

/** Groups of this domain that hold an object of another one, each with that member added. */
export async function readHolders({ directory, namingContext }: FeedOptions, member: Named): Promise<agent.Entry[]> {
  const found: agent.Entry[] = []
  const search = {
    base: namingContext,
    scope: 'sub',
    // Under either of its names: not every server takes a GUID for one that is elsewhere.
    filter: `(|(member=<GUID=${member.guid}>)(member=${escapeFilter(member.dn)}))`,
    attributes: ['objectGUID'],
  } as const
  for await (const groups of directory.search(search)) {
    for (const group of groups) {
      const value = group.attributes.find(({ name }) => name.toLowerCase() === 'objectguid')?.values[0]
      const guid = value && guidFromBytes(value)
      if (guid !== undefined) found.push(holding({ guid, dn: group.dn }, member))
    }
  }
  return found
}

function searchFor({ namingContext, attributes, kind }: FeedOptions, who: string): Search {
  const { needed, accountNames } = directories[kind]
  const guid = isGuid(who) ? who : parseGuid(who)
  const dn = /^[A-Za-z]+=.*,/.test(who) ? who : undefined
  const plain = kind === 'plain'
  const controls: readonly SearchControl[] = plain ? [] : [{ type: 'extendedDn' }, { type: 'showDeleted' }]
  const shape = {
    attributes: attributeList(plain ? attributes : [...attributes, 'memberOf'], needed),
    controls,
  } as const
  if (dn !== undefined) return { ...shape, base: dn, scope: 'base', filter: '(objectClass=*)' }
  if (guid && plain) return { ...shape, base: namingContext, scope: 'sub', filter: `(entryUUID=${guid})` }
  if (guid) return { ...shape, base: `<GUID=${guid}>`, scope: 'base', filter: '(objectClass=*)' }
  const value = escapeFilter(who)
  const names = accountNames.map((name) => `(${name}=${value})`).join('')
  return { ...shape, base: namingContext, scope: 'sub', filter: `(&${observedFilter(kind)}(|${names}))` }
}

/** RFC 4515. */
export const escapeFilter = (value: string): string =>
  value.replaceAll(/[\\*()\0]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** Moves memberOf out of the entry: each group becomes an entry with one added member. */
function withGroups(entry: agent.Entry): agent.Entry[] {
  const { memberOf, ...links } = entry.links
  const groups = memberOf?.added ?? []
  return [{ ...entry, links }, ...groups.map((group) => holding(group, entry))]
}

/** The same where objects do not know their groups: the groups are asked. */
async function withHolders(options: FeedOptions, entries: readonly agent.Entry[]): Promise<agent.Entry[]> {
  const { directory, namingContext, kind } = options
  const found: agent.Entry[] = []
  for (const entry of entries) {
    // Parts of a long list are of one object, told first.
    if (entry.dn !== '' && entry.complete) {
      const names = directories[kind].members.map((name) => `(${name}=${escapeFilter(entry.dn)})`).join('')
      const shape = { base: namingContext, scope: 'sub', attributes: [directories[kind].guid] } as const
      for await (const groups of directory.search({ ...shape, filter: `(|${names})` })) {
        for (const group of groups) {
          const guid = group.attributes[0]?.values[0]?.toString('latin1').toLowerCase() ?? ''
          if (isGuid(guid)) found.push(holding({ guid, dn: group.dn }, entry))
        }
      }
    }
  }
  return [...entries, ...found]
}

interface Named {
  readonly guid: string
  readonly dn: string
}

const holding = (group: Named, member: Named): agent.Entry => ({
  guid: group.guid,
  dn: group.dn,
  parentGuid: '',
  deleted: false,
  complete: false,
  attributes: {},
  links: {
    member: {
      added: [{ guid: member.guid, sid: '', dn: member.dn }],
      removed: [],
      whole: false,
      first: true,
      last: true,
    },
  },
})
