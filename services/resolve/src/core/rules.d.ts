/** The rules of a configuration that resolving needs, ready to be asked. */
import type { PrecedenceOrder } from '@canopy/domain'
import type { configuration } from '@canopy/proto'
export type AccountPolicy =
  | {
      readonly by: 'disableWins'
    }
  | {
      readonly by: 'anyEnabled'
    }
  | {
      readonly by: 'authority'
      readonly forest: string
    }
export interface Rules {
  readonly name: string
  readonly version: bigint
  readonly order: PrecedenceOrder
  readonly accountEnabled: AccountPolicy
  /** What losing a claim on an attribute does. */
  readonly conflicts: ReadonlyMap<string, 'hold' | 'dropValue'>
  /** Forests the barrier waits for, and how many directory partitions each has. */
  readonly awaited: ReadonlyMap<string, number>
}
export declare function rulesOf(from: configuration.Configuration): Rules
