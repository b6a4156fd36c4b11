/** Decodes what an LDAP server sends (RFC 4511): the half of the protocol that a client reads. */
import type { RawAttribute, RawEntry } from '../../ports.ts'
import { BerError, BerReader } from './ber.ts'

export interface Result {
  readonly code: number
  readonly message: string
}

export interface ResponseControl {
  readonly oid: string
  readonly value: Buffer | undefined
}

interface Base {
  /** 0: unsolicited. */
  readonly id: number
  readonly controls: readonly ResponseControl[]
}

export type LdapMessage = Base &
  (
    | { readonly type: 'bind'; readonly result: Result }
    | { readonly type: 'entry'; readonly entry: RawEntry; readonly bytes: number }
    | { readonly type: 'reference' }
    | { readonly type: 'done'; readonly result: Result }
    | { readonly type: 'extended'; readonly result: Result; readonly name: string | undefined }
    | { readonly type: 'intermediate'; readonly name: string | undefined }
    | { readonly type: 'other'; readonly tag: number; readonly result: Result | undefined }
  )

const noControls: readonly ResponseControl[] = []

/** Decodes the message between start and end. What it returns does not share memory with the buffer. */
export function decodeMessage(buffer: Buffer, start: number, end: number): LdapMessage {
  // One copy per message: its values then live exactly as long as the entry they belong to.
  const own = Buffer.allocUnsafeSlow(end - start)
  buffer.copy(own, 0, start, end)
  const reader = new BerReader(own, 0, own.length)
  const messageEnd = reader.enter(0x30)
  const id = reader.integer()
  if (id < 0) throw new BerError('negative message id')
  const tag = reader.peek()
  const operationEnd = reader.enterAny()
  reader.end = operationEnd
  const operation = decodeOperation(tag, reader, own.length)
  reader.at = operationEnd
  reader.end = messageEnd
  const controls = reader.peek() === 0xa0 ? decodeControls(reader) : noControls
  return { id, controls, ...operation }
}

type Operation = LdapMessage extends infer M ? (M extends Base ? Omit<M, keyof Base> : never) : never

function decodeOperation(tag: number, reader: BerReader, bytes: number): Operation {
  switch (tag) {
    case 0x61:
      return { type: 'bind', result: decodeResult(reader) }
    case 0x64:
      return { type: 'entry', entry: decodeEntry(reader), bytes }
    case 0x65:
      return { type: 'done', result: decodeResult(reader) }
    case 0x73:
      return { type: 'reference' }
    case 0x78: {
      const result = decodeResult(reader)
      while (reader.more && reader.peek() !== 0x8a) reader.skip()
      return { type: 'extended', result, name: reader.more ? reader.ascii(0x8a) : undefined }
    }
    case 0x79:
      return { type: 'intermediate', name: reader.peek() === 0x80 ? reader.ascii(0x80) : undefined }
    case 0x67:
    case 0x69:
    case 0x6b:
    case 0x6d:
    case 0x6f:
      return { type: 'other', tag, result: decodeResult(reader) }
    default:
      return { type: 'other', tag, result: undefined }
  }
}

function decodeResult(reader: BerReader): Result {
  const code = reader.integer(0x0a)
  reader.skip()
  return { code, message: reader.text() }
}

function decodeEntry(reader: BerReader): RawEntry {
  const dn = reader.text()
  const attributes: RawAttribute[] = []
  const listEnd = reader.enter(0x30)
  const outer = reader.end
  reader.end = listEnd
  while (reader.more) {
    const attributeEnd = reader.enter(0x30)
    reader.end = attributeEnd
    const name = reader.ascii()
    const setEnd = reader.enter(0x31)
    const values: Buffer[] = []
    reader.end = setEnd
    while (reader.more) values.push(reader.bytes())
    attributes.push({ name, values })
    reader.at = attributeEnd
    reader.end = listEnd
  }
  reader.end = outer
  return { dn, attributes }
}

function decodeControls(reader: BerReader): ResponseControl[] {
  const controls: ResponseControl[] = []
  const listEnd = reader.enter(0xa0)
  const outer = reader.end
  reader.end = listEnd
  while (reader.more) {
    const end = reader.enter(0x30)
    reader.end = end
    const oid = reader.ascii()
    if (reader.peek() === 0x01) reader.skip()
    controls.push({ oid, value: reader.peek() === 0x04 ? reader.bytes() : undefined })
    reader.at = end
    reader.end = listEnd
  }
  reader.end = outer
  return controls
}
