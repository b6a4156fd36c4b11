/** Cuts a byte stream into LDAP messages without copying what arrived whole. */
import { BerError } from './ber.ts'

export class Framer {
  private readonly maxBytes: number
  private chunks: Buffer[] = []
  private have = 0
  private need = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Calls `onMessage` with each whole message: where it starts and ends in the buffer. */
  push(chunk: Buffer, onMessage: (buffer: Buffer, start: number, end: number) => void): void {
    let buffer = chunk
    if (this.have > 0) {
      this.chunks.push(chunk)
      this.have += chunk.length
      if (this.have < this.need) return
      buffer = Buffer.concat(this.chunks, this.have)
      this.chunks = []
      this.have = 0
    }
    let at = 0
    while (at < buffer.length) {
      const total = this.messageBytes(buffer, at)
      if (total === undefined || buffer.length - at < total) {
        // A copy: what is kept must not hold on to the whole chunk it arrived in.
        const rest = Buffer.from(buffer.subarray(at))
        this.chunks = [rest]
        this.have = rest.length
        this.need = total ?? rest.length + 1
        return
      }
      onMessage(buffer, at, at + total)
      at += total
    }
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
