/** Installs the workspace's packages and generates the protocol code, each only when what it is made from has changed. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { step } from './fail.mjs'

/** `pnpm install --frozen-lockfile` when the lockfile is not the one `node_modules` was made from. */
export function installPackages(root, env) {
  const made = join(root, 'node_modules', '.canopy-stamp')
  const hash = hashOf(root, ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
  if (isCurrent(made, hash)) return
  step({
    says: 'Installing packages',
    command: 'pnpm',
    args: ['install', '--frozen-lockfile'],
    cwd: root,
    env: { ...env, CI: 'true' },
    mend: 'check the network; after a change of a package.json run "pnpm install" once to renew pnpm-lock.yaml',
  })
  writeFileSync(made, hash)
}

/** `buf generate` when a .proto file or the generator's configuration has changed. */
export function generateProtocol(root, env) {
  const proto = join(root, 'proto')
  if (!existsSync(join(proto, 'buf.gen.yaml'))) return
  const sources = readdirSync(proto, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['gen', 'node_modules', 'dist', 'src'].includes(entry.name))
    .flatMap((folder) => filesBelow(proto, folder.name).filter((file) => file.endsWith('.proto')))
  const hash = hashOf(proto, ['buf.gen.yaml', 'buf.yaml', ...sources.sort(), '../pnpm-lock.yaml'])
  const made = join(proto, 'gen', '.canopy-stamp')
  if (isCurrent(made, hash)) return
  step({
    says: 'Generating protocol code',
    command: join(root, 'node_modules', '.bin', 'buf'),
    args: ['generate'],
    cwd: proto,
    env: { ...env, PATH: [join(root, 'node_modules', '.bin'), env.PATH].join(delimiter) },
    mend: 'mend the .proto file that buf names; "buf lint" in proto/ says more',
  })
  mkdirSync(join(proto, 'gen'), { recursive: true })
  writeFileSync(made, hash)
}

function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(root, path) : [path]
  })
}

function hashOf(folder, files) {
  const hash = createHash('sha256')
  for (const file of files) {
    const path = join(folder, file)
    hash
      .update(`${file}\0`)
      .update(existsSync(path) ? readFileSync(path) : '')
      .update('\0')
  }
  return hash.digest('hex')
}

function isCurrent(stampFile, hash) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash
}
