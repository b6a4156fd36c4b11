/** How the processes of the bus contract reach the same bus, and what they say to each other. */
import { type ChildProcess, fork } from 'node:child_process'
import { type Bus, kafkaBus, leasePools, postgresBus, postgresSql } from '@canopy/chassis'
import type { Topic } from '@canopy/proto'

/** What another process needs to open the same bus. */
export type BusConnection =
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }
  | { readonly kind: 'kafka'; readonly brokers: readonly string[] }

export type MemberOrder =
  | { readonly kind: 'consume'; readonly connection: BusConnection; readonly topic: string; readonly group: string }
  | {
      readonly kind: 'append'
      readonly connection: BusConnection
      readonly topic: string
      readonly name: string
      readonly count: number
    }
  | { readonly kind: 'position'; readonly partition: number; readonly position: string }

export type MemberReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'position?'; readonly partition: number }
  | { readonly kind: 'handled'; readonly partition: number; readonly offsets: readonly string[] }
  | { readonly kind: 'assigned'; readonly partitions: readonly number[] }
  | { readonly kind: 'appended' }
  | { readonly kind: 'failed'; readonly message: string }

const raw: Topic<Uint8Array>['codec'] = { encode: (message) => ({ finish: () => message }), decode: (input) => input }

/** A topic of the contract alone: four partitions on either bus. */
export function plainTopic(name: string, cleanup: Topic['cleanup'] = 'compact', partitions = 4): Topic<Uint8Array> {
  return { name, codec: raw, key: 'key', orderingSegments: 1, cleanup, partitions: { kafka: partitions, embedded: partitions } }
}
