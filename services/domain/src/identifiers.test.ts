/** GUID, SID, DN and time formats: known values and round trips. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalDn,
  dnToDomain,
  domainToDn,
  escapeRdnValue,
  leafRdn,
  parentDn,
  parseDn,
  splitDn,
  unescapeRdnValue,
} from './dn.ts'
import { dateFromFiletime, dateFromGeneralizedTime, filetimeFromDate } from './filetime.ts'
import { guidFromBytes, guidToBytes, isGuid, parseGuid } from './guid.ts'
import { isSid, sidFromBytes, sidToBytes } from './sid.ts'

describe('GUID', () => {
  test('the first three groups are little-endian', () => {
    const bytes = Uint8Array.from(Array.from({ length: 16 }, (_, n) => n))
    expect(guidFromBytes(bytes)).toBe('03020100-0504-0706-0809-0a0b0c0d0e0f')
    expect(guidToBytes('03020100-0504-0706-0809-0a0b0c0d0e0f')).toEqual(bytes)
  })
  test('round trip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const guid = guidFromBytes(bytes)!
        expect(isGuid(guid)).toBe(true)
        expect(guidToBytes(guid)).toEqual(new Uint8Array(bytes))
        expect(parseGuid(`{${guid.toUpperCase()}}`)).toBe(guid)
      }),
    )
  })
  test.each(['', 'x', '03020100-0504-0706-0809-0a0b0c0d0e0', '0302010-00504-0706-0809-0a0b0c0d0e0f'])(
    '%j is none',
    (text) => {
      expect(guidToBytes(text)).toBeUndefined()
    },
  )
  test('15 bytes are none', () => expect(guidFromBytes(new Uint8Array(15))).toBeUndefined())
})

describe('SID', () => {
  test('a known one', () => {
    const bytes = Uint8Array.from([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0])
    expect(sidFromBytes(bytes)).toBe('S-1-5-32-544')
    expect(sidToBytes('S-1-5-32-544')).toEqual(bytes)
  })
  test('sub-authorities use all 32 bits', () => {
    const sid = 'S-1-5-21-4294967295-2147483648-1-500'
    expect(sidFromBytes(sidToBytes(sid)!)).toBe(sid)
  })
  test('a length that does not fit is none', () => {
    expect(sidFromBytes(Uint8Array.from([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0]))).toBeUndefined()
    expect(isSid('S-1-5-4294967296')).toBe(false)
    expect(isSid('S-2-5')).toBe(false)
  })
})

describe('DN', () => {
  test('commas, blanks, hex pairs and quotes', () => {
    const dn = 'CN=Park\\, Ada,OU=R\\26D, OU="a,b",DC=contoso,DC=lab'
    expect(splitDn(dn)).toEqual(['CN=Park\\, Ada', 'OU=R\\26D', 'OU="a,b"', 'DC=contoso', 'DC=lab'])
    expect(leafRdn(dn)).toBe('CN=Park\\, Ada')
    expect(parentDn(dn)).toBe('OU=R\\26D, OU="a,b",DC=contoso,DC=lab')
    expect(parseDn(dn)?.[1]?.value).toBe('R&D')
  })
  test('hex pairs are UTF-8', () => expect(unescapeRdnValue('J\\C3\\BCrgen')).toBe('Jürgen'))
  test('a tombstone keeps its line feed', () => expect(parseDn('CN=x\\0ADEL:1,CN=D')?.[0]?.value).toBe('x\nDEL:1'))
  test('what was escaped comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (value) => {
        const raw = escapeRdnValue(value)
        expect(unescapeRdnValue(raw)).toBe(value)
        expect(splitDn(`CN=${raw},DC=x`)).toEqual([`CN=${raw}`, 'DC=x'])
      }),
      { numRuns: 1_000, examples: [[' '], ['\u00a0'], ['a\u2003'], ['# '], ['\\ '], [' \\']] },
    )
  })
  test('equal names are canonically equal', () => {
    expect(canonicalDn('cn=Park\\2C Ada, DC=X')).toBe(canonicalDn('CN=park\\, ada,dc=x'))
  })
  test('domains', () => {
    expect(domainToDn('corp.contoso.com')).toBe('DC=corp,DC=contoso,DC=com')
    expect(dnToDomain('DC=Corp,DC=contoso,DC=com')).toBe('corp.contoso.com')
    expect(dnToDomain('CN=Configuration,DC=x')).toBeUndefined()
  })
})

describe('time', () => {
  test('FILETIME', () => {
    expect(dateFromFiletime('116444736000000000')).toEqual(new Date(0))
    expect(dateFromFiletime('9223372036854775807')).toBeUndefined()
    expect(dateFromFiletime('0')).toBeUndefined()
    const date = new Date('2026-11-22T20:15:00Z')
    expect(dateFromFiletime(filetimeFromDate(date))).toEqual(date)
  })
  test('generalized time', () => {
    expect(dateFromGeneralizedTime('20261122201500.0Z')).toEqual(new Date('2026-11-22T20:15:00Z'))
    expect(dateFromGeneralizedTime('20261322201500.0Z')).toBeUndefined()
    expect(dateFromGeneralizedTime('yesterday')).toBeUndefined()
  })
})
