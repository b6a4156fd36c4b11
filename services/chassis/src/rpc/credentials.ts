/** Mutual TLS from files that may change while the process runs, and plain text where nobody else can listen. */
import { accessSync, constants } from 'node:fs'
import { isIP } from 'node:net'
import { ChannelCredentials, experimental, ServerCredentials } from '@grpc/grpc-js'
import { Failure } from '../failure.ts'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string
  /** Milliseconds between two looks at the files; default 10,000. */
  readonly refreshMs?: number
}

/** Whether an address can be reached from this machine alone. */
export function isLocal(address: string): boolean {
  if (address.startsWith('unix:')) return true
  const host = hostOf(address)
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** Credentials of a listener. Failure CANOPY-RPC-0010: an address others can reach, without TLS. */
export function serverCredentials(
  address: string,
  tls: TlsFiles | undefined,
  requireCertificate = true,
): ServerCredentials {
  if (address.startsWith('unix:')) return ServerCredentials.createInsecure()
  if (tls !== undefined) {
    const files = watchTls(tls)
    return experimental.createCertificateProviderServerCredentials(files, files, requireCertificate)
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

/**
 * Credentials of a channel: plain to what is local, TLS to everything else. `authority`: PEM of whom to believe, for a
 * caller that has no certificate yet.
 */
export function channelCredentials(address: string, tls: TlsFiles | undefined, authority?: string): ChannelCredentials {
  if (authority !== undefined) return ChannelCredentials.createSsl(Buffer.from(authority))
  if (address.startsWith('unix:')) return ChannelCredentials.createInsecure()
  if (tls !== undefined) {
    const files = watchTls(tls)
    return experimental.createCertificateProviderChannelCredentials(files, files)
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

/** New connections use what the files hold now: a certificate is renewed without a restart. */
function watchTls(files: TlsFiles): experimental.CertificateProvider {
  for (const path of [files.certFile, files.keyFile, files.caFile]) checkReadable(path)
  return new experimental.FileWatcherCertificateProvider({
    certificateFile: files.certFile,
    privateKeyFile: files.keyFile,
    caCertificateFile: files.caFile,
    refreshIntervalMs: files.refreshMs ?? 10_000,
  })
}

function checkReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
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

const hostOf = (address: string): string => {
  const bracketed = /^\[([^\]]+)\]/.exec(address)
  return bracketed ? bracketed[1]! : address.replace(/:\d+$/, '')
}
