/** The authority: what it signs is believed by whoever has its certificate, and by nobody else. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CertificateAuthority, openAuthority } from './authority.ts'
import { requestCertificate } from './request.ts'

let dir: string
let authority: CertificateAuthority
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'canopy-pki-'))
  authority = await openAuthority(dir)
})
afterAll(() => rm(dir, { recursive: true }))

const times = { notBefore: new Date(Date.now() - 1_000), notAfter: new Date(Date.now() + 60_000) }

test('made once, also by two at a time, and the key is its owner’s', async () => {
  const again = await openAuthority(dir)
  expect(again.fingerprint).toBe(authority.fingerprint)
  const other = await mkdtemp(join(tmpdir(), 'canopy-pki-'))
  const both = await Promise.all([openAuthority(other), openAuthority(other), openAuthority(other)])
  expect(new Set(both.map(({ fingerprint }) => fingerprint)).size).toBe(1)
  await rm(other, { recursive: true })
  expect((await stat(join(dir, 'ca.key'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(dir, 'ca.crt'), 'utf8')).toBe(authority.certificate)
})

test('a certificate names whom the authority says, whatever was asked, and fits the key', async () => {
  const { csr, keyPem } = await requestCertificate('somebody else')
  const { certificate, serial } = await authority.issue({ csr, commonName: 'bridge-1', use: 'client', ...times })
  const made = new X509Certificate(certificate)
  expect(made.subject).toBe('CN=bridge-1')
  expect(made.serialNumber).toBe(serial)
  expect(made.checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
  expect(made.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true)
  expect(made.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  const renewed = await authority.issue({
    csr: (await requestCertificate('x', keyPem)).csr,
    commonName: 'bridge-1',
    use: 'client',
    ...times,
  })
  expect(new X509Certificate(renewed.certificate).checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
})

test('a server is reached by its names and addresses', async () => {
  const { csr } = await requestCertificate('hub')
  const names = ['hub.example.com', '127.0.0.1']
  const { certificate } = await authority.issue({ csr, commonName: 'hub', use: 'server', names, ...times })
  const made = new X509Certificate(certificate)
  expect(made.checkHost('hub.example.com')).toBe('hub.example.com')
  expect(made.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(made.checkHost('elsewhere.example.com')).toBeUndefined()
})

test('a request that is none, or was altered, is refused', async () => {
  const { csr } = await requestCertificate('x')
  const altered = Uint8Array.from(csr)
  altered[altered.length - 1]! ^= 1
  for (const wrong of [new Uint8Array(), Buffer.from('no request'), altered])
    await expect(authority.issue({ csr: wrong, commonName: 'x', use: 'client', ...times })).rejects.toMatchObject({
      code: 'CANOPY-PKI-0002',
    })
})
