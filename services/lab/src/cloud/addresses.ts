/** Mail addresses and the unique values of an object: who holds them, and what a change of mail makes of the proxies. */
import { conflict } from './failure.ts'
import { addressesOf, type Properties } from './store.ts'
import type { Tenant } from './tenant.ts'

/** The proxies after the primary address became `mail`: the new one first, the old one kept as a secondary. */
export function withPrimary(proxies: readonly string[], mail: string): readonly string[] {
  const folded = mail.toLowerCase()
  const others = proxies.filter((proxy) => proxy.slice(proxy.indexOf(':') + 1).toLowerCase() !== folded)
  return [`SMTP:${mail}`, ...others.map((proxy) => proxy.replace(/^SMTP:/, 'smtp:'))]
}

interface Claim {
  readonly id: string | undefined
  readonly before: Properties
  readonly after: Properties
}

/** Throws the 400 for the first unique value of `after` that another object holds, soft-deleted ones included. */
export function checkUnique(tenant: Tenant, claim: Claim): void {
  const { before, after, id } = claim
  for (const key of ['userPrincipalName', 'onPremisesImmutableId', 'uniqueName'] as const) {
    const value = after[key]
    if (typeof value !== 'string' || value === before[key]) continue
    const holder = tenant.store.holder(key, value)
    if (holder !== undefined && holder !== id) throw conflict(key, holder)
  }
  if (after.mail === before.mail && after.proxyAddresses === before.proxyAddresses) return
  for (const address of addressesOf(after)) {
    const holder = tenant.store.holder('address', address)
    if (holder === undefined || holder === id) continue
    const isMail = typeof after.mail === 'string' && after.mail.toLowerCase() === address
    throw conflict(isMail && after.mail !== before.mail ? 'mail' : 'proxyAddresses', holder)
  }
}
