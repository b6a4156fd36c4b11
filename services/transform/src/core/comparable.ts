/** The bytes of a contribution that decide whether it says anything new. */
import { contribution } from '@canopy/proto'

/** Everything but versions, provenance and steps; equal bytes are equal contributions. */
export const comparable = (of: contribution.Contribution): Uint8Array =>
  contribution.Contribution.encode({
    ...of,
    version: 0n,
    sourceVersion: 0n,
    configurationVersion: 0n,
    source: undefined,
    steps: [],
  }).finish()
