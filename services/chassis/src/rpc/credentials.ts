/** Mutual TLS from files that may change while the process runs, and plain text where nobody else can listen. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js'
import { Failure } from '../failure.ts'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string
}

interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca: Buffer
}

/** Whether an address can be reached from this machine alone. */
export function isLocal(address: string): boolean {
  if (address.startsWith('unix:')) return true
  const host = hostOf(address)
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Credentials of a listener. Failure CANOPY-RPC-0010: an address others can reach, without TLS. */
export function serverCredentials(address: string, tls: TlsFiles | undefined): ServerCredentials {
  if (address.startsWith('unix:')) return ServerCredentials.createInsecure()
  if (tls !== undefined) {
    const { cert, key, ca } = readTls(tls)
    return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true)
  }
  if (isLocal(address)) return ServerCredentials.createInsecure()
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-RPC-0010',
    message: `${address} can be reached by others and rpc.tls is not set`,
    at: 'rpc.listen',
    mend: 'set rpc.tls, or listen on loopback or a unix socket',
  })
}

/** Credentials of a channel: plain to what is local, TLS to everything else. */
export function channelCredentials(address: string, tls: TlsFiles | undefined): ChannelCredentials {
  if (address.startsWith('unix:')) return ChannelCredentials.createInsecure()
  if (tls !== undefined) {
    const { cert, key, ca } = readTls(tls)
    return ChannelCredentials.createSsl(ca, key, cert)
  }
  if (isLocal(address)) return ChannelCredentials.createInsecure()
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-RPC-0010',
    message: `${address} is on another machine and rpc.tls is not set`,
    at: 'peers',
    mend: 'set rpc.tls with a certificate for this service',
  })
}

function readTls(files: TlsFiles): TlsMaterial {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path)
    } catch (cause) {
      throw new Failure({
        kind: 'permanent',
        code: 'CANOPY-RPC-0011',
        message: 'a file of rpc.tls cannot be read',
        at: path,
        mend: 'check the path, and that the process may read it',
        cause,
      })
    }
  }
  return { cert: read(files.certFile), key: read(files.keyFile), ca: read(files.caFile) }
}

const hostOf = (address: string): string => {
  const bracketed = /^\[([^\]]+)\]/.exec(address)
  return bracketed ? bracketed[1]! : address.replace(/:\d+$/, '')
}
