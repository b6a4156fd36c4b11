/**
 * Keys fall into so many buckets. A batch of 500 objects has thousands of keys, and PostgreSQL's table of locks has room for
 * some thousands in all; so many buckets bound what a transaction holds, while small live batches seldom meet.
 */
export const buckets = 1024
/** FNV-1a, finished as murmur3 does, so that alike keys spread. */
export function bucketOf(key) {
  let h = 0x811c9dc5
  for (let n = 0; n < key.length; n++) h = Math.imul(h ^ key.charCodeAt(n), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0) % buckets
}
export const objectKey = (forest, guid) => `o:${forest}/${guid}`
export const sidKey = (sid) => `s:${sid}`
export const anchorKey = (anchor) => `i:${anchor}`
/** Keys of one object of an identity: itself, its SID, what it claims and what it refers to. */
export function* keysOf(of) {
  yield objectKey(of.forest, of.guid)
  if (of.sid) yield sidKey(of.sid)
  for (const claim of of.claims) yield `c:${claim}`
  for (const attribute in of.references) yield objectKey(of.forest, of.references[attribute])
}
/** Ascending and distinct. */
export const sortedBuckets = (keys) => {
  const found = new Set()
  for (const key of keys) found.add(bucketOf(key))
  return [...found].sort((a, b) => a - b)
}
//# sourceMappingURL=lock-keys.js.map
