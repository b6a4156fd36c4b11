import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesFromBase64 } from '../attributes.ts'
import { compile } from '../expression/compile.ts'
import { toText, type Value } from '../expression/value.ts'
import { parseCertificate } from './certificate.ts'
import { sha1 } from './sha1.ts'

/** Made by openssl for this test: EC key, serial number FEDCBA98. */
const device =
  `MIIBxDCCAWqgAwIBAgIFAP7cupgwCgYIKoZIzj0EAwIwPzELMAkGA1UEBhMCREUxFjAUBgNVBAoMDUNvbnRvc28sIEx0ZC4xGDAWBgNVBAMMDzVm
MWM3ZjUwLWRldmljZTAeFw0yNjExMjMwMjMzMDlaFw0zNjExMjAwMjMzMDlaMD8xCzAJBgNVBAYTAkRFMRYwFAYDVQQKDA1Db250b3NvLCBMdGQuMRgwFgYDVQQD
DA81ZjFjN2Y1MC1kZXZpY2UwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQHYuLrtw1k8UVZ/xGqH8MDk2kMOHqQx7OdJiielMT+EeO8kNGq1xqZjMCcQUIKJzuS
Aq0yHmoMtXxAHjvOBSJto1MwUTAdBgNVHQ4EFgQU38vICobhUcsL9v9hd4DSGTpewdowHwYDVR0jBBgwFoAU38vICobhUcsL9v9hd4DSGTpewdowDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAoKyVsD5Djwbm1yrKAHNB4IFqe+JStZvfT2E86icft6UCIDitIVXV/fE/t4dp808Iv1mXU9+jCFT5zc296TebX7VR`.replaceAll(
    '\n',
    '',
  )

const evaluate = (source: string, attributes: Record<string, Value>): Value => {
  const value = compile(source, { dialect: 'connect' }).evaluate((name) => attributes[name])
  return typeof value === 'object' && 'type' in value ? toText(value) : value
}

describe('certificates', () => {
  it.each([
    ['IsCert([c])', true],
    ['CertSubject([c])', 'CN=5f1c7f50-device, O="Contoso, Ltd.", C=DE'],
    ['CertIssuer([c])', 'CN=5f1c7f50-device, O="Contoso, Ltd.", C=DE'],
    ['CertSerialNumber([c])', 'FEDCBA98'],
    ['CertNotBefore([c])', '2026-11-23T02:33:09Z'],
    ['CertNotAfter([c])', '2036-11-20T02:33:09Z'],
    ['CertThumbprint([c])', '0F18A26270F24CA8729F58BC66F5372E159A6C21'],
    ['CertVersion([c])', 3],
    ['CertFormat([c])', 'X509'],
    ['CertSignatureAlgorithmOid([c])', '1.2.840.10045.4.3.2'],
    ['CertKeyAlgorithm([c])', '1.2.840.10045.2.1'],
    ['CertKeyAlgorithmParams([c])', '06082A8648CE3D030107'],
    ['CertExtensionOids([c])', ['2.5.29.14', '2.5.29.35', '2.5.29.19']],
    ['IIF(CertNotAfter([c]) > CDate("2030-01-01"), "counts", "ended")', 'counts'],
  ])('%s', (source, expected) => {
    expect(evaluate(source, { c: device })).toEqual(expected)
  })
  it('are picked out of several', () => {
    const picked = 'Where($item, [userCertificate], IsCert($item) && InStr(CertSubject($item), "CN=5f1c7f50") > 0)'
    expect(evaluate(picked, { usercertificate: ['AAAA', device, 'no base64'] })).toEqual([device])
  })
  it('fail where there is none', () => {
    expect(() => evaluate('CertSubject([c])', { c: 'AAAA' })).toThrow('no certificate')
    expect(evaluate('CertSubject([c])', {})).toBeUndefined()
    expect(evaluate('IsCert([c])', {})).toBe(false)
  })
  it('that are spoiled are a certificate or none, never an error', () => {
    const bytes = bytesFromBase64(device)!
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, end) => {
        const spoiled = bytes.slice(0, end)
        if (at < end) spoiled[at] = byte
        const made = parseCertificate(spoiled)
        expect(made === undefined || typeof made.subject === 'string').toBe(true)
      }),
      { numRuns: 3_000 },
    )
    expect(parseCertificate(bytes)).toBeDefined()
    expect(parseCertificate(bytes.slice(0, -1))).toBeUndefined()
  })
})

describe('SHA-1', () => {
  it('is what the platform makes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(Buffer.from(sha1(bytes)).toString('hex')).toBe(createHash('sha1').update(bytes).digest('hex'))
      }),
    )
  })
})
