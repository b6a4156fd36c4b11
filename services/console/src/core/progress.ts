/** How far the cloud has come: per forest what reached the end of the pipeline, and one word for all of it. */
import type { capture, record, write } from '@canopy/proto'

/** One directory partition of one forest. */
export interface ForestProgress {
  readonly forest: string
  readonly domain: string
  readonly server: string
  readonly agent: string
  readonly dialect: string
  readonly state: 'connecting' | 'reading' | 'following' | 'waiting'
  /** Cannot see deletions. */
  readonly blind: boolean
  /** Objects that a complete reading missed, held until a person looked. */
  readonly missing: number
  /** Places that are read again beside the stream. */
  readonly placeReadings: readonly capture.Reading[]
  readonly code: string
  readonly message: string
  readonly mend: string
  readonly objects: number
  readonly memberships: number
  /** Of these, how many have come to the end of the pipeline. */
  readonly reachedObjects: number
  readonly reachedMemberships: number
  /** Everything capture has passed on has come to the end of the pipeline. */
  readonly reached: boolean
  readonly freshAt: Date | undefined
  readonly complete: boolean
  readonly entriesRead: number
  readonly optional: boolean
  /** How often the partition was read from the start: the epoch of its last watermark. */
  readonly readings: bigint
}

export interface Watermarks {
  readonly captured: readonly record.Watermark[]
  readonly reached: readonly record.Watermark[]
}

export function forestProgress(partition: capture.PartitionStatus, { captured, reached }: Watermarks): ForestProgress {
  const objects = partition.users + partition.groups + partition.contacts
  const from = find(captured, partition)
  const to = find(reached, partition)
  const all = from !== undefined && to !== undefined && atLeast(to, from)
  return {
    forest: partition.forest,
    domain: partition.domain,
    server: partition.server,
    agent: partition.agent,
    dialect: partition.dialect,
    state: stateWord(partition.state),
    blind: partition.blind,
    missing: partition.missing,
    placeReadings: partition.readings,
    code: partition.code,
    message: partition.message,
    mend: partition.mend,
    objects,
    memberships: partition.memberships,
    reachedObjects: all ? objects : Math.min(to?.objects ?? 0, objects),
    reachedMemberships: all ? partition.memberships : Math.min(to?.edges ?? 0, partition.memberships),
    reached: all,
    freshAt: partition.freshAt,
    complete: partition.complete,
    entriesRead: partition.entriesRead,
    optional: partition.optional,
    readings: from?.epoch ?? 0n,
  }
}

const find = (watermarks: readonly record.Watermark[], of: capture.PartitionStatus): record.Watermark | undefined =>
  watermarks.find(
    ({ forest, partition }) => forest === of.forest && partition.toLowerCase() === of.namingContext.toLowerCase(),
  )

/** Compared by (epoch, checkpoint). */
export const atLeast = (a: record.Watermark, b: record.Watermark): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.checkpoint >= b.checkpoint)

function stateWord(state: capture.PartitionStatus['state']): ForestProgress['state'] {
  switch (state) {
    case 'PARTITION_STATE_SNAPSHOT':
      return 'reading'
    case 'PARTITION_STATE_STREAM':
      return 'following'
    case 'PARTITION_STATE_WAITING':
      return 'waiting'
    case 'PARTITION_STATE_CONNECTING':
    case 'PARTITION_STATE_UNSPECIFIED':
    case 'UNRECOGNIZED':
      return 'connecting'
    default:
      return state satisfies never
  }
}

/**
 *   down       a service that the answer depends on does not answer
 *   waiting    something outside must change first: a credential, a certificate
 *   reading    a forest is being read for the first time, or there is none yet
 *   resolving  what was read is on its way through the pipeline
 *   writing    changes are due in a target
 *   inSync     nothing is left to do (held operations and conflicts wait for people)
 */
export type SyncState = 'down' | 'waiting' | 'reading' | 'resolving' | 'writing' | 'inSync'

export function syncState(of: {
  readonly down: boolean
  readonly forests: readonly ForestProgress[]
  readonly targets: readonly write.TargetStatus[]
}): SyncState {
  if (of.down) return 'down'
  if (of.forests.some(({ state }) => state === 'waiting') || of.targets.some(({ state }) => state === 'waiting')) {
    return 'waiting'
  }
  if (of.forests.length === 0 || of.forests.some(({ complete }) => !complete)) return 'reading'
  if (of.targets.length === 0 || of.forests.some(({ reached }) => !reached)) return 'resolving'
  const due = of.targets.some(
    (target) => target.mode !== 'observe' && Object.values(target.backlog).some((count) => count > 0),
  )
  return due ? 'writing' : 'inSync'
}
