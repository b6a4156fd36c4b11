/** The topic table: every topic, its key, its payload and how long records stay. */
import type { BinaryWriter } from '@bufbuild/protobuf/wire'
import { DirectoryObject, SourceEdge } from '../gen/canopy/capture/v1/change.ts'
import { Configuration } from '../gen/canopy/control/v1/configuration.ts'
import { Decision, DesiredEdge, DesiredObject } from '../gen/canopy/resolve/v1/desired.ts'
import { Contribution } from '../gen/canopy/transform/v1/contribution.ts'
import { Result } from '../gen/canopy/write/v1/result.ts'

/** How a payload becomes bytes and back; what ts-proto generates per message. Methods, so that any topic is a `Topic`. */
export interface Codec<M> {
  /** Into a writer that is reused where one is given. */
  encode(message: M, writer?: BinaryWriter): { finish(): Uint8Array }
  decode(input: Uint8Array): M
}

/** One topic. `orderingSegments` leading `/`-separated parts of a key decide its partition. */
export interface Topic<M = unknown> {
  readonly name: string
  readonly codec: Codec<M>
  readonly key: string
  readonly orderingSegments: number
  readonly cleanup: 'compact' | 'delete'
  /** Partitions on Kafka, and on the embedded bus. Checked at start, never changed. */
  readonly partitions: { readonly kafka: number; readonly embedded: number }
}

const partitions = { kafka: 12, embedded: 4 } as const

const topic = <M>(
  name: string,
  codec: Codec<M>,
  key: string,
  orderingSegments: number,
  cleanup: Topic['cleanup'] = 'compact',
): Topic<M> => ({ name, codec, key, orderingSegments, cleanup, partitions })

/** Key builders stand beside the topics they belong to. */
export const topics = {
  changes: topic('canopy.changes', DirectoryObject, 'forest/guid', 2),
  edges: topic('canopy.edges', SourceEdge, 'forest/group guid/member', 2),
  contributions: topic('canopy.contributions', Contribution, 'forest/guid', 2),
  decisions: topic('canopy.decisions', Decision, 'decision id', 1),
  desired: topic('canopy.desired', DesiredObject, 'anchor', 1),
  desiredEdges: topic('canopy.desired-edges', DesiredEdge, 'group anchor/member anchor', 1),
  results: topic('canopy.results', Result, 'anchor', 1, 'delete'),
  config: { ...topic('canopy.config', Configuration, 'configuration name', 1), partitions: { kafka: 1, embedded: 1 } },
} as const

/** The part of a key that decides its partition. */
export function orderingPart(of: Pick<Topic, 'orderingSegments'>, key: string): string {
  let end = -1
  for (let n = 0; n < of.orderingSegments; n++) {
    end = key.indexOf('/', end + 1)
    if (end < 0) return key
  }
  return key.slice(0, end)
}
