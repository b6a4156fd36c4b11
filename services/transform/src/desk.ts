/** Knows what batches are mapped under, as the store says it: no process maps by an older version than another. */
import { Failure, type Sql, type Tx } from '@canopy/chassis'
import type { configuration } from '@canopy/proto'
import { type Active, activeOf } from './active.ts'
import { type ActiveRow, begin, holdEpoch, readActive, readBindings } from './adapters/active.sql.ts'
import { storedChance } from './adapters/chance.sql.ts'
import { configured } from './core/configured.ts'
import type { Chance } from './core/inputs.ts'
import { events } from './events.ts'

export interface Desk {
  /** As last seen by this process; undefined before the first configuration. */
  current(): Active | undefined
  /** What a batch is mapped under; it stays until the transaction ends. */
  enter(tx: Tx): Promise<Active>
  /** A version that was applied: the first is used at once, a newer one waits for the evaluator. */
  offer(version: configuration.Configuration): Promise<void>
  /** The newest version that was applied. */
  offered(): configuration.Configuration | undefined
  /** Reads the store. */
  refresh(): Promise<Active & Pick<ActiveRow, 'evaluated'>>
}

export function desk(sql: Sql): Desk {
  let current: Active | undefined
  let offered: configuration.Configuration | undefined
  let chance: Chance | undefined
  const load = async (from: Pick<Sql, 'query'>): Promise<Active & Pick<ActiveRow, 'evaluated'>> => {
    const row = await readActive(from)
    if (!row) throw nothingApplied()
    if (current?.epoch !== row.epoch) {
      const config = current?.config.version === row.version.version ? current.config : compiled(row.version)
      chance ??= await storedChance(from)
      current = activeOf({ config, epoch: row.epoch, chance, bound: await readBindings(from, config.name) })
    }
    return { ...current, evaluated: row.evaluated }
  }
  return {
    current: () => current,
    enter: async (tx) => {
      const epoch = await holdEpoch(tx)
      return current && current.epoch === epoch ? current : load(tx)
    },
    offer: async (version) => {
      offered = version
      await sql.tx((tx) => begin(tx, version))
      await load(sql)
    },
    offered: () => offered,
    refresh: () => load(sql),
  }
}

function compiled(version: configuration.Configuration): Active['config'] {
  const config = configured(version)
  for (const { rule, message, position } of config.problems) events.ruleUnreadable({ rule, problem: message, position })
  events.configured({ configuration: config.name, version: String(config.version) })
  return config
}

const nothingApplied = (): Failure =>
  new Failure({
    kind: 'transient',
    code: 'CANOPY-TRANSFORM-0001',
    message: 'there is no configuration yet',
    mend: 'apply a configuration first',
  })
