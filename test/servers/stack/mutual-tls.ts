/** One authority and one certificate for all processes of a stack: each is server and client. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'

export interface StackTls {
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string
}

/** Made once per folder, valid for a year. */
export async function mutualTls(dir: string): Promise<StackTls> {
  const files = { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key'), caFile: join(dir, 'ca.crt') }
  if (existsSync(files.certFile)) return files
  const openssl = (...args: string[]): Promise<string> => runCommand('openssl', args, { cwd: dir })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const uses = [
    'basicConstraints=critical,CA:FALSE',
    'extendedKeyUsage=serverAuth,clientAuth',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
  ]
  await writeFile(join(dir, 'leaf.ext'), uses.join('\n'))
  const authority = ['-x509', '-days', '365', '-subj', '/CN=Canopy stack', '-keyout', 'ca.key', '-out', 'ca.crt']
  await openssl('req', ...key, ...authority, '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
  await openssl('req', ...key, '-subj', '/CN=canopy', '-keyout', 'tls.key', '-out', 'leaf.csr')
  const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '365', '-extfile', 'leaf.ext']
  await openssl('x509', '-req', '-in', 'leaf.csr', ...signing, '-out', 'tls.crt')
  return files
}
