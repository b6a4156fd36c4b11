/** A certificate authority of the lab's own: makes server certificates for names and addresses, and remembers its root. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP, SocketAddress } from 'node:net'
import { join } from 'node:path'

/** A certificate with its chain in PEM, and its private key in PKCS#8 PEM. */
export interface IssuedCertificate {
  readonly certPem: string
  readonly keyPem: string
}

export interface Authority {
  /** The root certificate in PEM: what a client has to trust. */
  readonly caPem: string
  /** A server certificate for DNS names and IP addresses; the first name is the common name. Throws on an empty list. */
  issue(names: readonly string[]): Promise<IssuedCertificate>
}

const dayMs = 86_400_000
const caValidDays = 3650
const leafValidDays = 825
/** A remembered certificate is made anew when less than this is left. */
const renewBeforeMs = 30 * dayMs

// DER by hand: a server certificate needs ten encodings, an ASN.1 library would double the lab's start-up time.
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const size = body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const octets = (value: Uint8Array): Buffer => der(0x04, value)
const bits = (value: Uint8Array): Buffer => der(0x03, Buffer.from([0]), value)
const yes = der(0x01, Buffer.from([0xff]))

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return der(0x06, Buffer.from(bytes))
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const nameOf = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(commonName)))))
const time = (at: Date): Buffer => {
  const text = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}
const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(oid(id), ...(critical ? [yes] : []), octets(value))

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = new SocketAddress({ address, family: 'ipv6' }).address.split('::')
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16))
  const before = words(head)
  const after = words(tail)
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]))
}

const alternativeName = (name: string): Buffer =>
  isIP(name) === 0 ? der(0x82, Buffer.from(name)) : der(0x87, addressBytes(name))

const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' })
/** The last 65 bytes of a P-256 public key's SPKI are its point, which is what a key identifier hashes. */
const keyIdOf = (key: KeyObject): Buffer => createHash('sha1').update(spkiOf(key).subarray(-65)).digest()

const pemOf = (derBytes: Buffer): string => {
  const lines = derBytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

interface CertificateOrder {
  readonly issuer: string
  readonly subject: string
  readonly validDays: number
  readonly key: KeyObject
  readonly signer: KeyObject
  readonly extensions: readonly Uint8Array[]
}

function certificate(order: CertificateOrder): string {
  const now = Date.now()
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    nameOf(order.issuer),
    sequence(time(new Date(now - dayMs)), time(new Date(now + order.validDays * dayMs))),
    nameOf(order.subject),
    spkiOf(order.key),
    der(0xa3, sequence(...order.extensions)),
  )
  return pemOf(sequence(tbs, ecdsaWithSha256, bits(sign('sha256', tbs, order.signer))))
}

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const keyPemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const rootName = 'Canopy Lab Root'

function makeRoot(): IssuedCertificate {
  const key = newKey()
  const certPem = certificate({
    issuer: rootName,
    subject: rootName,
    validDays: caValidDays,
    key,
    signer: key,
    extensions: [
      extension('2.5.29.19', true, sequence(yes)),
      extension('2.5.29.15', true, der(0x03, Buffer.from([1, 0x06]))), // keyCertSign, cRLSign
      extension('2.5.29.14', false, octets(keyIdOf(key))),
    ],
  })
  return { certPem, keyPem: keyPemOf(key) }
}

function makeLeaf(root: IssuedCertificate, names: readonly string[]): IssuedCertificate {
  const key = newKey()
  const signer = createPrivateKey(root.keyPem)
  const certPem = certificate({
    issuer: rootName,
    subject: names[0] ?? 'localhost',
    validDays: leafValidDays,
    key,
    signer,
    extensions: [
      extension('2.5.29.19', true, sequence()),
      extension('2.5.29.15', true, der(0x03, Buffer.from([7, 0x80]))), // digitalSignature
      extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
      extension('2.5.29.17', false, sequence(...names.map(alternativeName))),
      extension('2.5.29.35', false, sequence(der(0x80, keyIdOf(signer)))),
    ],
  })
  return { certPem: certPem + root.certPem, keyPem: keyPemOf(key) }
}

async function readPair(dir: string, name: string): Promise<IssuedCertificate | undefined> {
  try {
    const [certPem, keyPem] = await Promise.all([
      readFile(join(dir, `${name}.crt`), 'utf8'),
      readFile(join(dir, `${name}.key`), 'utf8'),
    ])
    const known = new X509Certificate(certPem)
    const usable = Date.parse(known.validTo) - Date.now() > renewBeforeMs
    return usable && known.checkPrivateKey(createPrivateKey(keyPem)) ? { certPem, keyPem } : undefined
  } catch {
    return undefined
  }
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.new`
  await writeFile(temporary, text, { mode })
  await rename(temporary, path)
}

async function writePair(dir: string, name: string, pair: IssuedCertificate): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await writeWhole(join(dir, `${name}.key`), pair.keyPem, 0o600)
  await writeWhole(join(dir, `${name}.crt`), pair.certPem, 0o644)
}

/** A pair read from `dir`, or made and kept there; a damaged or nearly expired pair is made anew. */
async function remembered(
  dir: string | undefined,
  name: string,
  make: () => IssuedCertificate,
): Promise<IssuedCertificate> {
  if (dir === undefined) return make()
  const known = await readPair(dir, name)
  if (known !== undefined) return known
  const made = make()
  await writePair(dir, name, made)
  return made
}

function leafName(root: IssuedCertificate, names: readonly string[]): string {
  const text = JSON.stringify([root.certPem, names])
  return `leaf-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}

/**
 * The lab's certificate authority (ECDSA P-256). With `dir` the root and the issued pairs are kept there (keys 0600)
 * and read again at the next start; without it everything lives in memory.
 */
export async function createAuthority(dir?: string): Promise<Authority> {
  const root = await remembered(dir, 'ca', makeRoot)
  return {
    caPem: root.certPem,
    issue: async (names) => {
      if (names.length === 0) throw new Error('A certificate needs at least one name')
      return remembered(dir, leafName(root, names), () => makeLeaf(root, names))
    },
  }
}
