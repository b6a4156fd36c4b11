/** A certificate authority of one's own in a folder: signs requests, and never sees the keys they are for. */
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Pkcs10CertificateRequest } from '@peculiar/x509'
import { Failure } from '../failure.ts'
import { loadX509 } from './x509.ts'

export interface SigningRequest {
  /** PKCS#10 in DER: only its key counts. */
  readonly csr: Uint8Array
  readonly commonName: string
  /** Organizational units of the subject: what its owner is limited to. */
  readonly units?: readonly string[]
  /** DNS names and addresses; for a server. */
  readonly names?: readonly string[]
  readonly use: 'client' | 'server'
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface Issued {
  /** The certificate and the authority's, PEM. */
  readonly certificate: string
  /** Hex, upper case, as certificates are shown. */
  readonly serial: string
}

export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string
  /** SHA-256 of the certificate, hex: what an agent pins. */
  readonly fingerprint: string
  /** Failure CANOPY-PKI-0002: the request is none, or not signed by its own key. */
  issue(request: SigningRequest): Promise<Issued>
}

export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const yearMs = 365 * 86_400_000
const authorityYears = 10

/** Opens `ca.crt` and `ca.key` of the folder; makes them where there are none. Failure CANOPY-PKI-0001: unreadable. */
export async function openAuthority(dir: string): Promise<CertificateAuthority> {
  const files = { certificate: join(dir, 'ca.crt'), key: join(dir, 'ca.key') }
  try {
    await makeAuthority(dir, files)
    const [pem, keyPem] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')])
    const x509 = await loadX509()
    const raw = x509.PemConverter.decode(keyPem)[0]!
    const key = await webcrypto.subtle.importKey('pkcs8', raw, keyAlgorithm, false, ['sign'])
    return await authorityOf(pem, key)
  } catch (cause) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-PKI-0001',
      message: 'the certificate authority cannot be opened',
      at: dir,
      mend: 'give ca.crt and ca.key (PKCS#8, P-256) there, readable by this process; or an empty folder it may write',
      cause,
    })
  }
}

/** The key is put in place first and only once: of two processes that start together one wins, and both use the same. */
async function makeAuthority(
  dir: string,
  files: { readonly certificate: string; readonly key: string },
): Promise<void> {
  if (await exists(files.certificate)) return
  const x509 = await loadX509()
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const now = Date.now()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=Canopy agents ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(now - 300_000),
    notAfter: new Date(now + authorityYears * yearMs),
    signingAlgorithm: keyAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const mine = join(dir, `new-${randomBytes(6).toString('hex')}`)
  await writeFile(mine, await privateKeyPem(keys.privateKey), { mode: 0o600 })
  const first = await link(mine, files.key).then(
    () => true,
    () => false,
  )
  await unlink(mine)
  if (first) {
    // Who sees it sees all of it.
    await writeFile(mine, certificate.toString('pem'), { mode: 0o600 })
    return rename(mine, files.certificate)
  }
  for (let tries = 0; tries < 100 && !(await exists(files.certificate)); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50))
}

async function authorityOf(pem: string, key: webcrypto.CryptoKey): Promise<CertificateAuthority> {
  const x509 = await loadX509()
  const own = new x509.X509Certificate(pem)
  return {
    certificate: pem,
    fingerprint: fingerprintOf(pem),
    issue: async (request) => {
      const csr = await parseRequest(request.csr)
      const serial = newSerial()
      const { names = [] } = request
      const alternative = names.map((name) => ({ type: isIP(name) ? ('ip' as const) : ('dns' as const), value: name }))
      const purpose = request.use === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth
      const made = await x509.X509CertificateGenerator.create({
        serialNumber: serial,
        subject: [{ CN: [request.commonName] }, ...(request.units ?? []).map((unit) => ({ OU: [unit] }))],
        issuer: own.subject,
        notBefore: request.notBefore,
        notAfter: request.notAfter,
        signingAlgorithm: keyAlgorithm,
        publicKey: csr.publicKey,
        signingKey: key,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([purpose]),
          await x509.AuthorityKeyIdentifierExtension.create(own),
          ...(alternative.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternative)] : []),
        ],
      })
      return { certificate: `${made.toString('pem')}\n${pem}`, serial: serial.toUpperCase() }
    },
  }
}

async function parseRequest(der: Uint8Array): Promise<Pkcs10CertificateRequest> {
  const x509 = await loadX509()
  try {
    const csr = new x509.Pkcs10CertificateRequest(Buffer.from(der))
    // Whoever asks must have the key.
    if (await csr.verify()) return csr
  } catch {
    // Told below.
  }
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-PKI-0002',
    message: 'the certificate request cannot be read, or is not signed by its own key',
    mend: 'let the agent make a new one',
  })
}

/** Positive, and long enough not to be guessed. */
const newSerial = (): string => `4${randomBytes(16).toString('hex').slice(1)}`

export const fingerprintOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()

export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const x509 = await loadX509()
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

const exists = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  )
