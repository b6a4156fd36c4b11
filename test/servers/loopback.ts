/** Finds loopback addresses and ports that nobody listens on. */
import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'

/** A port on `host` that was free a moment ago. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no TCP address'))
        else resolve(address.port)
      })
    })
  })
}

/** An address in 127.0.0.0/8 on which nothing listens on `port`; for servers whose ports cannot be chosen. */
export async function freeAddress(port: number): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const host = `127.${randomInt(64, 255)}.${randomInt(1, 255)}.${randomInt(2, 255)}`
    if (!(await accepts(host, port))) return host
  }
  throw new Error(`no loopback address with port ${port} free`)
}

/** Whether something accepts a TCP connection there. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const answer = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.setTimeout(1000, () => answer(false))
  })
}
