/** What the services say about themselves, asked once. */
import { type Channels, call } from '@canopy/chassis'
import { capture, introspection, resolve, write } from '@canopy/proto'
import type { PipelineState } from './in-sync.ts'

export interface Snapshot {
  readonly forests: readonly {
    readonly name: string
    readonly server: string
    readonly objects: number
    readonly memberships: number
    readonly complete: boolean
    readonly waiting: boolean
    readonly code: string
  }[]
  readonly clouds: readonly {
    readonly name: string
    readonly mode: string
    readonly created: number
    readonly updated: number
    readonly deleted: number
    readonly held: number
    readonly objects: number
    readonly objectsEqual: number
    readonly edges: number
    readonly edgesEqual: number
  }[]
  readonly conflicts: number
  /** Objects read, resolved, and equal in the cloud: the progress of the pipeline. */
  readonly read: number
  readonly resolved: number
  readonly written: number
}

export async function takeSnapshot(channels: Channels): Promise<{ snapshot: Snapshot; pipeline: PipelineState }> {
  const status = (service: string) =>
    call(channels.client(service, introspection.IntrospectionClient), 'getServiceStatus', { service })
  const [forests, resolved, targets, captured, reached] = await Promise.all([
    call(channels.client('capture', capture.CaptureClient), 'getForests', {}),
    call(channels.client('resolve', resolve.ResolveClient), 'getResolveStatus', {}),
    call(channels.client('write', write.WriteClient), 'getTargets', {}),
    status('capture'),
    status('write'),
  ])
  const snapshot: Snapshot = {
    forests: forests.partitions.map((partition) => ({
      name: partition.forest,
      server: partition.server,
      objects: partition.users + partition.groups + partition.contacts,
      memberships: partition.memberships,
      complete: partition.complete,
      waiting: partition.state === 'PARTITION_STATE_WAITING',
      code: partition.code,
    })),
    clouds: targets.targets.map((target) => ({
      name: target.target,
      mode: target.mode,
      created: target.created,
      updated: target.updated + target.disabled,
      deleted: target.deleted,
      held: target.held,
      objects: target.objects,
      objectsEqual: target.objectsEqual,
      edges: target.edges,
      edgesEqual: target.edgesEqual,
    })),
    conflicts: resolved.conflicts,
    read: sum(forests.partitions.map((partition) => partition.users + partition.groups + partition.contacts)),
    resolved: resolved.identities,
    written: sum(targets.targets.map((target) => target.objectsEqual)),
  }
  return {
    snapshot,
    pipeline: {
      partitions: forests.partitions,
      captured: captured.watermarks,
      reached: reached.watermarks,
      targets: targets.targets,
    },
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
