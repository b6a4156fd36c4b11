/** Proxy addresses: a set of prefixed addresses of which one SMTP address is the primary one, marked by capital letters. */

const prefixed = /^([A-Za-z0-9-]+):(.*)$/s

interface Address {
  readonly prefix: string
  readonly address: string
}

/** A value without a prefix is an SMTP address; an empty one is none. */
function parse(value: string): Address | undefined {
  const text = value.trim()
  const match = prefixed.exec(text)
  const [prefix, address] = match ? [match[1]!, match[2]!.trim()] : ['smtp', text]
  return address === '' ? undefined : { prefix, address }
}

const isSmtp = ({ prefix }: Address): boolean => prefix.toLowerCase() === 'smtp'
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

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
  const addresses = values.flatMap((value) => parse(value) ?? [])
  const primary = addresses.find(({ prefix }) => prefix === 'SMTP')
  const seen = new Set<string>(primary ? [`smtp:${primary.address.toLowerCase()}`] : [])
  const fresh = (of: Address): boolean => {
    const key = `${of.prefix.toLowerCase()}:${of.address.toLowerCase()}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
  const secondary = addresses.filter(isSmtp).filter(fresh)
  const others = addresses.filter((one) => !isSmtp(one)).filter(fresh)
  return [
    ...(primary ? [`SMTP:${primary.address}`] : []),
    ...secondary.map(({ address }) => `smtp:${address}`).sort((a, b) => order(a.toLowerCase(), b.toLowerCase())),
    ...others
      .map(({ prefix, address }) => `${prefix}:${address}`)
      .sort((a, b) => order(a.toLowerCase(), b.toLowerCase())),
  ]
}

/** The address without its prefix. */
export const primarySmtp = (values: readonly string[]): string | undefined =>
  values.find((value) => value.startsWith('SMTP:'))?.slice(5)

/** The first SMTP address that is not the primary one, in canonical order. */
export const secondarySmtp = (values: readonly string[]): string | undefined =>
  canonicalProxyAddresses(values)
    .find((value) => value.startsWith('smtp:'))
    ?.slice(5)
