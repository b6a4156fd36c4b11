/** LDAP messages as a server sends them, and ways to cut and spoil them. */
import { BerWriter } from 'ldapts'
import { Framer } from './framer.ts'
import { type LdapMessage, MessageDecoder } from './message.ts'

export interface ControlBytes {
  readonly oid: string
  readonly value: Buffer
}

/** A message with one operation and perhaps controls. */
export function messageBytes(id: number, write: (writer: BerWriter) => void, ...controls: ControlBytes[]): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  write(writer)
  if (controls.length > 0) {
    writer.startSequence(0xa0)
    for (const { oid, value } of controls) {
      writer.startSequence()
      writer.writeString(oid)
      writer.writeBuffer(value, 0x04)
      writer.endSequence()
    }
    writer.endSequence()
  }
  writer.endSequence()
  return Buffer.from(writer.buffer)
}

export interface EntryOptions {
  readonly id: number
  readonly dn: string
  readonly attributes?: Readonly<Record<string, readonly Buffer[]>>
  readonly controls?: readonly ControlBytes[]
}

export const entryBytes = ({ id, dn, attributes = {}, controls = [] }: EntryOptions): Buffer =>
  messageBytes(
    id,
    (writer) => {
      writer.startSequence(0x64)
      writer.writeString(dn)
      writer.startSequence()
      for (const [name, values] of Object.entries(attributes)) {
        writer.startSequence()
        writer.writeString(name)
        writer.startSequence(0x31)
        for (const value of values) writer.writeBuffer(value, 0x04)
        writer.endSequence()
        writer.endSequence()
      }
      writer.endSequence()
      writer.endSequence()
    },
    ...controls,
  )

/** `tag` 0x65 ends a search, 0x61 answers a bind, 0x78 an extended request. */
export const resultBytes = (id: number, code: number, control?: ControlBytes, tag = 0x65): Buffer =>
  messageBytes(
    id,
    (writer) => {
      writer.startSequence(tag)
      writer.writeEnumeration(code)
      writer.writeString('')
      writer.writeString('done')
      writer.endSequence()
    },
    ...(control ? [control] : []),
  )

export const referenceBytes = (id: number, uri: string): Buffer =>
  messageBytes(id, (writer) => {
    writer.startSequence(0x73)
    writer.writeString(uri)
    writer.endSequence()
  })

export const intermediateBytes = (id: number, name: string, value: Buffer): Buffer =>
  messageBytes(id, (writer) => {
    writer.startSequence(0x79)
    writer.writeString(name, 0x80)
    writer.writeBuffer(value, 0x81)
    writer.endSequence()
  })

/** The value of a control or message: a sequence, or whatever `tag` says. */
export function valueBytes(write: (writer: BerWriter) => void, tag = 0x30): Buffer {
  const writer = new BerWriter()
  writer.startSequence(tag)
  write(writer)
  writer.endSequence()
  return Buffer.from(writer.buffer)
}

export const decodeAll = (chunks: readonly Buffer[], maxBytes = 1_000_000): LdapMessage[] => {
  const framer = new Framer(maxBytes)
  const decoder = new MessageDecoder()
  const messages: LdapMessage[] = []
  for (const chunk of chunks)
    framer.push(chunk, (buffer, start, end) => messages.push(decoder.decode(buffer, start, end)))
  return messages
}

export const cut = (bytes: Buffer, at: (n: number) => number): Buffer[] => {
  const chunks: Buffer[] = []
  for (let n = 0; n < bytes.length; ) {
    const size = Math.max(1, at(n))
    chunks.push(bytes.subarray(n, n + size))
    n += size
  }
  return chunks
}

/** Deterministic, so that a failure can be repeated. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
