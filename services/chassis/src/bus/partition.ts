/** Decides the partition of a key: a stable hash of its ordering part, the same on every bus and in every version. */
import { orderingPart, type Topic } from '@canopy/proto'

/**
 * The partition among `partitions` that keeps everything with the same ordering part in order.
 * Watermark keys belong to no partition: they are appended to every one explicitly.
 */
export function partitionOf(topic: Pick<Topic, 'orderingSegments'>, key: string, partitions: number): number {
  return partitions === 1 ? 0 : mixed(orderingPart(topic, key)) % partitions
}

/** FNV-1a over the UTF-16 code units, then murmur3's finalizer, so that the low bits depend on all of it. */
function mixed(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    h = Math.imul(h ^ (unit & 0xff), 0x01000193)
    if (unit > 0xff) h = Math.imul(h ^ (unit >>> 8), 0x01000193)
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A number of a key that does not follow from its partition. */
export function keyHash(key: string): number {
  return Math.imul(mixed(key), 0x9e3779b1) >>> 16
}
