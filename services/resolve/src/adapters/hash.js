/** Names made of hashes: anchors and case ids. */
import { createHash } from 'node:crypto'
/**
 * The anchor of the identity whose first object has this source anchor: a name-based UUID, so that a store built again
 * agrees. `of` tells apart an object that could not join, because its forest is in that identity already.
 */
export function deriveAnchor(kind, sourceAnchor, of = '') {
  const hash = createHash('sha256').update(`canopy.anchor\0${kind}\0${sourceAnchor}\0${of}`).digest()
  hash[6] = (hash[6] & 0x0f) | 0x50
  hash[8] = (hash[8] & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
const base32 = 'abcdefghijklmnopqrstuvwxyz234567'
/** "case_" and eight letters: the same two identities in conflict over the same value always have the same id. */
export function caseId(claim, loser) {
  const hash = createHash('sha256').update(`canopy.case\0${claim}\0${loser}`).digest()
  let id = 'case_'
  for (let n = 0; n < 8; n++) id += base32[hash[n] & 31]
  return id
}
/** 16 bytes are enough to tell two desired objects apart. */
export const digestOf = (bytes) => createHash('sha256').update(bytes).digest().subarray(0, 16)
//# sourceMappingURL=hash.js.map
