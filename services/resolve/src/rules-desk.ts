/** Knows which rules are used: a newer version's once everything was evaluated under it. */
import { type Bus, partitionOf, type Queryable, type Sql } from '@canopy/chassis'
import { type configuration, topics } from '@canopy/proto'
import {
  activate,
  activeConfiguration,
  askReworkOfAll,
  evaluatedPartitions,
  evaluatedVersion,
} from './adapters/configuration.sql.ts'
import { askReworkOfDeferred } from './adapters/work.sql.ts'
import { type Rules, rulesOf } from './core/rules.ts'
import type { Versions } from './core/versions.ts'
import { events } from './events.ts'

export interface RulesDesk {
  rules(): Rules | undefined
  /** For a transaction: the rules in use, and those of a version that is being evaluated. */
  versions(tx: Queryable): Promise<Versions>
  /** A version that was applied. The first is used at once. */
  offer(version: configuration.Configuration): Promise<void>
  /** Uses the offered version if it may be used by now, and asks for everything to be resolved again where that matters. */
  refresh(): Promise<void>
}

export function rulesDesk(of: { readonly sql: Sql; readonly bus: Bus }): RulesDesk {
  let used: configuration.Configuration | undefined
  let rules: Rules | undefined
  let offered: configuration.Configuration | undefined
  let newer: Rules | undefined
  const use = (version: configuration.Configuration): void => {
    used = version
    rules = rulesOf(version)
    events.rulesActive({ configuration: version.name, version: String(version.version) })
  }
  const refresh = async (): Promise<void> => {
    if (!offered || (used && offered.version <= used.version)) return
    const stored = used ? undefined : await activeConfiguration(of.sql)
    if (stored && !used) use(stored)
    if (used && offered.version <= used.version) return
    const next = offered
    if (used) {
      const evaluated = await evaluatedVersion(of.sql, of.bus.partitions(topics.contributions))
      if (evaluated < next.version) return
    }
    const before = used
    await of.sql.tx(async (tx) => {
      await activate(tx, next)
      await askReworkOfDeferred(tx)
      if (before && resolvesDifferently(before, next)) await askReworkOfAll(tx)
    })
    use(next)
  }
  return {
    rules: () => rules,
    versions: async (tx) => {
      if (!rules) throw new Error('no rules yet')
      if (!offered || offered.version <= rules.version) return { used: rules }
      if (newer?.version !== offered.version) newer = rulesOf(offered)
      const partitions = of.bus.partitions(topics.contributions)
      const evaluated = await evaluatedPartitions(tx, newer.version)
      const isEvaluated = ({ forest, guid }: { forest: string; guid: string }): boolean =>
        evaluated.has(partitionOf(topics.contributions, `${forest}/${guid}`, partitions))
      return { used: rules, next: { rules: newer, isEvaluated } }
    },
    offer: async (version) => {
      offered = version
      await refresh()
    },
    refresh,
  }
}

function resolvesDifferently(a: configuration.Configuration, b: configuration.Configuration): boolean {
  const shown = (of: configuration.Configuration): string =>
    JSON.stringify([
      of.forests.map((forest) => forest.name),
      of.precedence,
      of.accountEnabled,
      Object.entries(of.conflicts).sort(),
    ])
  return shown(a) !== shown(b)
}
