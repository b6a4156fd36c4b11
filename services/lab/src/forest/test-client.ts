/** A small LDAP client of the tests' own, so that the server is not judged by its own codec's habits alone. */
import { connect, type Socket } from 'node:net'
import { BerReader, elementSize } from './ber/reader.ts'
import { BerWriter } from './ber/writer.ts'
import { parseFilter } from './directory/filter-text.ts'

export interface WireEntry {
  readonly dn: string
  readonly attributes: ReadonlyMap<string, readonly Buffer[]>
}

export interface Answer {
  readonly code: number
  readonly diagnostic: string
  readonly entries: readonly WireEntry[]
  readonly references: number
  readonly controls: ReadonlyMap<string, Buffer>
}

export interface Control {
  readonly oid: string
  readonly value?: Buffer
}

interface Waiting {
  readonly entries: WireEntry[]
  references: number
  readonly onEntry: ((entry: WireEntry) => void) | undefined
  readonly resolve: (answer: Answer) => void
  readonly reject: (failure: Error) => void
}

export class TestClient {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  #pending: Buffer = Buffer.alloc(0)
  #next = 1

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#socket = connect({ host: hostname, port: Number(port) })
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#socket.on('error', () => this.#socket.destroy())
    this.#socket.on('close', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('connection closed'))
      this.#waiting.clear()
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  bind(name: string, password: string): Promise<Answer> {
    return this.#ask((w) => {
      const body = w.begin(0x60)
      w.integer(3)
      w.string(name)
      w.string(password, 0x80)
      w.end(body)
    })
  }

  search(o: {
    base: string
    scope?: 0 | 1 | 2
    filter?: string
    attributes?: readonly string[]
    controls?: readonly Control[]
    onEntry?: (entry: WireEntry) => void
  }): Promise<Answer> {
    const fill = (w: BerWriter): void => {
      const body = w.begin(0x63)
      w.string(o.base)
      w.integer(o.scope ?? 2, 0x0a)
      w.integer(0, 0x0a)
      w.integer(0)
      w.integer(0)
      w.boolean(false)
      writeFilter(w, parseFilter(o.filter ?? '(objectClass=*)'))
      const list = w.begin(0x30)
      for (const name of o.attributes ?? []) w.string(name)
      w.end(list)
      w.end(body)
    }
    return this.#ask(fill, o.controls, o.onEntry)
  }

  modify(
    dn: string,
    changes: readonly { kind: 0 | 1 | 2; type: string; values: readonly string[] }[],
  ): Promise<Answer> {
    return this.#ask((w) => {
      const body = w.begin(0x66)
      w.string(dn)
      const list = w.begin(0x30)
      for (const change of changes) {
        const one = w.begin(0x30)
        w.integer(change.kind, 0x0a)
        const part = w.begin(0x30)
        w.string(change.type)
        const set = w.begin(0x31)
        for (const value of change.values) w.string(value)
        w.end(set)
        w.end(part)
        w.end(one)
      }
      w.end(list)
      w.end(body)
    })
  }

  remove(dn: string): Promise<Answer> {
    return this.#ask((w) => w.string(dn, 0x4a))
  }

  #ask(
    fill: (w: BerWriter) => void,
    controls: readonly Control[] = [],
    onEntry?: (entry: WireEntry) => void,
  ): Promise<Answer> {
    const id = this.#next++
    const w = new BerWriter(1024)
    const message = w.begin(0x30)
    w.integer(id)
    fill(w)
    if (controls.length > 0) {
      const list = w.begin(0xa0)
      for (const control of controls) {
        const one = w.begin(0x30)
        w.string(control.oid)
        w.boolean(true)
        if (control.value !== undefined) w.octets(control.value)
        w.end(one)
      }
      w.end(list)
    }
    w.end(message)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { entries: [], references: 0, onEntry, resolve, reject })
      this.#socket.write(w.take())
    })
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk])
    for (;;) {
      const size = elementSize(this.#pending, 0)
      if (size === undefined || this.#pending.length < size) return
      this.#handle(new BerReader(this.#pending.subarray(0, size)).enter(0x30).content)
      this.#pending = this.#pending.subarray(size)
    }
  }

  #handle(message: BerReader): void {
    const id = message.integer()
    const waiting = this.#waiting.get(id)
    const { tag, content } = message.enter()
    if (waiting === undefined) return
    if (tag === 0x64) {
      const entry = readEntry(content)
      waiting.entries.push(entry)
      waiting.onEntry?.(entry)
      return
    }
    if (tag === 0x73) {
      waiting.references++
      return
    }
    this.#waiting.delete(id)
    const code = content.integer(0x0a)
    content.string()
    const diagnostic = content.string()
    const controls = new Map<string, Buffer>()
    if (message.peek() === 0xa0) {
      const list = message.enter().content
      while (!list.done) {
        const control = list.enter(0x30).content
        controls.set(control.string(), control.octets())
      }
    }
    waiting.resolve({ code, diagnostic, entries: waiting.entries, references: waiting.references, controls })
  }
}

function readEntry(content: BerReader): WireEntry {
  const dn = content.string()
  const attributes = new Map<string, readonly Buffer[]>()
  const list = content.enter(0x30).content
  while (!list.done) {
    const part = list.enter(0x30).content
    const name = part.string()
    const values: Buffer[] = []
    const set = part.enter(0x31).content
    while (!set.done) values.push(set.octets())
    attributes.set(name, values)
  }
  return { dn, attributes }
}

type Parsed = ReturnType<typeof parseFilter>

function writeFilter(w: BerWriter, filter: Parsed): void {
  const comparisons = { equal: 0xa3, atLeast: 0xa5, atMost: 0xa6 } as const
  switch (filter.kind) {
    case 'present':
      w.string(filter.name, 0x87)
      return
    case 'and':
    case 'or': {
      const mark = w.begin(filter.kind === 'and' ? 0xa0 : 0xa1)
      for (const part of filter.parts) writeFilter(w, part)
      w.end(mark)
      return
    }
    case 'not': {
      const mark = w.begin(0xa2)
      writeFilter(w, filter.part)
      w.end(mark)
      return
    }
    case 'equal':
    case 'atLeast':
    case 'atMost': {
      const mark = w.begin(comparisons[filter.kind])
      w.string(filter.name)
      w.octets(filter.value)
      w.end(mark)
      return
    }
    case 'rule': {
      const mark = w.begin(0xa9)
      w.string(filter.rule, 0x81)
      w.string(filter.name, 0x82)
      w.octets(filter.value, 0x83)
      w.end(mark)
      return
    }
    case 'substring': {
      const mark = w.begin(0xa4)
      w.string(filter.name)
      const pieces = w.begin(0x30)
      if (filter.pieces.initial !== undefined) w.string(filter.pieces.initial, 0x80)
      for (const piece of filter.pieces.any) w.string(piece, 0x81)
      if (filter.pieces.final !== undefined) w.string(filter.pieces.final, 0x82)
      w.end(pieces)
      w.end(mark)
    }
  }
}

/** A control value: a sequence of integers and octet strings. */
export function sequence(...parts: readonly (number | Buffer)[]): Buffer {
  const w = new BerWriter(256)
  const mark = w.begin(0x30)
  for (const part of parts) {
    if (typeof part === 'number') w.integer(part)
    else w.octets(part)
  }
  w.end(mark)
  return w.take()
}
