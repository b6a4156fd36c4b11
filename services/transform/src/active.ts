/** A configuration version with the GUIDs of its scopes. */
import type { Configured } from './core/configured.ts'
import type { Chance } from './core/inputs.ts'
import { type Bound, dnsOf } from './core/scope.ts'

export interface Unbound {
  readonly forest: string
  /** Lower-case. */
  readonly containers: readonly string[]
  readonly groups: readonly string[]
}

export interface Active {
  readonly config: Configured
  readonly epoch: bigint
  readonly chance: Chance
  readonly bound: (forest: string) => Bound
  /** DNs that name nothing yet, by forest. */
  readonly unbound: readonly Unbound[]
}

export function activeOf(of: {
  readonly config: Configured
  readonly epoch: bigint
  readonly chance: Chance
  readonly bound: ReadonlyMap<string, ReadonlyMap<string, string>>
}): Active {
  return {
    config: of.config,
    epoch: of.epoch,
    chance: of.chance,
    bound: (forest) => {
      const known = of.bound.get(forest)
      return (dn) => known?.get(folded(dn))
    },
    unbound: unboundOf(of.config, of.bound),
  }
}

/** DNs of a configuration that name nothing yet. */
export function unboundOf(
  config: Configured,
  bound: ReadonlyMap<string, ReadonlyMap<string, string>>,
): readonly Unbound[] {
  const found: Unbound[] = []
  for (const [forest, { rule }] of config.scopes) {
    const known = bound.get(forest)
    const missing = (dns: readonly string[]): string[] =>
      [...new Set(dns.map(folded))].filter((dn) => known?.get(dn) === undefined)
    const dns = dnsOf(rule)
    const one = { forest, containers: missing(dns.containers), groups: missing(dns.groups) }
    if (one.containers.length + one.groups.length > 0) found.push(one)
  }
  return found
}

const folded = (dn: string): string => dn.trim().toLowerCase()
