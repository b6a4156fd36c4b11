/**
 * The anchor of the identity whose first object has this source anchor: a name-based UUID, so that a store built again
 * agrees. `of` tells apart an object that could not join, because its forest is in that identity already.
 */
export declare function deriveAnchor(kind: string, sourceAnchor: string, of?: string): string
/** "case_" and eight letters: the same two identities in conflict over the same value always have the same id. */
export declare function caseId(claim: string, loser: string): string
/** 16 bytes are enough to tell two desired objects apart. */
export declare const digestOf: (bytes: Uint8Array) => Uint8Array
