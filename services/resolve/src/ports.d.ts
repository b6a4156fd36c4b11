/** What resolve's core works on. */
import type { contribution, desired } from '@canopy/proto'
/** "<forest>/<guid>". */
export type ObjectKey = string
/** A contribution with the identity it belongs to. */
export interface Member {
  readonly contribution: contribution.Contribution
  readonly anchor: string
}
/** never: was not desired yet · live · held: desired, scope unknown · left: left scope · gone */
export type IdentityState = 'never' | 'live' | 'held' | 'left' | 'gone'
/** An identity as it was last decided. */
export interface Identity {
  readonly anchor: string
  readonly kind: string
  readonly sourceAnchor: string
  readonly version: bigint
  readonly incarnation: bigint
  readonly state: IdentityState
  readonly members: number
  readonly digest: Uint8Array
  /** Decoded when asked for. */
  readonly desired: () => desired.DesiredObject
}
/** A desired membership that changed. */
export interface EdgeChange {
  readonly group: string
  readonly member: string
  readonly present: boolean
  readonly incarnation: bigint
  readonly version: bigint
  /** One of the source edges that map to it: "<forest>/<group guid>/<member>"; none where it is absent. */
  readonly source: string
  readonly wasPresent: boolean
}
