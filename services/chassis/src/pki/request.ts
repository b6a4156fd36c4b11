/** Asks for a certificate: a key that never leaves this host, and a request signed by it. */
import { webcrypto } from 'node:crypto'
import { keyAlgorithm, privateKeyPem } from './authority.ts'
import { loadX509 } from './x509.ts'

export interface CertificateRequest {
  /** PKCS#10 in DER. */
  readonly csr: Uint8Array
  /** PKCS#8 in PEM: for a file that only its owner reads. */
  readonly keyPem: string
}

/** `keyPem`: the key to go on with; a new one without. */
export async function requestCertificate(commonName: string, keyPem?: string): Promise<CertificateRequest> {
  const x509 = await loadX509()
  const keys = keyPem === undefined ? await newKeys() : await keysOf(keyPem)
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: keyAlgorithm,
  })
  return { csr: new Uint8Array(request.rawData), keyPem: keyPem ?? (await privateKeyPem(keys.privateKey)) }
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])

async function keysOf(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const x509 = await loadX509()
  const raw = x509.PemConverter.decode(pem)[0]!
  const privateKey = await webcrypto.subtle.importKey('pkcs8', raw, keyAlgorithm, true, ['sign'])
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', privateKey)
  const open = { kty, crv, x, y } as webcrypto.JsonWebKey
  const publicKey = await webcrypto.subtle.importKey('jwk', open, keyAlgorithm, true, ['verify'])
  return { privateKey, publicKey }
}
