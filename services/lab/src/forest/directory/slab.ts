/**
 * Values of many entries, packed outside the heap: a million entries cost their bytes and nothing for the collector to follow.
 *
 * An entry's values follow each other, slot by slot:
 *
 * | first byte | then |
 * |---|---|
 * | 0 | nothing: no value |
 * | 1 | number of a text that many entries share |
 * | 2 | length and UTF-8 of a text |
 * | 3 | length and bytes of a binary value |
 * | 4 | how many values, and these |
 */
import type { Value } from './entry.ts'
import type { AttributeType } from './schema.ts'

export type Stored = Value | readonly Value[] | undefined

const chunkBytes = 1 << 20
/** Texts of one attribute that are remembered as shared; one that has more has texts of its own for each entry. */
const mostShared = 255
const longestShared = 64
const largestValue = 0xffff

export class Slab {
  readonly #chunks: Buffer[] = []
  #position = chunkBytes
  readonly #shared: string[] = []
  readonly #numbers = new Map<AttributeType, Map<string, number> | 'own'>()
  #scratch = Buffer.allocUnsafeSlow(64 * 1024)
  #lastAt = -1
  #last: readonly Stored[] = []

  /** Where the values now are; undefined for those too large to be packed. */
  pack(types: readonly AttributeType[], values: readonly Stored[]): number | undefined {
    let length = 0
    for (const [slot, type] of types.entries()) {
      const end = this.#write(type, values[slot], length)
      if (end === undefined) return undefined
      length = end
    }
    if (this.#chunks.length === 0 || this.#position + length > chunkBytes) {
      this.#chunks.push(Buffer.allocUnsafeSlow(chunkBytes))
      this.#position = 0
    }
    this.#scratch.copy(this.#chunks.at(-1) as Buffer, this.#position, 0, length)
    const at = (this.#chunks.length - 1) * chunkBytes + this.#position
    this.#position += length
    return at
  }

  unpack(at: number, count: number): readonly Stored[] {
    if (at === this.#lastAt && count === this.#last.length) return this.#last
    const reader = { bytes: this.#chunks[Math.floor(at / chunkBytes)] as Buffer, at: at % chunkBytes }
    const values: Stored[] = []
    for (let slot = 0; slot < count; slot++) values.push(this.#read(reader))
    this.#lastAt = at
    this.#last = values
    return values
  }

  /** The end of what was written; undefined where it does not fit. */
  #write(type: AttributeType, value: Stored, at: number): number | undefined {
    const bytes = this.#scratch
    if (at + 8 > bytes.length) return undefined
    if (value === undefined) {
      bytes[at] = 0
      return at + 1
    }
    if (typeof value === 'string') {
      const number = this.#shareOf(type, value)
      if (number !== undefined) {
        bytes[at] = 1
        return bytes.writeUInt16LE(number, at + 1)
      }
      const length = Buffer.byteLength(value)
      if (length > largestValue || at + 3 + length > bytes.length) return undefined
      bytes[at] = 2
      bytes.writeUInt16LE(length, at + 1)
      return at + 3 + bytes.write(value, at + 3, 'utf8')
    }
    if (Buffer.isBuffer(value)) {
      if (value.length > largestValue || at + 3 + value.length > bytes.length) return undefined
      bytes[at] = 3
      bytes.writeUInt16LE(value.length, at + 1)
      return at + 3 + value.copy(bytes, at + 3)
    }
    const list = value as readonly Value[]
    if (list.length > 255) return undefined
    bytes[at] = 4
    bytes[at + 1] = list.length
    let end: number | undefined = at + 2
    for (const each of list) if (end !== undefined) end = this.#write(type, each, end)
    return end
  }

  #shareOf(type: AttributeType, text: string): number | undefined {
    if (text.length > longestShared) return undefined
    const known = this.#numbers.get(type)
    if (known === 'own' || (known === undefined && this.#shared.length > largestValue - mostShared)) return undefined
    const numbers = known ?? new Map<string, number>()
    if (known === undefined) this.#numbers.set(type, numbers)
    const number = numbers.get(text)
    if (number !== undefined) return number
    if (numbers.size >= mostShared) {
      this.#numbers.set(type, 'own')
      return undefined
    }
    numbers.set(text, this.#shared.length)
    this.#shared.push(text)
    return this.#shared.length - 1
  }

  #read(reader: { readonly bytes: Buffer; at: number }): Stored {
    const { bytes } = reader
    const kind = bytes[reader.at++]
    if (kind === 0) return undefined
    if (kind === 4) return Array.from({ length: bytes[reader.at++] ?? 0 }, () => this.#read(reader) as Value)
    const number = bytes.readUInt16LE(reader.at)
    reader.at += 2
    if (kind === 1) return this.#shared[number]
    const start = reader.at
    reader.at += number
    if (kind === 2) return bytes.toString('utf8', start, reader.at)
    return Buffer.from(bytes.subarray(start, reader.at))
  }
}
