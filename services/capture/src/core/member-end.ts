/** Says who is meant by one value of a member list. */
import { isSid, leafRdn, parseRdn } from '@canopy/domain'
import type { agent } from '@canopy/proto'

const foreign = /,CN=ForeignSecurityPrincipals,/i

/**
 * GUID of an object of the forest, or SID of somebody elsewhere. Undefined for what names nobody: some servers keep
 * listing members that are deleted.
 */
export function memberEnd(link: agent.Link): string | undefined {
  if (link.dn !== '' && foreign.test(link.dn)) {
    if (link.sid !== '') return link.sid
    const named = parseRdn(leafRdn(link.dn))?.value ?? ''
    if (isSid(named)) return named
  }
  if (link.guid !== '') return link.guid
  return link.sid !== '' ? link.sid : undefined
}

export const isDeletedLink = (link: agent.Link): boolean => /\\0ADEL:/i.test(link.dn)
