/** The wire layer: whatever way bytes arrive, the same messages come out, with everything that belongs to them. */
import { describe, expect, test } from 'vitest'
import { BerError } from './ber.ts'
import type { LdapMessage } from './message.ts'
import { NameTable } from './names.ts'
import { cut, decodeAll, entryBytes, intermediateBytes, random, referenceBytes, resultBytes } from './wire.fixture.ts'

const guidValue = Buffer.from('97'.repeat(16), 'hex')
const sample = entryBytes({
  id: 7,
  dn: 'CN=Jürgen,DC=x',
  attributes: {
    objectGUID: [guidValue],
    proxyAddresses: [Buffer.from('a'), Buffer.from('b')],
    mail: [],
    thumbnailPhoto: [Buffer.alloc(70_000, 0xff)],
  },
})

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

  test('a kept value is no copy, and a message in parts is one', () => {
    const [whole] = decodeAll([sample])
    const [parted] = decodeAll(cut(Buffer.from(sample), () => 10))
    const photo = (message: LdapMessage | undefined): Buffer | undefined =>
      message?.type === 'entry' ? message.entry.attributes[3]?.values[0] : undefined
    expect(photo(whole)?.buffer).toBe(sample.buffer)
    expect(photo(parted)?.equals(photo(whole)!)).toBe(true)
  })

  test('names are remembered by their bytes, never by their hash alone', () => {
    const names = new NameTable()
    const next = random(3)
    for (let n = 0; n < 20_000; n++) {
      const text = Array.from({ length: 1 + Math.floor(next() * 70) }, () => 'abAB;-0'[Math.floor(next() * 7)]).join('')
      const bytes = Buffer.from(`xx${text}yy`)
      expect(names.text(bytes, 2, bytes.length - 2)).toBe(text)
    }
  })

  test('controls come with their message', () => {
    const value = Buffer.from('abc')
    const [message] = decodeAll([resultBytes(3, 0, { oid: '1.2.840.113556.1.4.841', value })])
    expect(message).toMatchObject({
      type: 'done',
      result: { code: 0, message: 'done' },
      controls: [{ oid: '1.2.840.113556.1.4.841' }],
    })
    expect(message?.controls[0]?.value?.equals(value)).toBe(true)
  })

  test('references and intermediate responses are known, not fatal', () => {
    const reference = referenceBytes(5, 'ldap://other')
    const empty = Buffer.from([0x30, 0x05, 0x02, 0x01, 0x05, 0x79, 0x00])
    expect(decodeAll([reference, intermediateBytes(5, '1.2.3', Buffer.from('v')), empty])).toMatchObject([
      { type: 'reference', referrals: ['ldap://other'] },
      { type: 'intermediate', name: '1.2.3', value: Buffer.from('v') },
      { type: 'intermediate', name: undefined, value: undefined },
    ])
  })

  test('a message larger than allowed ends the connection before it is collected', () => {
    expect(() => decodeAll([sample.subarray(0, 10)], 1_000)).toThrow(BerError)
  })

  test('however the stream is cut, the same messages come out', () => {
    const stream = Buffer.concat([sample, resultBytes(7, 0), sample, resultBytes(8, 10)])
    const seen = (chunks: readonly Buffer[]): string =>
      JSON.stringify(
        decodeAll(chunks).map((message) => {
          if (message.type !== 'entry') return message
          const { dn, attributes } = message.entry
          return { ...message, entry: [dn, attributes.map(({ name, values }) => [name, values])] }
        }),
      )
    const whole = seen([stream])
    expect(whole).toContain('proxyAddresses')
    const next = random(1)
    for (const size of [1, 2, 3, 7, 4096]) expect(seen(cut(stream, () => size))).toBe(whole)
    for (let n = 0; n < 50; n++) expect(seen(cut(stream, () => Math.floor(next() * 30_000)))).toBe(whole)
  })
})
