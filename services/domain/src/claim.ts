/** Claims: values that only one object of the cloud may hold, in the form in which two of them are equal. */

/** The attribute whose policy decides what losing the claim does. */
export type ClaimedAttribute = 'userPrincipalName' | 'proxyAddresses'

const smtp = /^smtp:/i
/** No name or address has control characters in it. */
const control = /\p{Cc}/u

/**
 * | attribute         | claims                                                    |
 * |-------------------|-----------------------------------------------------------|
 * | userPrincipalName | `userPrincipalName:ada@x`                                 |
 * | proxyAddresses    | `proxyAddresses:smtp:ada@x` of each SMTP address          |
 * | mail              | the same: the cloud keeps mail among the proxy addresses  |
 * | any other         | undefined                                                 |
 */
export function claimOf(attribute: string, value: string): string | undefined {
  const text = value.trim().toLowerCase()
  if (text === '' || control.test(text)) return undefined
  switch (attribute) {
    case 'userPrincipalName':
      return `userPrincipalName:${text}`
    case 'proxyAddresses':
      return smtp.test(text) && text.length > 5 ? `proxyAddresses:${text}` : undefined
    case 'mail':
      return `proxyAddresses:smtp:${text}`
    default:
      return undefined
  }
}

/** Attributes whose values are claims. */
export const claimingAttributes: readonly string[] = ['userPrincipalName', 'mail', 'proxyAddresses']

/** Each claim once, in the order of the attributes above. */
export function claimsOf(
  attributes: Readonly<Record<string, { readonly values: readonly string[] } | undefined>>,
): string[] {
  const claims = new Set<string>()
  for (const attribute of claimingAttributes) {
    for (const value of attributes[attribute]?.values ?? []) {
      const claim = claimOf(attribute, value)
      if (claim !== undefined) claims.add(claim)
    }
  }
  return [...claims]
}

/** The attribute before the first colon, and the value behind it. */
export function splitClaim(claim: string): { readonly attribute: string; readonly value: string } {
  const colon = claim.indexOf(':')
  return { attribute: claim.slice(0, colon), value: claim.slice(colon + 1) }
}
