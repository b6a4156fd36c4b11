import { topics } from '@canopy/proto'
import { activate, activeConfiguration, askReworkOfAll, evaluatedVersion } from './adapters/configuration.sql.js'
import { rulesOf } from './core/rules.js'
import { events } from './events.js'
export function rulesDesk(of) {
  let used
  let rules
  let offered
  const use = (version) => {
    used = version
    rules = rulesOf(version)
    events.rulesActive({ configuration: version.name, version: String(version.version) })
  }
  const refresh = async () => {
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
      if (before && resolvesDifferently(before, next)) await askReworkOfAll(tx)
    })
    use(next)
  }
  return {
    rules: () => rules,
    offer: async (version) => {
      offered = version
      await refresh()
    },
    refresh,
  }
}
function resolvesDifferently(a, b) {
  const shown = (of) =>
    JSON.stringify([
      of.forests.map((forest) => forest.name),
      of.precedence,
      of.accountEnabled,
      Object.entries(of.conflicts).sort(),
    ])
  return shown(a) !== shown(b)
}
//# sourceMappingURL=rules-desk.js.map
