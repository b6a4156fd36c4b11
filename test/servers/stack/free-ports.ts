/** Several free loopback ports at once, none of them twice. */
import { createServer, type Server } from 'node:net'

/** All are held until the last one is found, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held = await Promise.all(Array.from({ length: count }, hold))
  const ports = held.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(held.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  return ports
}

const hold = (): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
