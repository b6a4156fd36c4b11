/** What a transaction locks: hashes of everything that must not change under it, in one order for all. */
interface Lockable {
  readonly forest: string
  readonly guid: string
  readonly sid: string
  readonly claims: readonly string[]
  readonly references: Readonly<Record<string, string>>
}
/**
 * Keys fall into so many buckets. A batch of 500 objects has thousands of keys, and PostgreSQL's table of locks has room for
 * some thousands in all; so many buckets bound what a transaction holds, while small live batches seldom meet.
 */
export declare const buckets = 1024
/** FNV-1a, finished as murmur3 does, so that alike keys spread. */
export declare function bucketOf(key: string): number
export declare const objectKey: (forest: string, guid: string) => string
export declare const sidKey: (sid: string) => string
export declare const anchorKey: (anchor: string) => string
/** Keys of one object of an identity: itself, its SID, what it claims and what it refers to. */
export declare function keysOf(of: Lockable): Generator<string>
/** Ascending and distinct. */
export declare const sortedBuckets: (keys: Iterable<string>) => number[]
