/** What transform needs from outside its core. */
import type { contribution } from '@canopy/proto'

/** A contribution with what decides whether it is published. */
export interface Candidate {
  readonly contribution: contribution.Contribution
  readonly digest: Uint8Array
  readonly onlyIfKnown: boolean
}
