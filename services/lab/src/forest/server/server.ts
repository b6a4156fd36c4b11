/** Listens for LDAP and LDAPS on one directory. */
import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, createServer as createTlsServer } from 'node:tls'
import { serveConnection } from './connection.ts'
import { notifySession } from './notify.ts'
import { type ServerContext, Session } from './session.ts'

export interface ListenOptions {
  readonly context: ServerContext
  readonly host: string
  readonly port: number
  readonly ldapsPort: number
  readonly tls: { readonly certPem: string; readonly keyPem: string }
}

export interface Listening {
  readonly port: number
  readonly ldapsPort: number
  close(): Promise<void>
}

export async function listen(o: ListenOptions): Promise<Listening> {
  const sessions = new Set<Session>()
  const sockets = new Set<Socket>()
  const identity = { cert: o.tls.certPem, key: o.tls.keyPem }
  const secure = createSecureContext(identity)
  const track = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    if (o.context.faults.refuseConnections) socket.destroy()
  }
  const accept = (socket: Socket): void => {
    if (socket.destroyed) return
    socket.setNoDelay(true)
    const session = new Session(o.context, socket)
    sessions.add(session)
    socket.on('error', () => session.destroy())
    socket.on('close', () => {
      session.closed = true
      session.watches.clear()
      sessions.delete(session)
    })
    serveConnection(session, secure)
  }
  const plain = createServer((socket) => {
    track(socket)
    accept(socket)
  })
  const tls = createTlsServer({ ...identity, minVersion: 'TLSv1.2' }, accept)
  tls.on('connection', track)
  tls.on('tlsClientError', (_failure, socket) => socket.destroy())
  const stop = o.context.directory.onChange((entry) => {
    for (const session of sessions) if (session.watches.size > 0) notifySession(session, entry)
  })
  const drop = (): void => {
    for (const session of sessions) session.destroy()
    for (const socket of sockets) socket.destroy()
  }
  o.context.faults.attach({
    drop,
    rollBack: (changes) => {
      // A machine that is restored from an image has lost its connections.
      drop()
      o.context.directory.rollBack(changes)
    },
  })
  const [port, ldapsPort] = await Promise.all([start(plain, o.port, o.host), start(tls, o.ldapsPort, o.host)])
  return {
    port,
    ldapsPort,
    close: async () => {
      stop()
      drop()
      await Promise.all([plain, tls].map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
    },
  }
}

function start(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
