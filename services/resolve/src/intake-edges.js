/** Takes source memberships in: stored until the barrier lets decisions be made, derived at once afterwards. */
import { isGuid } from '@canopy/domain'
import { deriveEdges, writeSourceEdges } from './adapters/edges.sql.js'
import { lockGroups, lockShared } from './adapters/locks.sql.js'
import { objectKey, sidKey, sortedBuckets } from './core/lock-keys.js'
import { putEdges } from './put-edges.js'
/** Both ends are locked first, so that none comes alive or goes without the edge, or the other way round. */
export async function takeEdges(intake) {
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
  if (isStored || written.size === 0) return
  const keys = [...written].map((key) => edges.get(key).edge)
  const changes = await deriveEdges(
    tx,
    keys.map((edge) => ({ forest: edge.forest, group: edge.groupGuid, member: edge.member })),
  )
  const [first] = edges.values()
  await putEdges(intake, changes, (source) => {
    const known = edges.get(source) ?? first
    return known && { observedAt: known.edge.source?.observedAt, headers: known.headers }
  })
}
function newestByKey(intake) {
  const newest = new Map()
  for (const { message, headers } of intake.records) {
    const edge = message
    const key = `${edge.forest}/${edge.groupGuid}/${edge.member}`
    const known = newest.get(key)
    if (!known || known.edge.version < edge.version) newest.set(key, { edge, headers })
  }
  return newest
}
async function lockEnds(intake, edges) {
  const keys = new Set()
  const groups = new Map()
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
//# sourceMappingURL=intake-edges.js.map
