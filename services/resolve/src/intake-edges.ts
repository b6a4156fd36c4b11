/** Takes source memberships in: stored until the barrier lets decisions be made, derived at once afterwards. */
import { traceOf } from '@canopy/chassis'
import { isGuid } from '@canopy/domain'
import type { change } from '@canopy/proto'
import { deriveEdges, writeSourceEdges } from './adapters/edges.sql.ts'
import { lockGroups, lockShared } from './adapters/locks.sql.ts'
import { objectKey, sidKey, sortedBuckets } from './core/lock-keys.ts'
import { noteChangedMemberships } from './group-scope.ts'
import type { Intake } from './intake-contributions.ts'
import { putEdges } from './put-edges.ts'

type SourceEdge = change.SourceEdge

/**
 * Both ends are locked first, so that none comes alive or goes without the edge, or the other way round. Returns whether work
 * is left for later.
 */
export async function takeEdges(intake: Intake): Promise<boolean> {
  const { tx } = intake
  const edges = newestByKey(intake)
  const isStored = intake.state === 'waiting' || intake.state === 'deciding'
  if (!isStored)
    await lockEnds(
      intake,
      [...edges.values()].map((one) => one.edge),
    )
  const written = await writeSourceEdges(
    tx,
    [...edges.values()].map((one) => one.edge),
  )
  const keys = [...written].map((key) => edges.get(key)!.edge)
  const changed = keys.map(({ forest, groupGuid: group, member }) => ({ forest, group, member }))
  const isNoted = intake.state !== 'waiting' && (await noteChangedMemberships(tx, changed))
  if (isStored || written.size === 0) return isNoted
  const changes = await deriveEdges(tx, changed)
  const [first] = edges.values()
  await putEdges(intake, changes, (source) => {
    const known = edges.get(source) ?? first
    return known && { observedAt: known.edge.source?.observedAt, headers: known.headers }
  })
  return isNoted
}

interface Told {
  readonly edge: SourceEdge
  readonly headers: Readonly<Record<string, string>>
}

function newestByKey(intake: Intake): Map<string, Told> {
  const newest = new Map<string, Told>()
  for (const record of intake.records) {
    const edge = record.message as SourceEdge
    const key = `${edge.forest}/${edge.groupGuid}/${edge.member}`
    const known = newest.get(key)
    if (!known || known.edge.version < edge.version) newest.set(key, { edge, headers: traceOf(record) })
  }
  return newest
}

async function lockEnds(intake: Intake, edges: readonly SourceEdge[]): Promise<void> {
  const keys = new Set<string>()
  const groups = new Map<string, SourceEdge>()
  for (const edge of edges) {
    keys.add(objectKey(edge.forest, edge.groupGuid))
    keys.add(isGuid(edge.member) ? objectKey(edge.forest, edge.member) : sidKey(edge.member))
    groups.set(`${edge.forest}/${edge.groupGuid}`, edge)
  }
  await lockShared(intake.tx, sortedBuckets(keys))
  const some = [...groups.values()]
  await lockGroups(
    intake.tx,
    some.map((edge) => edge.forest),
    some.map((edge) => edge.groupGuid),
  )
}
