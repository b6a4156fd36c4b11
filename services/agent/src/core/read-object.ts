/** Answers the hub's "read this object now": the whole object, and the groups that hold it. */
import { isGuid, parseGuid } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import { type FeedEvent, LdapError, type Search } from '../ports.ts'
import { neededAttributes } from './entry.ts'
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
  return entries.flatMap(withGroups)
}

function searchFor({ namingContext, attributes }: FeedOptions, who: string): Search {
  const guid = isGuid(who) ? who : parseGuid(who)
  const base = guid ? `<GUID=${guid}>` : /^[A-Za-z]+=.*,/.test(who) ? who : undefined
  const shape = {
    attributes: attributeList([...attributes, 'memberOf'], neededAttributes),
    controls: [{ type: 'extendedDn' }, { type: 'showDeleted' }],
  } as const
  if (base !== undefined) return { ...shape, base, scope: 'base', filter: '(objectClass=*)' }
  const value = escapeFilter(who)
  const names = ['userPrincipalName', 'mail', 'sAMAccountName'].map((name) => `(${name}=${value})`).join('')
  return { ...shape, base: namingContext, scope: 'sub', filter: `(&${observedFilter}(|${names}))` }
}

/** RFC 4515. */
export const escapeFilter = (value: string): string =>
  value.replaceAll(/[\\*()\0]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** Moves memberOf out of the entry: each group becomes an entry with one added member. */
function withGroups(entry: agent.Entry): agent.Entry[] {
  const { memberOf, ...links } = entry.links
  const groups = memberOf?.added ?? []
  const self = { guid: entry.guid, sid: '', dn: entry.dn }
  return [
    { ...entry, links },
    ...groups.map((group) => ({
      guid: group.guid,
      dn: group.dn,
      parentGuid: '',
      deleted: false,
      complete: false,
      attributes: {},
      links: { member: { added: [self], removed: [], whole: false, first: true, last: true } },
    })),
  ]
}
