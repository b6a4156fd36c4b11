/** Takes distinguished names apart (RFC 4514) and puts them together. */

export interface Rdn {
  /** As spelled: "CN", "OU", "DC". */
  readonly type: string
  /** Unescaped. */
  readonly value: string
  /** As it stands in the name, escapes included. */
  readonly raw: string
}

/** Splits at unescaped, unquoted commas; surrounding blanks are dropped. Leaf first. */
export function splitDn(dn: string): string[] {
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let n = 0; n < dn.length; n++) {
    const c = dn.charCodeAt(n)
    if (c === 0x5c) n++
    else if (c === 0x22) quoted = !quoted
    else if (c === 0x2c && !quoted) {
      parts.push(trimRdn(dn.slice(start, n)))
      start = n + 1
    }
  }
  const last = trimRdn(dn.slice(start))
  if (last !== '' || parts.length > 0) parts.push(last)
  return parts
}

/** Only spaces are insignificant between parts: any other blank, such as a no-break space, is part of a name. */
const trimLeft = (text: string): string => text.replace(/^ +/, '')

/** A space behind a backslash belongs to the value. */
function trimRdn(raw: string): string {
  const left = trimLeft(raw)
  const right = left.replace(/ +$/, '')
  return right.endsWith('\\') && right.length < left.length ? left.slice(0, right.length + 1) : right
}

/** Undefined if there is no "type=value". */
export function parseRdn(raw: string): Rdn | undefined {
  const equals = raw.indexOf('=')
  if (equals <= 0) return undefined
  return { type: raw.slice(0, equals).trim(), value: unescapeRdnValue(trimLeft(raw.slice(equals + 1))), raw }
}

/** Leaf first; undefined if any part is not "type=value". */
export function parseDn(dn: string): readonly Rdn[] | undefined {
  const parts: Rdn[] = []
  for (const raw of splitDn(dn)) {
    const rdn = parseRdn(raw)
    if (!rdn) return undefined
    parts.push(rdn)
  }
  return parts
}

/** Everything behind the first unescaped comma; '' for a name of one part. */
export function parentDn(dn: string): string {
  for (let n = 0; n < dn.length; n++) {
    const c = dn.charCodeAt(n)
    if (c === 0x5c) n++
    else if (c === 0x2c) return trimLeft(dn.slice(n + 1))
  }
  return ''
}

/** The first part as it stands in the name. */
export function leafRdn(dn: string): string {
  return splitDn(dn)[0] ?? ''
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const hexPair = /^[0-9a-fA-F]{2}$/

/** Undoes `\,` and `\2C`; neighbouring hex pairs are UTF-8. */
export function unescapeRdnValue(raw: string): string {
  if (!raw.includes('\\')) return raw
  const bytes: number[] = []
  for (let n = 0; n < raw.length; n++) {
    const c = raw[n]!
    if (c !== '\\') {
      const point = String.fromCodePoint(raw.codePointAt(n)!)
      bytes.push(...encoder.encode(point))
      n += point.length - 1
      continue
    }
    const pair = raw.slice(n + 1, n + 3)
    if (hexPair.test(pair)) {
      bytes.push(Number.parseInt(pair, 16))
      n += 2
    } else if (n + 1 < raw.length) {
      const point = String.fromCodePoint(raw.codePointAt(n + 1)!)
      bytes.push(...encoder.encode(point))
      n += point.length
    }
  }
  return decoder.decode(new Uint8Array(bytes))
}

/** Escapes what RFC 4514 demands. */
export function escapeRdnValue(value: string): string {
  return value
    .replaceAll(/[\\,+"<>;=]/g, (c) => `\\${c}`)
    .replaceAll('\0', '\\00')
    .replaceAll('\n', '\\0A')
    .replaceAll('\r', '\\0D')
    .replace(/ $/, '\\ ')
    .replace(/^[ #]/, (c) => `\\${c}`)
}

/** Two names are the same entry if these are equal: canonical escapes, lower case, no blanks between parts. */
export function canonicalDn(dn: string): string {
  return splitDn(dn).map(canonicalRdn).join(',')
}

/** Canonical form of one part, for comparison only. */
export function canonicalRdn(raw: string): string {
  const rdn = parseRdn(raw)
  return rdn ? `${rdn.type}=${escapeRdnValue(rdn.value)}`.toLowerCase() : raw.toLowerCase()
}

/** "corp.contoso.com" → "DC=corp,DC=contoso,DC=com". */
export const domainToDn = (domain: string): string =>
  domain
    .split('.')
    .filter((label) => label !== '')
    .map((label) => `DC=${label}`)
    .join(',')

/** "DC=corp,DC=contoso,DC=com" → "corp.contoso.com"; undefined if a part is no DC. */
export function dnToDomain(dn: string): string | undefined {
  const parts = parseDn(dn)
  if (!parts || parts.length === 0 || parts.some((part) => part.type.toUpperCase() !== 'DC')) return undefined
  return parts
    .map((part) => part.value)
    .join('.')
    .toLowerCase()
}
