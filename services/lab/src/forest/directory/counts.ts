/** How much a directory holds of what Canopy synchronises. */
import { attribute } from './schema.ts'
import type { Store } from './store.ts'

export interface DirectoryCounts {
  readonly objects: number
  readonly users: number
  readonly groups: number
  readonly contacts: number
  readonly memberships: number
}

const critical = attribute('isCriticalSystemObject')
const member = attribute('member')

/** People, groups and contacts that are not part of the directory itself, and the members of those groups. */
export function countObjects(store: Store): DirectoryCounts {
  let users = 0
  let groups = 0
  let contacts = 0
  let memberships = 0
  for (const entry of store.byGuid.values()) {
    if (entry.deleted || entry.first(critical) === 'TRUE') continue
    const { name } = entry.objectClass
    if (name === 'user' || name === 'inetOrgPerson') users++
    else if (name === 'contact') contacts++
    else if (name === 'group') {
      groups++
      memberships += entry.links?.get(member)?.present.size ?? 0
    }
  }
  return { objects: users + groups + contacts, users, groups, contacts, memberships }
}
