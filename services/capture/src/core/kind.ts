/** Says what an object is to Canopy, by its classes. */
import type { Kind } from '../ports.ts'

const containerClasses = new Set([
  'organizationalunit',
  'container',
  'domaindns',
  'builtindomain',
  'lostandfound',
  'msexchsystemobjectscontainer',
  // Of directories other than Active Directory.
  'organization',
  'domain',
  'dcobject',
  'locality',
  'country',
])
const groupClasses = ['group', 'groupofnames', 'groupofuniquenames', 'groupofmembers']

/** Computers, and service accounts that are computers by class, are nobody's users. */
export function kindOf(classes: readonly string[]): Kind {
  const names = new Set(classes.map((name) => name.toLowerCase()))
  if (names.has('computer')) return 'other'
  if (groupClasses.some((name) => names.has(name))) return 'group'
  if (names.has('user') || names.has('inetorgperson')) return 'user'
  if (names.has('contact')) return 'contact'
  for (const name of names) if (containerClasses.has(name)) return 'container'
  return 'other'
}

export const isForeignPrincipal = (classes: readonly string[]): boolean =>
  classes.some((name) => name.toLowerCase() === 'foreignsecurityprincipal')
