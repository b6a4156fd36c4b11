/** Who may ask: whoever knows the token, and on a unix socket whoever may open it. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { Failure } from '@canopy/chassis'
import type { ConsoleConfig } from '../config.ts'

/** Failure CANOPY-CONSOLE-0001: an address without a token. -0002: the token cannot be read or is too short. */
export async function checkAccess(config: ConsoleConfig): Promise<void> {
  if (config.token_file !== undefined) await readToken(config.token_file)
  else if (!config.listen.startsWith('unix:')) {
    const others = isLoopback(config.listen) ? 'every user of this machine' : 'others'
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-CONSOLE-0001',
      message: `${config.listen} can be reached by ${others} and console.token_file is not set`,
      at: 'console.token_file',
      mend: 'name a file with a token of at least 16 characters, or listen on a unix socket',
    })
  }
}

/** Throws Failure CANOPY-CONSOLE-0003 unless the request carries the token that the file holds now. */
export async function authorize(request: IncomingMessage, config: ConsoleConfig): Promise<void> {
  if (config.token_file === undefined) return
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const wanted = await readToken(config.token_file)
  if (given !== undefined && timingSafeEqual(digest(given), digest(wanted))) return
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONSOLE-0003',
    message: given === undefined ? 'the gateway wants a token' : 'the gateway knows another token',
    mend: 'give the one of console.token_file: CANOPY_TOKEN, --token-file, or the data folder with --data',
  })
}

async function readToken(path: string): Promise<string> {
  const refuse = (message: string, cause?: unknown): Failure =>
    new Failure({
      kind: 'permanent',
      code: 'CANOPY-CONSOLE-0002',
      message,
      at: path,
      mend: 'put a token of at least 16 characters into the file, readable by this process',
      cause,
    })
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw refuse('the file with the token of the gateway cannot be read', cause)
  }
  if (text.length < 16 || /\s/.test(text)) throw refuse('the token of the gateway is too short, or holds spaces')
  return text
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function isLoopback(address: string): boolean {
  const host = address.replace(/:\d*$/, '').replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
