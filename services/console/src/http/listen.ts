/** Binds a server to host:port or a unix socket. */
import { chmod } from 'node:fs/promises'
import type { Server } from 'node:http'
import { classify, Failure, freeSocketFile } from '@canopy/chassis'

/** Returns the address with its real port. Failure CANOPY-CONSOLE-0005: it is taken, or not of this machine. */
export async function listen(server: Server, address: string): Promise<string> {
  const path = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined
  if (path !== undefined && !(await freeSocketFile(path))) throw taken(address)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(bindFailure(address, cause)))
    if (path === undefined) return server.listen(hostAndPort(address), resolve)
    // The socket is made before `listen` returns, with the rights of its owner alone: a change afterwards leaves a moment.
    const mask = process.umask(0o177)
    server.listen({ path }, resolve)
    process.umask(mask)
  })
  if (path !== undefined) {
    await chmod(path, 0o600)
    return address
  }
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? address.replace(/:\d+$/, `:${bound.port}`) : address
}

function hostAndPort(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':')
  const port = Number(address.slice(at + 1))
  if (at < 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw bindFailure(address, new Error('it is neither host:port nor unix:/path'))
  }
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port }
}

function bindFailure(address: string, cause: Error): Failure {
  if ('code' in cause && cause.code === 'EADDRINUSE') return taken(address, cause)
  return new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0005',
    message: `the gateway cannot listen on ${address}: ${classify(cause).message}`,
    at: 'console.listen',
    mend: 'give an address of this machine that this user may listen on',
    cause,
  })
}

const taken = (address: string, cause?: unknown): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0005',
    message: `${address} is already in use`,
    at: 'console.listen',
    mend: 'stop the process that listens there, or choose another address (port 0: any)',
    cause,
  })
