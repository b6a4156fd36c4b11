/** Reads BER with every length checked against what encloses it. */
import type { NameTable } from './names.ts'

/** The peer sent bytes that are no LDAP; the connection cannot go on. */
export class BerError extends Error {
  override readonly name = 'BerError'
}

/** A cursor over one element's content. */
export class BerReader {
  readonly buffer: Buffer
  at: number
  end: number

  constructor(buffer: Buffer, start: number, end: number) {
    this.buffer = buffer
    this.at = start
    this.end = end
  }

  get more(): boolean {
    return this.at < this.end
  }

  /** Tag of the next element; -1 at the end. */
  peek(): number {
    return this.at < this.end ? this.buffer[this.at]! : -1
  }

  /** Enters the next element: returns where it ends and stands at its content. */
  enter(tag: number): number {
    if (this.peek() !== tag) throw new BerError(`expected tag ${tag}, found ${this.peek()}`)
    return this.enterAny()
  }

  enterAny(): number {
    if (this.at + 2 > this.end) throw new BerError('element cut short')
    let at = this.at + 1
    let length = this.buffer[at++]!
    if (length > 0x80) {
      const bytes = length & 0x7f
      if (bytes > 4 || at + bytes > this.end) throw new BerError('length not acceptable')
      length = 0
      for (let n = 0; n < bytes; n++) length = length * 256 + this.buffer[at++]!
    } else if (length === 0x80) throw new BerError('indefinite length not acceptable')
    const end = at + length
    if (end > this.end) throw new BerError('element longer than what encloses it')
    this.at = at
    return end
  }

  skip(): void {
    this.at = this.enterAny()
  }

  integer(tag = 0x02): number {
    const end = this.enter(tag)
    const length = end - this.at
    if (length < 1 || length > 5) throw new BerError('integer not acceptable')
    const value = this.buffer.readIntBE(this.at, length)
    this.at = end
    return value
  }

  /** A view of the content, not a copy. */
  bytes(tag = 0x04): Buffer {
    const end = this.enter(tag)
    const view = this.buffer.subarray(this.at, end)
    this.at = end
    return view
  }

  text(tag = 0x04): string {
    const end = this.enter(tag)
    const text = this.buffer.toString('utf8', this.at, end)
    this.at = end
    return text
  }

  /** Attribute names and OIDs: ASCII. */
  name(names: NameTable, tag = 0x04): string {
    const end = this.enter(tag)
    const text = names.text(this.buffer, this.at, end)
    this.at = end
    return text
  }

  boolean(tag = 0x01): boolean {
    const end = this.enter(tag)
    if (end - this.at !== 1) throw new BerError('boolean not acceptable')
    const value = this.buffer[this.at] !== 0
    this.at = end
    return value
  }
}
