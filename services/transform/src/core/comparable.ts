/** The bytes of a contribution that decide whether it says anything new. */
import { contribution } from '@canopy/proto'

/** One writer for all: its buffer grows once instead of for every object. `finish` empties it. */
const writer = contribution.Contribution.encode(contribution.Contribution.fromPartial({}))

/** Everything but versions, provenance and steps; equal bytes are equal contributions. */
export function comparable(of: contribution.Contribution): Uint8Array {
  const bare = { ...of, version: 0n, sourceVersion: 0n, configurationVersion: 0n, source: undefined, steps: [] }
  try {
    return contribution.Contribution.encode(bare, writer).finish()
  } catch (error) {
    writer.finish()
    throw error
  }
}
