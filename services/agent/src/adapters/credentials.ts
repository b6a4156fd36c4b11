/** Credentials from files (a mounted secret) or the environment; values never leave this process. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credential, Credentials } from '../ports.ts'

export interface CredentialSources {
  readonly dir: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** `<dir>/<name>/{username,password}`, else CANOPY_CREDENTIAL_<NAME>_USERNAME and _PASSWORD. Read at every call. */
export function credentialsFrom({ dir, env }: CredentialSources): Credentials {
  return {
    names: async () => {
      const names = new Set(await folderNames(dir))
      for (const key of Object.keys(env)) {
        const match = /^CANOPY_CREDENTIAL_(.+)_USERNAME$/.exec(key)
        if (match) names.add(match[1]!.toLowerCase().replaceAll('_', '-'))
      }
      return [...names].sort()
    },
    resolve: async (name) => (await fromFiles(dir, name)) ?? fromEnvironment(env, name),
  }
}

async function folderNames(dir: string | undefined): Promise<string[]> {
  if (dir === undefined) return []
  const found = await readdir(dir, { withFileTypes: true }).catch(() => [])
  return found.filter((entry) => !entry.name.startsWith('.') && !entry.isFile()).map((entry) => entry.name)
}

async function fromFiles(dir: string | undefined, name: string): Promise<Credential | undefined> {
  // A name comes from the hub: it must not lead out of the folder.
  if (dir === undefined || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return undefined
  try {
    const [username, password] = await Promise.all(
      ['username', 'password'].map((file) => readFile(join(dir, name, file), 'utf8')),
    )
    return credential(username!.trim(), password!.replace(/\r?\n$/, ''))
  } catch {
    return undefined
  }
}

function fromEnvironment(env: CredentialSources['env'], name: string): Credential | undefined {
  const prefix = `CANOPY_CREDENTIAL_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
  const username = env[`${prefix}_USERNAME`]
  const password = env[`${prefix}_PASSWORD`]
  return username === undefined || password === undefined ? undefined : credential(username, password)
}

/** An empty password would be an unauthenticated bind, which servers accept: there is no such credential. */
function credential(username: string, password: string): Credential | undefined {
  if (username === '' || password === '') return undefined
  const version = createHash('sha256').update(`${username.length}:${username}${password}`).digest('hex').slice(0, 16)
  return { username, password, version }
}
