/** The data folder: everything a standalone Canopy keeps, marked with the version that may read it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Failure } from '@canopy/chassis'

/** Raised when the folder's layout changes in a way that older programs must not touch. */
export const layoutVersion = 1

export interface DataFolder {
  readonly root: string
  readonly database: string
  readonly lab: string
  readonly credentials: string
  /** Certificate authorities of forests and targets, PEM. */
  readonly trust: string
  /** How the CLI finds the gateway of this Canopy. */
  readonly gateway: string
}

/** Creates or opens it; a newer layout, and a folder that holds other things, are refused and left alone. */
export function openDataFolder(path: string, reset: boolean): DataFolder {
  const root = resolve(path)
  const marker = join(root, 'VERSION')
  const known = existsSync(marker)
  if (existsSync(root) && !known && readdirSync(root).length > 0) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-DATA-0001',
      message: `${root} is not empty and not a data folder of Canopy`,
      at: '--data',
      mend: 'name another folder, or an empty one',
    })
  }
  const found = known ? Number.parseInt(readFileSync(marker, 'utf8'), 10) : layoutVersion
  if (found > layoutVersion && !reset) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-DATA-0002',
      message: `${root} was written by a newer Canopy (layout ${found}, this one reads ${layoutVersion})`,
      at: '--data',
      mend: 'start the newer version, or name another folder; nothing was changed',
    })
  }
  if (reset && known) for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true, force: true })
  mkdirSync(root, { recursive: true, mode: 0o755 })
  writeFileSync(marker, `${layoutVersion}\n`)
  const folder = (name: string): string => {
    mkdirSync(join(root, name), { recursive: true, mode: name === 'database' ? 0o755 : 0o700 })
    return join(root, name)
  }
  return {
    root,
    database: folder('database'),
    lab: folder('lab'),
    credentials: folder('credentials'),
    trust: folder('trust'),
    gateway: join(root, 'console.json'),
  }
}
