/** Remembers which names a reading has told, by a hash of each: 16 bytes a name, whatever its length. */

const firstSlots = 1 << 14

export class SeenNames {
  /** Open addressing; 0 is a free slot. */
  private slots = new Float64Array(firstSlots)
  count = 0

  add(name: string): void {
    if (this.count * 2 > this.slots.length) this.grow()
    if (insert(this.slots, hash(name))) this.count++
  }

  /** A name spelled otherwise is not the same here; one in 10^15 that was never added is. */
  has(name: string): boolean {
    const key = hash(name)
    const mask = this.slots.length - 1
    for (let at = key % this.slots.length; ; at = (at + 1) & mask) {
      const found = this.slots[at]
      if (found === key) return true
      if (found === 0) return false
    }
  }

  private grow(): void {
    const slots = new Float64Array(this.slots.length * 2)
    for (const key of this.slots) if (key !== 0) insert(slots, key)
    this.slots = slots
  }
}

function insert(slots: Float64Array, key: number): boolean {
  const mask = slots.length - 1
  for (let at = key % slots.length; ; at = (at + 1) & mask) {
    if (slots[at] === key) return false
    if (slots[at] === 0) {
      slots[at] = key
      return true
    }
  }
}

/** 53 bits of two hashes (FNV-1a with two primes), case of ASCII letters ignored; never 0. */
function hash(name: string): number {
  let a = 0x811c9dc5
  let b = 0x9dc5811c
  for (let n = 0; n < name.length; n++) {
    const c = name.charCodeAt(n)
    const folded = c >= 0x41 && c <= 0x5a ? c + 0x20 : c
    a = Math.imul(a ^ folded, 0x01000193)
    b = Math.imul(b ^ folded, 0x01000197)
  }
  return (a >>> 0) * 2_097_152 + ((b ^ (b >>> 15)) >>> 11) || 1
}
