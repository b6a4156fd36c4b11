/** Credentials from files (a mounted secret) or the environment; values never leave this process. */
import { createHash, scrypt } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Credential, Credentials } from '../ports.ts'

export interface CredentialSources {
  readonly dir: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the hub: fingerprints made with it mean nothing elsewhere. Undefined: not known yet, or an older hub. */
  readonly salt?: () => Uint8Array | undefined
}

type Name = 'current' | 'next'

/**
 * `<dir>/<name>/{username,password}`, else CANOPY_CREDENTIAL_<NAME>_USERNAME and _PASSWORD; the one to come in
 * `username.next` (default: the same) and `password.next`, else _NEXT_USERNAME and _NEXT_PASSWORD. Read at every call.
 */
export function credentialsFrom({ dir, env, salt }: CredentialSources): Credentials {
  const fingerprints = new Map<string, Promise<string>>()
  const fingerprint = (username: string, password: string): Promise<string> => {
    const plain = createHash('sha256').update(`${username.length}:${username}${password}`).digest('hex').slice(0, 16)
    const grain = salt?.()
    if (grain === undefined || grain.length === 0) return Promise.resolve(plain)
    const key = `${plain} ${Buffer.from(grain).toString('hex')}`
    const known = fingerprints.get(key) ?? salted(`${username.length}:${username}${password}`, grain)
    fingerprints.set(key, known)
    return known
  }
  const read = async (name: string, which: Name): Promise<Credential | undefined> => {
    const found = (await fromFiles(dir, name, which)) ?? fromEnvironment(env, name, which)
    // An empty password would be an unauthenticated bind, which servers accept: there is no such credential.
    if (found === undefined || found.username === '' || found.password === '') return undefined
    return { ...found, version: await fingerprint(found.username, found.password) }
  }
  return {
    names: async () => {
      const names = new Set(await folderNames(dir))
      for (const key of Object.keys(env)) {
        const match = /^CANOPY_CREDENTIAL_(.+?)(?<!_NEXT)_USERNAME$/.exec(key)
        if (match) names.add(match[1]!.toLowerCase().replaceAll('_', '-'))
      }
      return [...names].sort()
    },
    resolve: async (name) => {
      const both = await Promise.all([read(name, 'current'), read(name, 'next')])
      return both.filter((each) => each !== undefined)
    },
  }
}

/** Slow on purpose: who has the hub's tables must not be able to try out passwords. */
async function salted(text: string, salt: Uint8Array): Promise<string> {
  const key = await promisify<string, Uint8Array, number, Buffer>(scrypt)(text, salt, 16)
  return key.toString('hex')
}

async function folderNames(dir: string | undefined): Promise<string[]> {
  if (dir === undefined) return []
  const found = await readdir(dir, { withFileTypes: true }).catch(() => [])
  return found.filter((entry) => !entry.name.startsWith('.') && !entry.isFile()).map((entry) => entry.name)
}

interface Pair {
  readonly username: string
  readonly password: string
}

async function fromFiles(dir: string | undefined, name: string, which: Name): Promise<Pair | undefined> {
  // A name comes from the hub: it must not lead out of the folder.
  if (dir === undefined || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return undefined
  const read = (file: string): Promise<string> => readFile(join(dir, name, file), 'utf8')
  try {
    const next = which === 'next'
    const password = await read(next ? 'password.next' : 'password')
    const username = await (next ? read('username.next').catch(() => read('username')) : read('username'))
    return { username: username.trim(), password: password.replace(/\r?\n$/, '') }
  } catch {
    return undefined
  }
}

function fromEnvironment(env: CredentialSources['env'], name: string, which: Name): Pair | undefined {
  const prefix = `CANOPY_CREDENTIAL_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
  const part = which === 'next' ? '_NEXT' : ''
  const username = env[`${prefix}${part}_USERNAME`] ?? env[`${prefix}_USERNAME`]
  const password = env[`${prefix}${part}_PASSWORD`]
  return username === undefined || password === undefined ? undefined : { username, password }
}
