/** Reads the attributes of one object as the values that rules work on. */
import {
  type AttributeSyntax,
  attributeSyntax,
  attributeText,
  dnToDomain,
  ExpressionFailure,
  type Read,
  type Value,
} from '@canopy/domain'
import type { change } from '@canopy/proto'

/** A name of an attribute, in any spelling, as a small number: an object's values then are an array. */
interface Name {
  readonly number: number
  readonly syntax: AttributeSyntax
}

const spelled = new Map<string, Name>()
const lowered = new Map<string, Name>()
/** Schemas have a few thousand names; what comes after so many is not kept. */
const maxNames = 4_096
const noName: Name = { number: -1, syntax: 'text' }

function nameOf(name: string): Name {
  const known = spelled.get(name)
  if (known) return known
  const lower = name.toLowerCase()
  const same = lowered.get(lower) ?? (lowered.size < maxNames ? numbered(lower) : noName)
  if (same !== noName && spelled.size < 4 * maxNames) spelled.set(name, same)
  return same
}

function numbered(lower: string): Name {
  const made = { number: lowered.size, syntax: attributeSyntax(lower) }
  lowered.set(lower, made)
  return made
}

const percent = 0x25

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
      return name.charCodeAt(0) === percent ? parameter(object, name) : undefined
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

const decode = (syntax: AttributeSyntax, lowerName: string, bytes: Buffer): string =>
  syntax === 'text' ? bytes.toString('utf8') : attributeText(lowerName, bytes)

export interface Reader {
  /** Throws where the attribute is too long to travel. */
  readonly read: Read
  /** For verdicts: an attribute too long to travel is present and equals nothing. */
  readonly readOrMark: Read
  readonly bytes: (lowerName: string) => Uint8Array | undefined
}

const tooLong = '\0too long'

/** What is there of one attribute: its bytes, and the value once it was read. */
type Cell = readonly Buffer[] | string | readonly string[]

const isRead = (cell: Cell): cell is string | readonly string[] =>
  typeof cell === 'string' || typeof cell[0] === 'string'

/** Values are decoded when first read. */
export function reader(object: change.DirectoryObject): Reader {
  const cells = new Array<Cell | undefined>(lowered.size)
  let others: Map<string, readonly Buffer[]> | undefined
  for (const name in object.attributes) {
    const found = object.attributes[name]?.values
    if (!found || found.length === 0) continue
    const { number } = nameOf(name)
    if (number >= 0) cells[number] = found
    else others = (others ?? new Map<string, readonly Buffer[]>()).set(name.toLowerCase(), found)
  }
  let oversize: Set<string> | undefined
  for (const name in object.oversize) oversize = (oversize ?? new Set<string>()).add(name.toLowerCase())
  const read: Read = (lowerName) => {
    const name = lowered.get(lowerName) ?? noName
    const cell = name === noName ? others?.get(lowerName) : cells[name.number]
    if (cell === undefined) {
      if (oversize?.has(lowerName)) throw new Error('the source value is too long to travel')
      return ownValue(object, lowerName)
    }
    if (isRead(cell)) return cell
    const { syntax } = name === noName ? { syntax: attributeSyntax(lowerName) } : name
    const value =
      cell.length === 1 ? decode(syntax, lowerName, cell[0]!) : cell.map((bytes) => decode(syntax, lowerName, bytes))
    if (name !== noName) cells[name.number] = value
    return value
  }
  const readOrMark: Read = (name) => (oversize?.has(name) ? tooLong : read(name))
  return { read, readOrMark, bytes: (name) => bytesOf(name) }

  function bytesOf(lowerName: string): Uint8Array | undefined {
    for (const name in object.attributes) {
      if (name.length === lowerName.length && name.toLowerCase() === lowerName)
        return object.attributes[name]?.values[0]
    }
    return undefined
  }
}
