/** A compiled configuration with the domains that the tenants of its targets have verified. */
import type { configuration } from '@canopy/proto'
import type { ObservedDomains } from '../ports.ts'

export const withDomains = (
  of: configuration.Configuration,
  observed: ReadonlyMap<string, ObservedDomains>,
): configuration.Configuration => ({
  ...of,
  targets: of.targets.map((target) => {
    const domains = observed.get(target.name)
    return domains ? { ...target, verifiedDomains: [...domains.verified], initialDomain: domains.initial } : target
  }),
})
