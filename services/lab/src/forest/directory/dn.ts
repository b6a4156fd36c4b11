/** Distinguished names: reading them with every escape clients use, and writing them the way AD does. */

export interface Rdn {
  readonly type: string
  readonly value: string
}

/** Splits a DN into RDNs, nearest first; undefined when it is not a DN. */
export function parseDn(text: string): readonly Rdn[] | undefined {
  const rdns: Rdn[] = []
  let at = 0
  while (at < text.length) {
    const equals = text.indexOf('=', at)
    if (equals < 0) return undefined
    const type = text.slice(at, equals).trim()
    if (!/^[A-Za-z][\w.-]*$|^\d+(\.\d+)*$/.test(type)) return undefined
    const value = readValue(text, equals + 1)
    if (value === undefined || value.text === '') return undefined
    rdns.push({ type: type.toUpperCase(), value: value.text })
    at = value.next
    if (at < text.length && text[at - 1] === ',' && text.slice(at).trim() === '') return undefined
  }
  return rdns
}

function readValue(text: string, from: number): { text: string; next: number } | undefined {
  let at = from
  while (text[at] === ' ') at++
  if (!text.includes('\\', at) && text[at] !== '"') {
    const comma = text.indexOf(',', at)
    const end = comma < 0 ? text.length : comma
    return { text: text.slice(at, end).replace(/ +$/, ''), next: comma < 0 ? end : end + 1 }
  }
  return readEscaped(text, at)
}

function readEscaped(text: string, from: number): { text: string; next: number } | undefined {
  const bytes: Buffer[] = []
  let at = from
  let keep = 0
  const quoted = text[at] === '"'
  if (quoted) at++
  for (; at < text.length; at++) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
    if (quoted ? character === '"' : character === ',') break
    if (character === '\\') {
      const pair = text.slice(at + 1, at + 3)
      if (/^[0-9a-f]{2}$/i.test(pair)) {
        bytes.push(Buffer.from(pair, 'hex'))
        at += 2
      } else if (at + 1 < text.length) {
        bytes.push(Buffer.from(text[at + 1] ?? ''))
        at += 1
      } else return undefined
      keep = bytes.length
    } else {
      bytes.push(Buffer.from(character))
      at += character.length - 1
      if (quoted || character !== ' ') keep = bytes.length
    }
  }
  if (quoted) {
    if (text[at] !== '"') return undefined
    at++
    while (text[at] === ' ') at++
  }
  return { text: Buffer.concat(bytes.slice(0, keep)).toString('utf8'), next: at < text.length ? at + 1 : at }
}

/** One RDN value, escaped for a DN. */
export function escapeRdnValue(value: string): string {
  if (!/[,+"\\<>;\n\r\0]|^[ #]| $/.test(value)) return value
  return value
    .replace(/[,+"\\<>;]/g, '\\$&')
    .replaceAll('\n', '\\0A')
    .replaceAll('\r', '\\0D')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
}

export function formatRdn(rdn: Rdn): string {
  return `${rdn.type}=${escapeRdnValue(rdn.value)}`
}

/** The key by which siblings are told apart: type and value without case. */
export function rdnKey(type: string, value: string): string {
  return `${type}=${value}`.toLowerCase()
}
