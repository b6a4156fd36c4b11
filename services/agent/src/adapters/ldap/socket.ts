/** Opens the socket to a directory: TLS from the start, StartTLS, or plain on loopback. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { connectFailure, plainRefused, timedOut } from './failure.ts'

export interface ServerAddress {
  readonly scheme: 'ldaps' | 'starttls' | 'plain'
  readonly host: string
  readonly port: number
  /** As shown: "ldaps://dc1.corp.contoso.com:636". */
  readonly text: string
}

export interface TlsTrust {
  /** PEM of the CAs to trust instead of the well-known ones; empty: those. */
  readonly ca: readonly string[]
  /** Name expected in the certificate. */
  readonly serverName: string
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/** `ldaps://host:port`, `ldap://host:port` (StartTLS, plain on loopback if allowed) or a bare host (LDAPS). */
export function parseServer(server: string, allowPlainLoopback: boolean): ServerAddress {
  const url = new URL(server.includes('://') ? server : `ldaps://${server}`)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') throw connectFailure(server, new Error('no host'))
  if (url.protocol === 'ldaps:') {
    const port = Number(url.port || 636)
    return { scheme: 'ldaps', host, port, text: `ldaps://${url.hostname}:${port}` }
  }
  if (url.protocol !== 'ldap:') throw plainRefused(server)
  const port = Number(url.port || 389)
  const scheme = allowPlainLoopback && isLoopback(host) ? 'plain' : 'starttls'
  return { scheme, host, port, text: `ldap://${url.hostname}:${port}` }
}

export interface OpenOptions {
  readonly address: ServerAddress
  readonly tls: TlsTrust
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export async function openTcp({ address, timeoutMs, signal }: OpenOptions): Promise<Socket> {
  const socket = connectTcp({ host: address.host, port: address.port, noDelay: true })
  await settled(socket, 'connect', { address, timeoutMs, signal })
  socket.setKeepAlive(true, 30_000)
  return socket
}

/** Turns a socket into a verified TLS one. */
export async function secure(socket: Socket, { address, tls, timeoutMs, signal }: OpenOptions): Promise<TLSSocket> {
  const name = tls.serverName || address.host
  const secured = connectTls({
    socket,
    ...(tls.ca.length > 0 ? { ca: [...tls.ca] } : {}),
    // An address is no valid SNI; the certificate is checked against it all the same.
    ...(isIP(name) ? { host: name } : { servername: name, host: name }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  })
  await settled(secured, 'secureConnect', { address, timeoutMs, signal })
  return secured
}

function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  { address, timeoutMs, signal }: Pick<OpenOptions, 'address' | 'timeoutMs' | 'signal'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      done()
      // An error that comes after this one must not end the process.
      socket.on('error', () => {})
      socket.destroy()
      reject(connectFailure(address.text, error))
    }
    const onAbort = (): void => fail(signal.reason)
    const onClose = (): void => fail(new Error('closed by the server'))
    const timer = setTimeout(() => fail(timedOut(address.text, event, timeoutMs)), timeoutMs)
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      socket.off('close', onClose)
    }
    socket.once(event, () => {
      done()
      resolve()
    })
    socket.on('error', fail)
    socket.on('close', onClose)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
}
