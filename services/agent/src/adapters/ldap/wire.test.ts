/** The wire layer against hostile bytes: whatever arrives, it decodes, or fails with BerError, and never hangs or over-reads. */
import { BerWriter } from 'ldapts'
import { describe, expect, test } from 'vitest'
import { BerError } from './ber.ts'
import { Framer } from './framer.ts'
import { decodeMessage, type LdapMessage } from './message.ts'

/** A search entry as a server sends it. */
function entryBytes(id: number, dn: string, attributes: Readonly<Record<string, readonly Buffer[]>>): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
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
  writer.endSequence()
  return Buffer.from(writer.buffer)
}

function doneBytes(id: number, code: number, control?: { oid: string; value: Buffer }): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  writer.startSequence(0x65)
  writer.writeEnumeration(code)
  writer.writeString('')
  writer.writeString('done')
  writer.endSequence()
  if (control) {
    writer.startSequence(0xa0)
    writer.startSequence()
    writer.writeString(control.oid)
    writer.writeBuffer(control.value, 0x04)
    writer.endSequence()
    writer.endSequence()
  }
  writer.endSequence()
  return Buffer.from(writer.buffer)
}

const guidValue = Buffer.from('97'.repeat(16), 'hex')
const sample = entryBytes(7, 'CN=Jürgen,DC=x', {
  objectGUID: [guidValue],
  proxyAddresses: [Buffer.from('a'), Buffer.from('b')],
  mail: [],
  thumbnailPhoto: [Buffer.alloc(70_000, 0xff)],
})

const decodeAll = (chunks: readonly Buffer[], maxBytes = 1_000_000): LdapMessage[] => {
  const framer = new Framer(maxBytes)
  const messages: LdapMessage[] = []
  for (const chunk of chunks)
    framer.push(chunk, (buffer, start, end) => messages.push(decodeMessage(buffer, start, end)))
  return messages
}

const cut = (bytes: Buffer, at: (n: number) => number): Buffer[] => {
  const chunks: Buffer[] = []
  for (let n = 0; n < bytes.length; ) {
    const size = Math.max(1, at(n))
    chunks.push(bytes.subarray(n, n + size))
    n += size
  }
  return chunks
}

/** Deterministic, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('decoding', () => {
  test('values are bytes, an emptied attribute is there without values', () => {
    const [message] = decodeAll([sample])
    expect(message).toMatchObject({ type: 'entry', id: 7, entry: { dn: 'CN=Jürgen,DC=x' } })
    const attributes = message?.type === 'entry' ? message.entry.attributes : []
    expect(attributes.map(({ name, values }) => [name, values.length])).toEqual([
      ['objectGUID', 1],
      ['proxyAddresses', 2],
      ['mail', 0],
      ['thumbnailPhoto', 1],
    ])
    expect(attributes[0]?.values[0]?.equals(guidValue)).toBe(true)
  })

  test('what is kept does not change when the receive buffer is used again', () => {
    const chunk = Buffer.from(sample)
    const [message] = decodeAll([chunk])
    chunk.fill(0)
    expect(message?.type === 'entry' && message.entry.attributes[0]?.values[0]?.equals(guidValue)).toBe(true)
  })

  test('controls come with their message', () => {
    const value = Buffer.from('abc')
    const [message] = decodeAll([doneBytes(3, 0, { oid: '1.2.840.113556.1.4.841', value })])
    expect(message).toMatchObject({
      type: 'done',
      result: { code: 0, message: 'done' },
      controls: [{ oid: '1.2.840.113556.1.4.841' }],
    })
    expect(message?.controls[0]?.value?.equals(value)).toBe(true)
  })

  test('references and intermediate responses are known, not fatal', () => {
    const reference = Buffer.from([0x30, 0x0b, 0x02, 0x01, 0x05, 0x73, 0x06, 0x04, 0x04, 0x6c, 0x64, 0x61, 0x70])
    const intermediate = Buffer.from([0x30, 0x05, 0x02, 0x01, 0x05, 0x79, 0x00])
    expect(decodeAll([reference, intermediate]).map((message) => message.type)).toEqual(['reference', 'intermediate'])
  })

  test('a message larger than allowed ends the connection before it is collected', () => {
    expect(() => decodeAll([sample.subarray(0, 10)], 1_000)).toThrow(BerError)
  })

  test('however the stream is cut, the same messages come out', () => {
    const stream = Buffer.concat([sample, doneBytes(7, 0), sample, doneBytes(8, 10)])
    const whole = JSON.stringify(decodeAll([stream]))
    const next = random(1)
    for (const size of [1, 2, 3, 7, 4096]) expect(JSON.stringify(decodeAll(cut(stream, () => size)))).toBe(whole)
    for (let n = 0; n < 50; n++)
      expect(JSON.stringify(decodeAll(cut(stream, () => Math.floor(next() * 30_000))))).toBe(whole)
  })
})

describe('mutated messages', () => {
  test('40,000 of them decode or fail with BerError', { timeout: 60_000 }, () => {
    const seeds = [
      entryBytes(7, 'CN=a,DC=x', {
        objectGUID: [guidValue],
        member: [Buffer.from('<GUID=x>;CN=b'), Buffer.from('c')],
        mail: [],
      }),
      doneBytes(9, 0, { oid: '1.2.840.113556.1.4.319', value: Buffer.from('300502010104 00'.replace(' ', ''), 'hex') }),
    ]
    const next = random(42)
    let decoded = 0
    let refused = 0
    for (let n = 0; n < 40_000; n++) {
      const bytes = Buffer.from(seeds[n % seeds.length]!)
      const changes = 1 + Math.floor(next() * 4)
      for (let change = 0; change < changes; change++)
        bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256)
      const length = next() < 0.2 ? Math.floor(next() * bytes.length) : bytes.length
      try {
        decoded += decodeAll([bytes.subarray(0, length)]).length
      } catch (error) {
        if (!(error instanceof BerError)) throw error
        refused++
      }
    }
    expect(decoded).toBeGreaterThan(1_000)
    expect(refused).toBeGreaterThan(1_000)
  })
})
