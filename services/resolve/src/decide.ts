/** Opens the barrier: decides every identity in one deterministic order, then derives every edge, in resumable steps. */
import type { Out, Tx } from '@canopy/chassis'
import { decisionTiers } from '@canopy/domain'
import type { record } from '@canopy/proto'
import {
  type Barrier,
  crowded,
  knownForests,
  moveTo,
  nextUndecided,
  readBarrier,
  readWatermarks,
  refreshStatistics,
  writeBarrier,
} from './adapters/barrier.sql.ts'
import { members } from './adapters/contributions.sql.ts'
import { writeDecisions } from './adapters/decisions.sql.ts'
import { deriveEdges, nextSourceEdges } from './adapters/edges.sql.ts'
import { deriveAnchor } from './adapters/hash.ts'
import { identities } from './adapters/identities.sql.ts'
import { lockBarrier, steerPlans } from './adapters/locks.sql.ts'
import { referrers } from './adapters/references.sql.ts'
import { hasIdentities } from './adapters/restored.sql.ts'
import { askRework } from './adapters/work.sql.ts'
import type { Rules } from './core/rules.ts'
import { putEdges } from './put-edges.ts'
import { settle } from './settle.ts'

const identitiesPerStep = 500
const edgesPerStep = 2_000

export interface Step {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  readonly now: Date
}

/** Forests of which not every directory partition is in. */
export function missingForests(rules: Rules, watermarks: readonly record.Watermark[]): string[] {
  const seen = new Map<string, number>()
  for (const { forest } of watermarks) seen.set(forest, (seen.get(forest) ?? 0) + 1)
  return [...rules.awaited]
    .filter(([forest, partitions]) => (seen.get(forest) ?? 0) < partitions)
    .map(([forest]) => forest)
}

/** One step towards the open barrier, alone: intake waits meanwhile. Returns where that led. */
export async function step(of: Step): Promise<Barrier['state'] | 'blocked'> {
  const { tx } = of
  await lockBarrier(tx, 'exclusive')
  await steerPlans(tx)
  const barrier = await readBarrier(tx)
  switch (barrier.state) {
    case 'waiting':
      return open(of)
    case 'deciding':
      return decide(of, barrier)
    case 'deriving':
      return derive(of, barrier)
    case 'open':
      return 'open'
    default:
      return barrier.state satisfies never
  }
}

async function open({ tx, out, rules, now }: Step): Promise<'deciding' | 'blocked'> {
  const watermarks = await readWatermarks(tx)
  if (missingForests(rules, watermarks).length > 0) return 'blocked'
  const moved = (await crowded(tx)).map((one) => ({
    ...one,
    anchor: deriveAnchor(one.kind, one.source_anchor, `${one.forest}/${one.guid}`),
  }))
  await moveTo(tx, moved)
  const known = await knownForests(tx)
  const forests = [...rules.order.forests, ...known.filter((forest) => !rules.order.forests.includes(forest))]
  const lists = decisionTiers.flatMap((kind) => forests.map((forest) => ({ kind, forest })))
  const isRestored = await hasIdentities(tx)
  await writeBarrier(tx, { state: 'deciding', cursor: { lists, isRestored } })
  await refreshStatistics(tx)
  if (isRestored) return 'deciding'
  const body = { $case: 'barrierOpened', value: { name: rules.name, watermarks } } as const
  const reason = 'every awaited forest was read'
  await writeDecisions(tx, out, [{ id: `barrier/${rules.name}`, body, reason }], now)
  return 'deciding'
}

/** An identity is decided when the first of its objects is met. */
async function decide(of: Step, { cursor }: Barrier): Promise<'deciding' | 'deriving'> {
  const { tx } = of
  const isRestored = cursor.isRestored ?? false
  const [list, ...rest] = cursor.lists ?? []
  if (!list) {
    await refreshStatistics(tx)
    await writeBarrier(tx, { state: 'deriving', cursor: {} })
    return 'deriving'
  }
  const rows = await nextUndecided(tx, { ...list, after: cursor, limit: identitiesPerStep })
  const last = rows.at(-1)
  if (!last) {
    await writeBarrier(tx, { state: 'deciding', cursor: { lists: rest, isRestored } })
    return 'deciding'
  }
  const all = [...new Set(rows.map((row) => row.anchor))]
  const decided = isRestored ? undefined : await identities(tx, all)
  const anchors = decided ? all.filter((anchor) => !decided.has(anchor)) : all
  const { flips } = await settle({ ...of, members: await members(tx, anchors), anchors, isDeciding: !isRestored })
  if (isRestored) {
    await askRework(
      tx,
      await referrers(
        tx,
        flips.map((flip) => flip.anchor),
      ),
    )
  }
  const after = { lists: cursor.lists, isRestored, createdAt: last.created_at, guid: last.guid }
  await writeBarrier(tx, { state: 'deciding', cursor: after })
  return 'deciding'
}

async function derive(of: Step, { cursor }: Barrier): Promise<'deriving' | 'open'> {
  const { tx } = of
  const keys = await nextSourceEdges(tx, { after: cursor.edge, limit: edgesPerStep })
  const edge = keys.at(-1)
  if (!edge) {
    await writeBarrier(tx, { state: 'open', cursor: {} })
    return 'open'
  }
  await putEdges(of, await deriveEdges(tx, keys))
  await writeBarrier(tx, { state: 'deriving', cursor: { edge } })
  return 'deriving'
}
