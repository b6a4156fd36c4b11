/** Composes the desired object of an identity from where it stands, what its objects say and what it may hold. */
import type { contribution, desired, record } from '@canopy/proto'
import type { Identity, IdentityState } from '../ports.ts'
import type { LostClaim } from './claim-desk.ts'
import type { Merged } from './merge.ts'
import type { Standing } from './standing.ts'

type Contribution = contribution.Contribution
type DesiredObject = desired.DesiredObject
export interface Wish {
  readonly anchor: string
  readonly kind: string
  readonly sourceAnchor: string
  readonly standing: Standing
  readonly members: readonly Contribution[]
  readonly merged: Merged | undefined
  readonly lost: readonly LostClaim[]
  readonly references: Readonly<Record<string, string>>
  readonly before: Identity | undefined
  /** The identity that has the source anchor in the same forest already, where there is one. */
  readonly sourceAnchorHolder: string | undefined
}
export interface Desire {
  readonly state: IdentityState
  /** Undefined: it never was desired, or stays exactly what it was. Version, steps and time are still to be filled in. */
  readonly desired: DesiredObject | undefined
}
export declare function desire(wish: Wish): Desire
/** Steps of the newest of its objects, and when that was observed. */
export declare function newestOf(members: readonly Contribution[]): {
  observedAt: Date | undefined
  steps: record.Step[]
}
