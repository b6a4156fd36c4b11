/** Proxy addresses: a set of prefixed addresses of which one SMTP address is the primary one, marked by capital letters. */

interface Address {
  readonly prefix: string
  readonly address: string
  /** Equal for equal addresses, and their order. */
  readonly key: string
}

/** Letters, digits and "-". */
const prefixUnit = (unit: number): boolean =>
  (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x2d

function prefixLength(text: string): number {
  let at = 0
  while (at < text.length && prefixUnit(text.charCodeAt(at))) at++
  return text.charCodeAt(at) === 0x3a ? at : 0
}

/** A value without a prefix is an SMTP address; an empty one is none. */
function parse(value: string): Address | undefined {
  const text = value.trim()
  const length = prefixLength(text)
  const prefix = length === 0 ? 'smtp' : text.slice(0, length)
  const address = length === 0 ? text : text.slice(length + 1).trim()
  return address === '' ? undefined : { prefix, address, key: `${prefix}:${address}`.toLowerCase() }
}

const byKey = (a: Address, b: Address): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/**
 * One spelling and one order for equal sets, so that what a directory returns in another order is no change:
 *
 * | part                      | rule                                                                           |
 * |---------------------------|--------------------------------------------------------------------------------|
 * | primary address           | the first `SMTP:`; further ones become `smtp:`; none stays none                |
 * | other SMTP addresses      | `smtp:`, sorted without regard to case                                         |
 * | other types (x500, sip, …)| prefix and address as they are, behind the SMTP addresses, sorted               |
 * | equal addresses           | once, the primary one first                                                    |
 */
export function canonicalProxyAddresses(values: readonly string[]): string[] {
  if (values.length === 0) return []
  const addresses: Address[] = []
  let primary: Address | undefined
  for (const value of values) {
    const address = parse(value)
    if (!address) continue
    addresses.push(address)
    if (address.prefix === 'SMTP') primary ??= address
  }
  const seen = new Set<string>()
  const secondary: Address[] = []
  const others: Address[] = []
  if (primary) seen.add(primary.key)
  for (const address of addresses) {
    if (seen.has(address.key)) continue
    seen.add(address.key)
    if (address.key.startsWith('smtp:')) secondary.push(address)
    else others.push(address)
  }
  const made = primary ? [`SMTP:${primary.address}`] : []
  for (const { address } of secondary.sort(byKey)) made.push(`smtp:${address}`)
  for (const { prefix, address } of others.sort(byKey)) made.push(`${prefix}:${address}`)
  return made
}

/** The address without its prefix. */
export const primarySmtp = (values: readonly string[]): string | undefined =>
  values.find((value) => value.startsWith('SMTP:'))?.slice(5)

/** The first SMTP address that is not the primary one, in canonical order. */
export const secondarySmtp = (values: readonly string[]): string | undefined =>
  canonicalProxyAddresses(values)
    .find((value) => value.startsWith('smtp:'))
    ?.slice(5)
