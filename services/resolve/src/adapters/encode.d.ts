/** Encodes messages that are stored, with one writer whose buffer grows once instead of for every message. */
import { contribution, desired } from '@canopy/proto'
export declare const encodeContribution: (of: contribution.Contribution) => Uint8Array
export declare const encodeDesired: (of: desired.DesiredObject) => Uint8Array
