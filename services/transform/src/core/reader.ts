/** Reads the attributes of one object as the values that rules work on. */
import { attributeSyntax, attributeText, dnToDomain, ExpressionFailure, type Read, type Value } from '@canopy/domain'
import type { change } from '@canopy/proto'

const lowerNames = new Map<string, string>()
const maxNames = 10_000

/** Attribute names repeat in every object; lowering each once is enough. */
function lower(name: string): string {
  const known = lowerNames.get(name)
  if (known !== undefined) return known
  const text = name.toLowerCase()
  if (lowerNames.size < maxNames) lowerNames.set(name, text)
  return text
}

/** What the object itself says where the attribute did not travel. */
function ownValue(object: change.DirectoryObject, name: string): Value {
  switch (name) {
    case 'objectguid':
      return object.guid
    case 'objectsid':
      return object.sid || undefined
    case 'distinguishedname':
      return object.dn || undefined
    case 'name':
    case 'cn':
      return object.name || undefined
    case 'objectclass':
      return object.objectClasses.length > 0 ? object.objectClasses : undefined
    default:
      return name.startsWith('%') ? parameter(object, name) : undefined
  }
}

/** %Domain.FQDN% and its like: what the object's own name says of its domain. */
function parameter(object: change.DirectoryObject, name: string): Value {
  const at = object.dn.search(/(?<=^|,)\s*DC=/i)
  const domain = at < 0 ? undefined : object.dn.slice(at).trim()
  switch (name) {
    case '%domain.ldap%':
      return domain
    case '%domain.fqdn%':
      return domain === undefined ? undefined : dnToDomain(domain)
    default:
      throw new ExpressionFailure('the parameter is not known here: %Domain.FQDN% and %Domain.LDAP% are')
  }
}

const decode = (name: string, bytes: Buffer): string =>
  attributeSyntax(name) === 'text' ? bytes.toString('utf8') : attributeText(name, bytes)

export interface Reader {
  /** Throws where the attribute is too long to travel. */
  readonly read: Read
  /** For verdicts: an attribute too long to travel is present and equals nothing. */
  readonly readOrMark: Read
  readonly bytes: (lowerName: string) => Uint8Array | undefined
}

const tooLong = '\0too long'

/** Values are decoded when first read. */
export function reader(object: change.DirectoryObject): Reader {
  const values = new Map<string, readonly Buffer[]>()
  for (const name in object.attributes) {
    const found = object.attributes[name]?.values
    if (found && found.length > 0) values.set(lower(name), found)
  }
  let oversize: Set<string> | undefined
  for (const name in object.oversize) oversize = (oversize ?? new Set<string>()).add(lower(name))
  const decoded = new Map<string, Value>()
  const read: Read = (name) => {
    const known = decoded.get(name)
    if (known !== undefined) return known
    const raw = values.get(name)
    if (!raw) {
      if (oversize?.has(name)) throw new Error('the source value is too long to travel')
      return ownValue(object, name)
    }
    const value = raw.length === 1 ? decode(name, raw[0]!) : raw.map((bytes) => decode(name, bytes))
    decoded.set(name, value)
    return value
  }
  const readOrMark: Read = (name) => (oversize?.has(name) ? tooLong : read(name))
  return { read, readOrMark, bytes: (name) => values.get(name)?.[0] }
}
