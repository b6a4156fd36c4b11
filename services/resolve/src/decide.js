import { decisionTiers } from '@canopy/domain'
import {
  crowded,
  knownForests,
  moveTo,
  nextUndecided,
  readBarrier,
  readWatermarks,
  refreshStatistics,
  writeBarrier,
} from './adapters/barrier.sql.js'
import { members } from './adapters/contributions.sql.js'
import { writeDecisions } from './adapters/decisions.sql.js'
import { deriveEdges, nextSourceEdges } from './adapters/edges.sql.js'
import { deriveAnchor } from './adapters/hash.js'
import { identities } from './adapters/identities.sql.js'
import { lockBarrier, steerPlans } from './adapters/locks.sql.js'
import { putEdges } from './put-edges.js'
import { settle } from './settle.js'

const identitiesPerStep = 500
const edgesPerStep = 2_000
/** Forests of which not every directory partition is in. */
export function missingForests(rules, watermarks) {
  const seen = new Map()
  for (const { forest } of watermarks) seen.set(forest, (seen.get(forest) ?? 0) + 1)
  return [...rules.awaited]
    .filter(([forest, partitions]) => (seen.get(forest) ?? 0) < partitions)
    .map(([forest]) => forest)
}
/** One step towards the open barrier, alone: intake waits meanwhile. Returns where that led. */
export async function step(of) {
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
      return barrier.state
  }
}
async function open({ tx, out, rules, now }) {
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
  await writeBarrier(tx, { state: 'deciding', cursor: { lists } })
  await refreshStatistics(tx)
  const body = { $case: 'barrierOpened', value: { name: rules.name, watermarks } }
  const reason = 'every awaited forest was read'
  await writeDecisions(tx, out, [{ id: `barrier/${rules.name}`, body, reason }], now)
  return 'deciding'
}
/** An identity is decided when the first of its objects is met. */
async function decide(of, { cursor }) {
  const { tx } = of
  const [list, ...rest] = cursor.lists ?? []
  if (!list) {
    await refreshStatistics(tx)
    await writeBarrier(tx, { state: 'deriving', cursor: {} })
    return 'deriving'
  }
  const rows = await nextUndecided(tx, { ...list, after: cursor, limit: identitiesPerStep })
  const last = rows.at(-1)
  if (!last) {
    await writeBarrier(tx, { state: 'deciding', cursor: { lists: rest } })
    return 'deciding'
  }
  const all = [...new Set(rows.map((row) => row.anchor))]
  const decided = await identities(tx, all)
  const anchors = all.filter((anchor) => !decided.has(anchor))
  await settle({ ...of, members: await members(tx, anchors), anchors, isDeciding: true })
  const after = { lists: cursor.lists, createdAt: last.created_at, guid: last.guid }
  await writeBarrier(tx, { state: 'deciding', cursor: after })
  return 'deciding'
}
async function derive(of, { cursor }) {
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
//# sourceMappingURL=decide.js.map
