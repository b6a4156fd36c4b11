/** Provides Node 24 and pnpm 12 below `.toolchain` when the machine has older ones or none. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { BootstrapError, step } from './fail.mjs'

const nodeVersion = '24.21.0'
const pnpmVersion = '12.21.0'
const nodeMajor = 24
const npmVariablesOfTheCaller =
  /^npm_(?:package_|lifecycle_|command$|execpath$|node_execpath$|config_(?:local_prefix|prefix)$)/i

/** `{ node, env }`: the Node to run with, and an environment whose PATH begins with the toolchain. */
export function toolchain(root) {
  const home = join(root, '.toolchain')
  const nodeName = `node-${process.platform}-${process.arch}`
  const ownIsNew = Number(process.versions.node.split('.')[0]) >= nodeMajor
  const node = ownIsNew ? process.execPath : join(home, 'node_modules', nodeName, 'bin', 'node')
  const stampFile = join(home, 'stamp')
  const stamp = [node, nodeVersion, pnpmVersion].join(' ')
  if (!existsSync(node) || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    mkdirSync(home, { recursive: true })
    fetchMissing(home, ownIsNew ? undefined : nodeName)
    checkRuns(node)
    writeFileSync(stampFile, stamp)
  }
  const path = [dirname(node), join(home, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  return { node, env: { ...process.env, PATH: path } }
}

function fetchMissing(home, nodeName) {
  const wants = []
  if (nodeName !== undefined && versionOf(home, nodeName) !== nodeVersion) {
    wants.push({ says: `Node ${nodeVersion}`, spec: `${nodeName}@${nodeVersion}` })
  }
  if (!hasPnpm() && versionOf(home, 'pnpm') !== pnpmVersion) {
    wants.push({ says: `pnpm ${pnpmVersion}`, spec: `pnpm@${pnpmVersion}` })
  }
  if (wants.length > 0) fetchPackages(home, wants)
}

function fetchPackages(home, wants) {
  const manifest = join(home, 'package.json')
  if (!existsSync(manifest)) writeFileSync(manifest, '{"private":true}')
  const quiet = ['--save-exact', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
  step({
    says: `Fetching ${wants.map(({ says }) => says).join(' and ')}`,
    command: 'npm',
    args: ['install', ...quiet, ...wants.map(({ spec }) => spec)],
    cwd: home,
    // Started by npm, the inner npm would take the outer one's project for its own.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !npmVariablesOfTheCaller.test(name))),
    mend: `check that npm reaches its registry ("npm ping"), or put Node ${nodeMajor} and pnpm 12 on PATH; then start again`,
  })
}

function checkRuns(node) {
  const { status, error, stderr } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (status === 0) return
  throw new BootstrapError({
    what: `Node ${nodeVersion} does not run here: ${error?.message ?? stderr}`,
    where: node,
    mend: `put a Node ${nodeMajor} that runs on this machine first on PATH`,
  })
}

function hasPnpm() {
  const { status, stdout } = spawnSync('pnpm', ['--version'], { encoding: 'utf8', cwd: '/' })
  return status === 0 && stdout.startsWith('12.')
}

function versionOf(home, name) {
  try {
    return JSON.parse(readFileSync(join(home, 'node_modules', name, 'package.json'), 'utf8')).version
  } catch {
    return undefined
  }
}
