/** Whether the cloud equals the forests now: where the watermarks are, and whether any work is left. */
import type { capture, record, write } from '@canopy/proto'

export interface PipelineState {
  readonly partitions: readonly capture.PartitionStatus[]
  /** What capture has passed on, and what has reached the end of the pipeline. */
  readonly captured: readonly record.Watermark[]
  readonly reached: readonly record.Watermark[]
  readonly targets: readonly write.TargetStatus[]
}

export type Verdict =
  | { readonly state: 'inSync' }
  | { readonly state: 'working'; readonly what: string }
  /** Something outside must change first. */
  | { readonly state: 'waiting'; readonly why: string; readonly mend: string }

const key = (watermark: record.Watermark): string => `${watermark.forest}/${watermark.partition}`

const atLeast = (a: record.Watermark, b: record.Watermark): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.checkpoint >= b.checkpoint)

export function verdict(state: PipelineState): Verdict {
  for (const partition of state.partitions) {
    if (partition.state === 'PARTITION_STATE_WAITING') {
      return { state: 'waiting', why: `${partition.code}  ${partition.message}`, mend: partition.mend }
    }
  }
  for (const target of state.targets) {
    if (target.state === 'waiting')
      return { state: 'waiting', why: `${target.code}  ${target.message}`, mend: target.mend }
  }
  const unread = state.partitions.find((partition) => !partition.complete)
  if (state.partitions.length === 0 || unread) return { state: 'working', what: 'reading' }
  const reached = new Map(state.reached.map((watermark) => [key(watermark), watermark]))
  for (const watermark of state.captured) {
    const end = reached.get(key(watermark))
    if (!end || !atLeast(end, watermark)) return { state: 'working', what: 'mapping and resolving' }
  }
  if (state.captured.length < state.partitions.length || state.targets.length === 0)
    return { state: 'working', what: 'mapping and resolving' }
  const due = state.targets.some(
    (target) => target.mode !== 'observe' && Object.values(target.backlog).some((count) => count > 0),
  )
  return due ? { state: 'working', what: 'writing' } : { state: 'inSync' }
}
