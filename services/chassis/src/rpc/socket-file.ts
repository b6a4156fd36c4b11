/** Makes way for a unix socket: a file nobody answers on is left over from a process that was killed. */
import { rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'

/** False when somebody answers there, or when it is no socket: then nothing was touched. */
export async function freeSocketFile(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined)
  if (there === undefined) return true
  if (!there.isSocket() || (await answers(path))) return false
  await rm(path, { force: true })
  return true
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
