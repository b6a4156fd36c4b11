/** Issues a short-lived CA and a server certificate for a test server, so that clients verify it as they would a real one. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './command.ts'

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export interface ServerCertificate {
  readonly caPem: string
  readonly certPem: string
  readonly keyPem: string
}

/** A P-256 CA and one leaf for `servername` and `addresses`, valid for 30 days. */
export async function issueCertificate(servername: string, addresses: readonly string[]): Promise<ServerCertificate> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-tls-'))
  const openssl = (...args: string[]): Promise<string> => runCommand('openssl', args, { cwd: dir })
  try {
    const names = [`DNS:${servername}`, ...addresses.map((address) => `IP:${address}`)].join(',')
    const uses = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth', `subjectAltName=${names}`]
    await writeFile(join(dir, 'leaf.ext'), uses.join('\n'))
    const ca = ['-x509', '-days', '30', '-subj', '/CN=Test directory CA', '-keyout', 'ca.key', '-out', 'ca.pem']
    await openssl('req', ...ecKey, ...ca, '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
    await openssl('req', ...ecKey, '-subj', `/CN=${servername}`, '-keyout', 'key.pem', '-out', 'leaf.csr')
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'leaf.ext']
    await openssl('x509', '-req', '-in', 'leaf.csr', ...signing, '-out', 'cert.pem')
    const [caPem, certPem, keyPem] = await Promise.all(
      ['ca.pem', 'cert.pem', 'key.pem'].map((file) => readFile(join(dir, file), 'utf8')),
    )
    if (caPem === undefined || certPem === undefined || keyPem === undefined) throw new Error('openssl wrote nothing')
    return { caPem, certPem, keyPem }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
