/** Shards of the work: every object and edge belongs to one, and one process at a time works on it. */
export const shardCount = 8

/** FNV-1a over the anchor. */
export function shardOf(anchor: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < anchor.length; i++) hash = Math.imul(hash ^ anchor.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % shardCount
}

export const shardLease = (shard: number): string => `shard-${shard}`
