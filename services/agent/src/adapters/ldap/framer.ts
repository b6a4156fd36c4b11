/** Cuts a byte stream into LDAP messages; only a message that arrived in parts is copied. */
import { BerError } from './ber.ts'

/** Tag, length of the length, four bytes of it: enough to know how long a message is. */
const headerBytes = 6

type OnMessage = (buffer: Buffer, start: number, end: number) => void

export class Framer {
  private readonly maxBytes: number
  /** The beginning of a message whose end has not arrived. */
  private parts: Buffer[] = []
  private have = 0
  /** Bytes of that message; undefined while its header is incomplete. */
  private need: number | undefined

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /**
   * Calls `onMessage` with each whole message: where it starts and ends in the buffer. The chunk is then the messages':
   * nobody may write to it again.
   */
  push(chunk: Buffer, onMessage: OnMessage): void {
    let at = this.have > 0 ? this.complete(chunk, onMessage) : 0
    while (at < chunk.length) {
      const total = this.messageBytes(chunk, at)
      if (total === undefined || chunk.length - at < total) {
        // A copy: what is kept must not hold on to the whole chunk it arrived in.
        this.keep(Buffer.from(chunk.subarray(at)), total)
        return
      }
      onMessage(chunk, at, at + total)
      at += total
    }
  }

  /** Adds the chunk to what was kept; returns how much of the chunk belonged to it. */
  private complete(chunk: Buffer, onMessage: OnMessage): number {
    let taken = 0
    if (this.need === undefined) {
      taken = Math.min(chunk.length, headerBytes - this.have)
      this.keep(chunk.subarray(0, taken), undefined)
      const header = Buffer.concat(this.parts, this.have)
      this.parts = [header]
      this.need = this.messageBytes(header, 0)
      if (this.need === undefined) return taken
    }
    // The header may have taken bytes of what follows a very short message.
    if (this.have > this.need) {
      const over = this.have - this.need
      const whole = this.take()
      onMessage(whole, 0, whole.length - over)
      return taken - over
    }
    const more = Math.min(chunk.length - taken, this.need - this.have)
    if (more > 0) this.keep(chunk.subarray(taken, taken + more), this.need)
    if (this.have === this.need) {
      const whole = this.take()
      onMessage(whole, 0, whole.length)
    }
    return taken + more
  }

  private keep(part: Buffer, need: number | undefined): void {
    this.parts.push(part)
    this.have += part.length
    this.need = need
  }

  private take(): Buffer {
    const whole = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts, this.have)
    this.parts = []
    this.have = 0
    this.need = undefined
    return whole
  }

  /** Bytes of the message that starts at `at`; undefined while its header is incomplete. */
  private messageBytes(buffer: Buffer, at: number): number | undefined {
    if (buffer[at] !== 0x30) throw new BerError('not an LDAP message')
    const first = buffer[at + 1]
    if (first === undefined) return undefined
    if (first < 0x80) return 2 + first
    const bytes = first & 0x7f
    if (bytes === 0 || bytes > 4) throw new BerError('length not acceptable')
    if (at + 2 + bytes > buffer.length) return undefined
    const total = 2 + bytes + buffer.readUIntBE(at + 2, bytes)
    if (total > this.maxBytes) throw new BerError(`message of ${total} bytes, more than ${this.maxBytes}`)
    return total
  }
}
