/** User principal names and mail aliases: what the cloud takes, and what becomes of what it does not. */
import { primarySmtp, secondarySmtp } from './proxy-addresses.ts'

/** What a tenant has verified, lower-case. */
export interface TenantDomains {
  readonly verified: ReadonlySet<string>
  readonly initial: string
}

export type SuffixPolicy =
  | { readonly is: 'hold' }
  | { readonly is: 'initialDomain' }
  | { readonly is: 'replace'; readonly from: string; readonly to: string }

export type PrincipalName =
  /** As the forest has it. */
  | { readonly is: 'kept'; readonly name: string }
  /** Another one, which stays while `basis` does. */
  | { readonly is: 'made'; readonly name: string; readonly basis: string }
  | { readonly is: 'held'; readonly reason: 'unverifiedSuffix' | 'invalidName'; readonly message: string }

/** Characters that a principal name may have before the @ (source: Graph v1.0, limits of users). */
const localPart = /^[A-Za-z0-9'.\-_!#^~]+$/

/**
 * | name                                  | hold | initialDomain                  | replace                                    |
 * |---------------------------------------|------|--------------------------------|--------------------------------------------|
 * | suffix verified, characters allowed   | kept | kept                           | kept                                       |
 * | suffix is `from`, and `to` verified   | held | <mailNickname>@<initial>       | the same name under `to`                   |
 * | any other suffix                      | held | <mailNickname>@<initial>       | held                                       |
 * | characters that are not allowed       | held | <mailNickname>@<initial>       | held                                       |
 *
 * Without known domains every suffix passes: the target is asked, and refuses what it does not know.
 */
export function principalName(of: {
  readonly name: string
  readonly mailNickname: string | undefined
  readonly domains: TenantDomains | undefined
  readonly policy: SuffixPolicy
}): PrincipalName {
  const { name, domains, policy } = of
  if (!domains) return { is: 'kept', name }
  const at = name.lastIndexOf('@')
  const local = name.slice(0, Math.max(0, at))
  const suffix = name.slice(at + 1).toLowerCase()
  const isAllowed = at > 0 && localPart.test(local)
  if (isAllowed && domains.verified.has(suffix)) return { is: 'kept', name }
  const basis = `userPrincipalName=${name.toLowerCase()}`
  if (policy.is === 'initialDomain' && of.mailNickname && domains.initial !== '') {
    return { is: 'made', name: `${of.mailNickname}@${domains.initial}`, basis }
  }
  if (isAllowed && policy.is === 'replace' && suffix === policy.from && domains.verified.has(policy.to)) {
    return { is: 'made', name: `${local}@${policy.to}`, basis: `${basis}>${policy.to}` }
  }
  if (!isAllowed) {
    const message = 'the user principal name has characters that the cloud does not take'
    return { is: 'held', reason: 'invalidName', message }
  }
  return { is: 'held', reason: 'unverifiedSuffix', message: `the tenant has not verified the domain ${suffix}` }
}

export interface AliasSources {
  readonly mailNickname: string | undefined
  readonly proxyAddresses: readonly string[]
  readonly mail: string | undefined
  readonly userPrincipalName: string | undefined
  /** Account or common name: where nothing else names the object. */
  readonly name: string | undefined
}

const beforeAt = (address: string | undefined): string | undefined => address?.split('@')[0] || undefined

/**
 * The first that is there (source: how Entra populates mailNickname): the alias; what stands before the @ of the primary
 * SMTP address, of mail, of the principal name, of another SMTP address; the name. It is drawn once: `basis` changes with
 * the alias of the forest only. Characters that a target refuses become "_".
 */
export function mailAlias(of: AliasSources): { readonly alias: string; readonly basis: string } | undefined {
  const own = of.mailNickname?.trim()
  const found =
    own ||
    beforeAt(primarySmtp(of.proxyAddresses)) ||
    beforeAt(of.mail?.trim()) ||
    beforeAt(of.userPrincipalName) ||
    beforeAt(secondarySmtp(of.proxyAddresses)) ||
    of.name
  if (!found) return undefined
  return { alias: found.replaceAll(/[^A-Za-z0-9!#$%&'*+\-./=?^_`{|}~]/g, '_'), basis: `mailNickname=${own ?? ''}` }
}
