/** Takes checkpoints: a watermark when the feed had no more data and nothing follows in chunks. */
import type { Out, Tx } from '@canopy/chassis'
import type { PartitionRow } from './partitions.sql.ts'
import { anySweep } from './sweeps.sql.ts'

/** After a change at most one per second, idle one each 30 s. */
const changedMs = 1_000
const idleMs = 30_000

/** What is to be done now; the row is changed in place. `wait`: changes are not yet covered by a checkpoint. */
export async function checkpoint(tx: Tx, out: Out, partition: PartitionRow): Promise<'taken' | 'wait' | 'none'> {
  if (!partition.complete || !partition.caught_up) return 'none'
  const dueMs = partition.dirty ? changedMs : idleMs
  if (partition.since_ms < dueMs) return partition.dirty ? 'wait' : 'none'
  if (await anySweep(tx, partition.forest, partition.domain)) return 'wait'
  partition.checkpoint += 1n
  partition.dirty = false
  out.putWatermark({
    forest: partition.forest,
    partition: partition.naming_context,
    epoch: partition.generation,
    checkpoint: partition.checkpoint,
    observedAt: partition.fresh_at ?? undefined,
    objects: partition.users + partition.groups + partition.contacts,
    edges: partition.memberships,
  })
  return 'taken'
}
