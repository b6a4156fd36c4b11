/** Which objects of a forest are read, as LDAP filters over object classes (never categories: those hide deletions). */

const containerClasses = [
  'organizationalUnit',
  'container',
  'domainDNS',
  'builtinDomain',
  'lostAndFound',
  'msExchSystemObjectsContainer',
] as const

const leafClasses = ['user', 'inetOrgPerson', 'group', 'contact', 'foreignSecurityPrincipal'] as const

const anyOf = (classes: readonly string[]): string => `(|${classes.map((name) => `(objectClass=${name})`).join('')})`

/** Read first, so that the hub knows where an object lives before it sees it. */
export const containerFilter = anyOf(containerClasses)

/** Computers are users too, to Active Directory; not to us. */
export const observedFilter = `(&${anyOf([...leafClasses, ...containerClasses])}(!(objectClass=computer)))`

/** The attribute list of a search: what mappings read and what capture needs, each name once whatever its case. */
export function attributeList(wanted: readonly string[], needed: readonly string[]): string[] {
  const names = new Map<string, string>()
  for (const name of [...needed, ...wanted]) if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name)
  return [...names.values()]
}
