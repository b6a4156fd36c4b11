/** What transform needs from outside its core. */
import type { contribution } from '@canopy/proto'
import type { Bound } from './core/scope.ts'

/** A contribution with what decides whether it is published. */
export interface Candidate {
  readonly contribution: contribution.Contribution
  readonly digest: Uint8Array
  readonly onlyIfKnown: boolean
}

/** GUIDs of the DNs that scopes name. */
export interface Bindings {
  /** Bindings of a forest known now; asks for the missing ones at most every half second. */
  of(forest: string): Promise<Bound>
  /** DNs that name nothing yet. */
  unbound(): readonly { readonly forest: string; readonly dn: string }[]
}
