/** A configuration version, compiled for mapping. */
import type { configuration } from '@canopy/proto'
import { compileRules, type KindRules, type RuleProblem } from './rules.ts'

export interface Configured {
  readonly name: string
  readonly version: bigint
  readonly forests: ReadonlySet<string>
  readonly kinds: ReadonlyMap<string, KindRules>
  /** By forest; none: everything is in scope. */
  readonly scopes: ReadonlyMap<string, configuration.ScopeRule>
  readonly problems: readonly RuleProblem[]
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
    forests: new Set(from.forests.map((forest) => forest.name)),
    ...compileRules(from.mappings),
    scopes,
  }
}

const added = (one: configuration.ScopeRule, other: configuration.ScopeRule): configuration.ScopeRule => ({
  ...one,
  includeOus: [...one.includeOus, ...other.includeOus],
  includeGroups: [...one.includeGroups, ...other.includeGroups],
  excludeOus: [...one.excludeOus, ...other.excludeOus],
  includeClauses: [...one.includeClauses, ...other.includeClauses],
  excludeClauses: [...one.excludeClauses, ...other.excludeClauses],
})
