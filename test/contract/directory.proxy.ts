/** Stands between an agent and a server on loopback: counts binds, and takes the server away and gives it back. */
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'

export interface ServerProxy {
  readonly host: string
  /** Bind requests that came by; of plain connections only. */
  readonly binds: () => number
  /** Connections end now, and new ones at once. */
  readonly takeAway: () => void
  readonly bringBack: () => void
  readonly close: () => void
}

/** To the host and port of a URL; each request fits a packet here. */
export async function startProxy(target: string): Promise<ServerProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let binds = 0
  let away = false
  const server = createServer((client) => {
    if (away) {
      client.destroy()
      return
    }
    const upstream = connectTcp({ host: hostname, port: Number(port || 636) })
    client.on('data', (chunk: Buffer) => {
      // LDAPMessage ::= SEQUENCE { messageID INTEGER, [APPLICATION 0] BindRequest
      if (chunk[0] === 0x30 && chunk.indexOf(0x60) > 0 && chunk.indexOf(0x60) < 8) binds++
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => client.write(chunk))
    for (const [a, b] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(a)
      a.on('error', () => b.destroy())
      a.on('close', () => {
        sockets.delete(a)
        b.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    binds: () => binds,
    takeAway: () => {
      away = true
      cut()
    },
    bringBack: () => {
      away = false
    },
    close: () => {
      cut()
      server.close()
    },
  }
}
