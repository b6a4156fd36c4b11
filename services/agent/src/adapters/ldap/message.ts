/** Decodes what an LDAP server sends (RFC 4511): the half of the protocol that a client reads. */
import type { RawAttribute, RawEntry } from '../../ports.ts'
import { BerError, BerReader } from './ber.ts'
import { NameTable } from './names.ts'

export interface Result {
  readonly code: number
  readonly message: string
  /** Where else to ask (result code 10); at most a few. */
  readonly referrals: readonly string[]
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
    | { readonly type: 'reference'; readonly referrals: readonly string[] }
    | { readonly type: 'done'; readonly result: Result }
    | { readonly type: 'extended'; readonly result: Result; readonly name: string | undefined }
    | {
        readonly type: 'intermediate'
        readonly name: string | undefined
        readonly value: Buffer | undefined
        readonly bytes: number
      }
    | { readonly type: 'other'; readonly tag: number; readonly result: Result | undefined }
  )

type Operation = LdapMessage extends infer M ? (M extends Base ? Omit<M, keyof Base> : never) : never

const noControls: readonly ResponseControl[] = []
/** Referrals kept of one message: they are shown, never followed. */
const maxReferrals = 8

/**
 * An entry that is taken apart when somebody looks, so that what waits in a queue is bytes and not objects by the hundred.
 * Each look at its attributes decodes them anew: they live as long as who looked. Throws BerError.
 */
class LazyEntry implements RawEntry {
  private readonly buffer: Buffer
  private readonly start: number
  private readonly end: number
  private readonly names: NameTable

  constructor(reader: BerReader, names: NameTable) {
    this.buffer = reader.buffer
    this.start = reader.at
    this.end = reader.end
    this.names = names
  }

  get dn(): string {
    return new BerReader(this.buffer, this.start, this.end).text()
  }

  get attributes(): readonly RawAttribute[] {
    const reader = new BerReader(this.buffer, this.start, this.end)
    reader.skip()
    const attributes: RawAttribute[] = []
    const listEnd = reader.enter(0x30)
    reader.end = listEnd
    while (reader.at < listEnd) {
      const attributeEnd = reader.enter(0x30)
      reader.end = attributeEnd
      const name = reader.name(this.names)
      attributes.push(decodeAttribute(name, reader))
      reader.at = attributeEnd
      reader.end = listEnd
    }
    return attributes
  }
}

/** Of one connection: it remembers the names its server uses. */
export class MessageDecoder {
  private readonly names = new NameTable()

  /**
   * Decodes the message between start and end. Values are views: a message's bytes live as long as one of its values,
   * and nobody may write to them.
   */
  decode(buffer: Buffer, start: number, end: number): LdapMessage {
    const reader = new BerReader(buffer, start, end)
    const messageEnd = reader.enter(0x30)
    const id = reader.integer()
    if (id < 0) throw new BerError('negative message id')
    const tag = reader.peek()
    const operationEnd = reader.enterAny()
    reader.end = operationEnd
    const operation = this.operation(tag, reader, end - start)
    reader.at = operationEnd
    reader.end = messageEnd
    const controls = reader.peek() === 0xa0 ? this.controls(reader) : noControls
    return { id, controls, ...operation }
  }

  private operation(tag: number, reader: BerReader, bytes: number): Operation {
    switch (tag) {
      case 0x61:
        return { type: 'bind', result: decodeResult(reader) }
      case 0x64:
        return { type: 'entry', entry: new LazyEntry(reader, this.names), bytes }
      case 0x65:
        return { type: 'done', result: decodeResult(reader) }
      case 0x73:
        return { type: 'reference', referrals: decodeUris(reader) }
      case 0x78: {
        const result = decodeResult(reader)
        while (reader.more && reader.peek() !== 0x8a) reader.skip()
        return { type: 'extended', result, name: reader.more ? reader.name(this.names, 0x8a) : undefined }
      }
      case 0x79: {
        const name = reader.peek() === 0x80 ? reader.name(this.names, 0x80) : undefined
        return { type: 'intermediate', name, value: reader.peek() === 0x81 ? reader.bytes(0x81) : undefined, bytes }
      }
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

  private controls(reader: BerReader): ResponseControl[] {
    const controls: ResponseControl[] = []
    const listEnd = reader.enter(0xa0)
    const outer = reader.end
    reader.end = listEnd
    while (reader.more) {
      const end = reader.enter(0x30)
      reader.end = end
      const oid = reader.name(this.names)
      if (reader.peek() === 0x01) reader.skip()
      controls.push({ oid, value: reader.peek() === 0x04 ? reader.bytes() : undefined })
      reader.at = end
      reader.end = listEnd
    }
    reader.end = outer
    return controls
  }
}

/** Values that were checked, and are made when somebody looks: most are looked at once, to be written elsewhere. */
class LazyAttribute implements RawAttribute {
  readonly name: string
  private readonly buffer: Buffer
  private readonly start: number
  private readonly end: number
  readonly firstByte: number

  constructor(name: string, reader: BerReader, firstByte: number) {
    this.name = name
    this.buffer = reader.buffer
    this.start = reader.at
    this.end = reader.end
    this.firstByte = firstByte
  }

  get size(): number {
    return this.end - this.start
  }

  get values(): Buffer[] {
    const { buffer, start, end } = this
    if (start === end) return []
    const reader = new BerReader(buffer, start, end)
    // Most have one value: a list made for one takes a tenth of the memory of one that may grow.
    const values = [reader.bytes()]
    while (reader.at < end) values.push(reader.bytes())
    return values
  }
}

/** Stands at the values; leaves the reader there. */
function decodeAttribute(name: string, reader: BerReader): RawAttribute {
  reader.end = reader.enter(0x31)
  const start = reader.at
  let firstByte = -1
  while (reader.more) {
    const first = reader.at === start
    const end = reader.enter(0x04)
    if (first && end > reader.at) firstByte = reader.buffer[reader.at]!
    reader.at = end
  }
  reader.at = start
  return new LazyAttribute(name, reader, firstByte)
}

function decodeResult(reader: BerReader): Result {
  const code = reader.integer(0x0a)
  reader.skip()
  const message = reader.text()
  if (reader.peek() !== 0xa3) return { code, message, referrals: [] }
  const end = reader.enter(0xa3)
  const outer = reader.end
  reader.end = end
  const referrals = decodeUris(reader)
  reader.at = end
  reader.end = outer
  return { code, message, referrals }
}

function decodeUris(reader: BerReader): string[] {
  const uris: string[] = []
  while (reader.more && uris.length < maxReferrals) uris.push(reader.text())
  return uris
}
