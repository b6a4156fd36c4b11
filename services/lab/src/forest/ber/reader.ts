/** Reads BER with every length checked against what is there. */

/** The bytes are not the BER that was expected. */
export class BerFailure extends Error {
  override readonly name = 'BerFailure'
}

export class BerReader {
  readonly #bytes: Buffer
  #position: number
  readonly #end: number

  constructor(bytes: Buffer, position = 0, end: number = bytes.length) {
    this.#bytes = bytes
    this.#position = position
    this.#end = end
  }

  get done(): boolean {
    return this.#position >= this.#end
  }

  /** The tag of the next element, or -1 at the end. */
  peek(): number {
    return this.done ? -1 : (this.#bytes[this.#position] ?? -1)
  }

  /** Enters the next element, whatever or exactly which tag it has. */
  enter(tag?: number): { readonly tag: number; readonly content: BerReader } {
    const { found, start, end } = this.#element(tag)
    this.#position = end
    return { tag: found, content: new BerReader(this.#bytes, start, end) }
  }

  /** The content of the next element; the bytes are shared with the message. */
  octets(tag?: number): Buffer {
    const { start, end } = this.#element(tag)
    this.#position = end
    return this.#bytes.subarray(start, end)
  }

  /** Everything that is left, as it is. */
  rest(): Buffer {
    const rest = this.#bytes.subarray(this.#position, this.#end)
    this.#position = this.#end
    return rest
  }

  string(tag?: number): string {
    return this.octets(tag).toString('utf8')
  }

  integer(tag = 0x02): number {
    const content = this.octets(tag)
    if (content.length === 0 || content.length > 6) throw new BerFailure('integer of an impossible length')
    return content.readIntBE(0, content.length)
  }

  boolean(tag = 0x01): boolean {
    return (this.octets(tag)[0] ?? 0) !== 0
  }

  #element(tag: number | undefined): { found: number; start: number; end: number } {
    const found = this.#byte(this.#position)
    if (tag !== undefined && found !== tag) throw new BerFailure(`tag ${tag} expected, ${found} found`)
    let start = this.#position + 2
    let length = this.#byte(this.#position + 1)
    if (length >= 0x80) {
      const count = length & 0x7f
      if (count === 0 || count > 4) throw new BerFailure('indefinite or oversized length')
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + this.#byte(start + i)
      start += count
    }
    const end = start + length
    if (end > this.#end) throw new BerFailure('an element reaches beyond its parent')
    return { found, start, end }
  }

  #byte(at: number): number {
    const byte = at < this.#end ? this.#bytes[at] : undefined
    if (byte === undefined) throw new BerFailure('truncated')
    return byte
  }
}

/** Size of the whole element that begins at `position`, or undefined while its header is not there yet. */
export function elementSize(bytes: Buffer, position: number): number | undefined {
  const first = bytes[position + 1]
  if (first === undefined) return undefined
  if (first < 0x80) return first + 2
  const count = first & 0x7f
  if (count === 0 || count > 4) throw new BerFailure('indefinite or oversized length')
  if (bytes.length < position + 2 + count) return undefined
  return bytes.readUIntBE(position + 2, count) + 2 + count
}
