/** Writes BER forward into one growing buffer, with four-byte lengths for everything constructed, the way AD does. */

const firstCapacity = 64 * 1024

export class BerWriter {
  #bytes: Buffer
  #position = 0

  constructor(capacity: number = firstCapacity) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#position
  }

  /** Opens a constructed element and returns the mark that `end` needs. */
  begin(tag: number): number {
    this.#reserve(6)
    this.#bytes[this.#position] = tag
    this.#bytes[this.#position + 1] = 0x84
    this.#position += 6
    return this.#position
  }

  end(mark: number): void {
    const length = this.#position - mark
    const bytes = this.#bytes
    bytes[mark - 4] = length >>> 24
    bytes[mark - 3] = length >>> 16
    bytes[mark - 2] = length >>> 8
    bytes[mark - 1] = length
  }

  integer(value: number, tag = 0x02): void {
    const content: number[] = []
    let rest = value
    do {
      content.unshift(((rest % 256) + 256) % 256)
      rest = Math.floor(rest / 256)
    } while (!((rest === 0 && (content[0] ?? 0) < 128) || (rest === -1 && (content[0] ?? 0) >= 128)))
    this.#reserve(content.length + 2)
    this.#bytes[this.#position++] = tag
    this.#bytes[this.#position++] = content.length
    for (const byte of content) this.#bytes[this.#position++] = byte
  }

  boolean(value: boolean, tag = 0x01): void {
    this.#reserve(3)
    this.#bytes[this.#position++] = tag
    this.#bytes[this.#position++] = 1
    this.#bytes[this.#position++] = value ? 0xff : 0
  }

  octets(value: Uint8Array, tag = 0x04): void {
    this.#header(tag, value.length)
    this.#bytes.set(value, this.#position)
    this.#position += value.length
  }

  string(value: string, tag = 0x04): void {
    const units = value.length
    if (units > 42) {
      const length = Buffer.byteLength(value)
      this.#header(tag, length)
      this.#position += this.#bytes.write(value, this.#position, 'utf8')
      return
    }
    this.#reserve(units * 3 + 2)
    const bytes = this.#bytes
    const start = this.#position + 2
    let at = start
    for (let i = 0; i < units; i++) {
      const unit = value.charCodeAt(i)
      if (unit >= 0x80) {
        at = start + bytes.write(value, start, 'utf8')
        break
      }
      bytes[at++] = unit
    }
    bytes[start - 2] = tag
    bytes[start - 1] = at - start
    this.#position = at
  }

  /** Bytes that are BER already. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#position)
    this.#position += value.length
  }

  /** Forgets everything written after `length`. */
  rewind(length: number): void {
    this.#position = length
  }

  /** What was written; the writer starts again in a buffer of its own. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#position)
    this.#bytes = Buffer.allocUnsafeSlow(firstCapacity)
    this.#position = 0
    return taken
  }

  #header(tag: number, length: number): void {
    this.#reserve(length + 6)
    const bytes = this.#bytes
    bytes[this.#position++] = tag
    if (length < 0x80) bytes[this.#position++] = length
    else if (length < 0x100) {
      bytes[this.#position++] = 0x81
      bytes[this.#position++] = length
    } else {
      bytes[this.#position++] = 0x84
      this.#position = bytes.writeUInt32BE(length, this.#position)
    }
  }

  #reserve(more: number): void {
    const needed = this.#position + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#position)
    this.#bytes = larger
  }
}
