/** A gRPC port of its own beside the process's: its callers may show a certificate, or none; a handler asks `peer`. */
import type { Server } from '@grpc/grpc-js'
import type { TlsFiles } from './credentials.ts'
import { bindRpcServer, closeRpcServer, createRpcServer } from './server.ts'

export interface Listener {
  /** Services are added before `start`. */
  readonly server: Server
  /** Resolves with the real port. Failure CANOPY-RPC-0013, -0014: it cannot be bound. */
  start(): Promise<string>
  close(): Promise<void>
}

const drainMs = 1_000

export function openListener(address: string, tls: TlsFiles): Listener {
  const server = createRpcServer()
  return {
    server,
    start: () => bindRpcServer(server, address, tls, 'certificate optional'),
    close: () => closeRpcServer(server, drainMs),
  }
}
