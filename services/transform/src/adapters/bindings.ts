/** Binds the DNs that scopes name to GUIDs: once, by asking capture, and kept by configuration name. */
import type { Sql } from '@canopy/chassis'
import type { Configured } from '../core/configured.ts'
import { dnsOf } from '../core/scope.ts'
import type { Bindings } from '../ports.ts'
import { askForEvaluation } from './evaluated.sql.ts'

/** Asks capture; DNs that name nothing are left out. */
export interface AskCapture {
  readonly containers: (forest: string, dns: readonly string[]) => Promise<ReadonlyMap<string, string>>
  readonly group: (forest: string, dn: string) => Promise<string | undefined>
}

const pauseMs = 500

interface ForestBindings {
  readonly bound: Map<string, string>
  readonly containers: Set<string>
  readonly groups: Set<string>
  askedMs: number
  asking: Promise<void> | undefined
}

/** Reads what was bound before; throws what the store throws. */
export async function bindings(of: {
  readonly sql: Sql
  readonly config: Configured
  readonly ask: AskCapture
  readonly nowMs: () => number
  /** Told when something was bound. */
  readonly onBound: () => void
  /** Told when capture cannot be asked; the DNs stay unbound. */
  readonly onFailure: (error: unknown) => void
}): Promise<Bindings> {
  const { config } = of
  const forests = new Map<string, ForestBindings>()
  for (const [forest, { rule }] of config.scopes) {
    const { containers, groups } = dnsOf(rule)
    forests.set(forest, {
      bound: new Map(),
      containers: new Set(containers.map(folded)),
      groups: new Set(groups.map(folded)),
      askedMs: Number.NEGATIVE_INFINITY,
      asking: undefined,
    })
  }
  const text = 'select forest, dn, guid from binding where configuration = $1'
  const rows = await of.sql.query<{ forest: string; dn: string; guid: string }>(text, [config.name])
  for (const row of rows) forests.get(row.forest)?.bound.set(row.dn, row.guid)
  return {
    of: async (forest) => {
      const known = forests.get(forest)
      if (!known) return () => undefined
      // Never waited for: whoever asks holds a connection of the store, and binding needs one.
      if (missing(known).length > 0) askOnce(of, forest, known)
      return (dn) => known.bound.get(folded(dn))
    },
    unbound: () => [...forests].flatMap(([forest, known]) => missing(known).map((dn) => ({ forest, dn }))),
  }
}

const folded = (dn: string): string => dn.trim().toLowerCase()

const missing = (of: ForestBindings): string[] => [...of.containers, ...of.groups].filter((dn) => !of.bound.has(dn))

function askOnce(of: Parameters<typeof bindings>[0], forest: string, known: ForestBindings): void {
  if (known.asking || of.nowMs() - known.askedMs < pauseMs) return
  known.askedMs = of.nowMs()
  known.asking = bind(of, forest, known)
    .catch(of.onFailure)
    .finally(() => {
      known.asking = undefined
    })
}

async function bind(of: Parameters<typeof bindings>[0], forest: string, known: ForestBindings): Promise<void> {
  const found = new Map<string, string>()
  const containers = [...known.containers].filter((dn) => !known.bound.has(dn))
  if (containers.length > 0) {
    for (const [dn, guid] of await of.ask.containers(forest, containers)) found.set(folded(dn), guid)
  }
  for (const dn of known.groups) {
    if (known.bound.has(dn)) continue
    const guid = await of.ask.group(forest, dn)
    if (guid) found.set(dn, guid)
  }
  if (found.size === 0) return
  await of.sql.query(
    `insert into binding (configuration, forest, dn, guid)
     select $1, $2, dn, guid from unnest($3::text[], $4::text[]) as b(dn, guid) on conflict do nothing`,
    [of.config.name, forest, [...found.keys()], [...found.values()]],
  )
  await askForEvaluation(of.sql, of.config.name)
  const text = 'select dn, guid from binding where configuration = $1 and forest = $2'
  const rows = await of.sql.query<{ dn: string; guid: string }>(text, [of.config.name, forest])
  for (const row of rows) known.bound.set(row.dn, row.guid)
  of.onBound()
}
