/** Remembers the text of attribute names and OIDs, which a server repeats in every entry, by their bytes. */

const slots = 1024
/** Longer than any name that is repeated. */
const longest = 64

interface Known {
  readonly bytes: Buffer
  readonly text: string
}

/** A cache of fixed size: a name that meets another one's slot replaces it, so that hostile names cost time, not memory. */
export class NameTable {
  private readonly known: (Known | undefined)[] = new Array<Known | undefined>(slots).fill(undefined)

  /** The text between start and end, which the caller has checked against the buffer. */
  text(buffer: Buffer, start: number, end: number): string {
    const length = end - start
    if (length > longest) return buffer.toString('latin1', start, end)
    let hash = length
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + buffer[at]!) | 0
    const slot = (hash ^ (hash >>> 10)) & (slots - 1)
    const known = this.known[slot]
    if (known !== undefined && same(known.bytes, buffer, start, length)) return known.text
    const text = buffer.toString('latin1', start, end)
    this.known[slot] = { bytes: Buffer.from(buffer.subarray(start, end)), text }
    return text
  }
}

function same(known: Buffer, buffer: Buffer, start: number, length: number): boolean {
  if (known.length !== length) return false
  for (let n = 0; n < length; n++) if (known[n] !== buffer[start + n]) return false
  return true
}
