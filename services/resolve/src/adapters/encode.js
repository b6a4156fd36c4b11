/** Encodes messages that are stored, with one writer whose buffer grows once instead of for every message. */
import { contribution, desired } from '@canopy/proto'

/** Empty: `finish` empties it, also after a message that could not be encoded. */
const writer = contribution.Contribution.encode(contribution.Contribution.fromPartial({}))
const finished = (encode) => {
  try {
    return encode().finish()
  } catch (error) {
    writer.finish()
    throw error
  }
}
export const encodeContribution = (of) => finished(() => contribution.Contribution.encode(of, writer))
export const encodeDesired = (of) => finished(() => desired.DesiredObject.encode(of, writer))
//# sourceMappingURL=encode.js.map
