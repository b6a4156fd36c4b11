/** A configuration version, compiled for mapping. */
import type { SuffixPolicy, TenantDomains } from '@canopy/domain'
import type { configuration } from '@canopy/proto'
import { compileRules, type KindRules, type RuleProblem } from './rules.ts'
import { type CompiledScope, compileScope } from './scope.ts'

export interface Configured {
  readonly name: string
  readonly version: bigint
  readonly appliedAt: Date | undefined
  readonly forests: ReadonlySet<string>
  readonly kinds: ReadonlyMap<string, KindRules>
  /** A forest or a class has rules of its own. */
  readonly isSpecial: boolean
  /** By forest; none: everything is in scope. */
  readonly scopes: ReadonlyMap<string, CompiledScope>
  readonly problems: readonly RuleProblem[]
  /** Of the tenant; undefined while nobody knows them. */
  readonly domains: TenantDomains | undefined
  readonly suffix: SuffixPolicy
  /** Recipient classes, hidden and mailEnabledGroup → hold or carry. */
  readonly recipients: ReadonlyMap<string, string>
  /** A passed expiry date disables. */
  readonly expires: boolean
}

/** A forest has one scope rule; where several were given, each adds what it includes and excludes. */
export function configured(from: configuration.Configuration): Configured {
  const scopes = new Map<string, configuration.ScopeRule>()
  for (const rule of from.scopes) {
    const known = scopes.get(rule.forest)
    scopes.set(rule.forest, known ? added(known, rule) : rule)
  }
  return {
    name: from.name,
    version: from.version,
    appliedAt: from.appliedAt,
    forests: new Set(from.forests.map((forest) => forest.name)),
    ...compileRules(from.mappings),
    scopes: new Map([...scopes].map(([forest, rule]) => [forest, compileScope(rule)])),
    domains: domainsOf(from.targets),
    suffix: suffixOf(from),
    recipients: new Map(Object.entries(from.recipients)),
    expires: from.accountExpires !== 'ignore',
  }
}

function domainsOf(targets: readonly configuration.Target[]): TenantDomains | undefined {
  const target = targets.find((one) => one.verifiedDomains.length > 0)
  return target && { verified: new Set(target.verifiedDomains), initial: target.initialDomain }
}

function suffixOf(from: configuration.Configuration): SuffixPolicy {
  const replacement = from.unverifiedSuffixReplacement
  if (from.unverifiedSuffix === 'replace' && replacement) {
    return { is: 'replace', from: replacement.from.toLowerCase(), to: replacement.to.toLowerCase() }
  }
  return { is: from.unverifiedSuffix === 'initialDomain' ? 'initialDomain' : 'hold' }
}

const added = (one: configuration.ScopeRule, other: configuration.ScopeRule): configuration.ScopeRule => ({
  ...one,
  includeOus: [...one.includeOus, ...other.includeOus],
  includeGroups: [...one.includeGroups, ...other.includeGroups],
  excludeOus: [...one.excludeOus, ...other.excludeOus],
  includeClauses: [...one.includeClauses, ...other.includeClauses],
  excludeClauses: [...one.excludeClauses, ...other.excludeClauses],
  excludeGroups: [...one.excludeGroups, ...other.excludeGroups],
})
