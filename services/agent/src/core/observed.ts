/** Which objects of a forest are read, as LDAP filters over object classes (never categories: those hide deletions). */
import type { DirectoryKind } from './dialect.ts'

const containerClasses = {
  activeDirectory: [
    'organizationalUnit',
    'container',
    'domainDNS',
    'builtinDomain',
    'lostAndFound',
    'msExchSystemObjectsContainer',
  ],
  plain: ['organizationalUnit', 'organization', 'domain', 'dcObject', 'locality', 'country', 'container'],
} as const

const leafClasses = {
  activeDirectory: ['user', 'inetOrgPerson', 'group', 'contact', 'foreignSecurityPrincipal'],
  plain: ['inetOrgPerson', 'groupOfNames', 'groupOfUniqueNames', 'groupOfMembers'],
} as const

const anyOf = (classes: readonly string[]): string => `(|${classes.map((name) => `(objectClass=${name})`).join('')})`

/** Read first, so that the hub knows where an object lives before it sees it. */
export const containerFilter = (kind: DirectoryKind): string => anyOf(containerClasses[kind])

/**
 * Computers are users too, to Active Directory; not to us. Elsewhere nothing is excluded: a class that the server does
 * not know would make such a filter match nothing.
 */
export function observedFilter(kind: DirectoryKind): string {
  const classes = anyOf([...leafClasses[kind], ...containerClasses[kind]])
  return kind === 'activeDirectory' ? `(&${classes}(!(objectClass=computer)))` : classes
}

const containerNames = new Set(Object.values(containerClasses).flatMap((names) => names.map((n) => n.toLowerCase())))

export const isContainer = (classes: readonly Buffer[]): boolean =>
  classes.some((name) => containerNames.has(name.toString('latin1').toLowerCase()))

/** The attribute list of a search: what mappings read and what capture needs, each name once whatever its case. */
export function attributeList(wanted: readonly string[], needed: readonly string[]): string[] {
  const names = new Map<string, string>()
  for (const name of [...needed, ...wanted]) if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name)
  return [...names.values()]
}
