/** The rules of a configuration that resolving needs, ready to be asked. */
import type { PrecedenceOrder } from '@canopy/domain'
import type { configuration } from '@canopy/proto'

export type AccountPolicy =
  | { readonly by: 'disableWins' }
  | { readonly by: 'anyEnabled' }
  | { readonly by: 'authority'; readonly forest: string }

export interface Rules {
  readonly name: string
  readonly version: bigint
  readonly order: PrecedenceOrder
  readonly accountEnabled: AccountPolicy
  /** What losing a claim on an attribute does. */
  readonly conflicts: ReadonlyMap<string, 'hold' | 'dropValue'>
  /** Forests the barrier waits for, and how many directory partitions each has. */
  readonly awaited: ReadonlyMap<string, number>
  /** How many directory partitions each forest has. */
  readonly partitions: ReadonlyMap<string, number>
}

const authority = 'authority:'

export function rulesOf(from: configuration.Configuration): Rules {
  const awaited = from.forests.filter(
    (forest) => !forest.optional && (forest.state === 'active' || forest.state === ''),
  )
  return {
    name: from.name,
    version: from.version,
    order: {
      forests: from.forests.map((forest) => forest.name),
      attributes: new Map(from.precedence.map((rule) => [rule.attribute, rule.order])),
    },
    accountEnabled: accountPolicy(from.accountEnabled),
    conflicts: new Map([
      ['userPrincipalName', 'hold'],
      ['proxyAddresses', 'dropValue'],
      ...Object.entries(from.conflicts).map(([attribute, effect]) => [attribute, effectOf(effect)] as const),
    ]),
    awaited: new Map(awaited.map(partitionsOf)),
    partitions: new Map(from.forests.map(partitionsOf)),
  }
}

const partitionsOf = (forest: configuration.Forest): [string, number] => [
  forest.name,
  Math.max(1, forest.domains.length),
]

/** Forests of which every directory partition is in; one the configuration no longer names is as it was. */
export function knownForests(rules: Rules, watermarks: readonly { readonly forest: string }[]): ReadonlySet<string> {
  const seen = new Map<string, number>()
  for (const { forest } of watermarks) seen.set(forest, (seen.get(forest) ?? 0) + 1)
  return new Set(
    [...seen].filter(([forest, count]) => count >= (rules.partitions.get(forest) ?? 1)).map(([name]) => name),
  )
}

const effectOf = (text: string): 'hold' | 'dropValue' => (text === 'dropValue' ? 'dropValue' : 'hold')

function accountPolicy(text: string): AccountPolicy {
  if (text === 'anyEnabled') return { by: 'anyEnabled' }
  if (text.startsWith(authority)) return { by: 'authority', forest: text.slice(authority.length) }
  return { by: 'disableWins' }
}
