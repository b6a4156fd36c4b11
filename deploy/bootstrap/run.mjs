/**
 * The entry of every npm script: provides Node 24, pnpm, the packages and the generated code, then runs the target.
 * Plain JavaScript without packages, because it runs on whatever Node the machine has (18 or newer).
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateProtocol, installPackages } from './dependencies.mjs'
import { BootstrapError } from './fail.mjs'
import { toolchain } from './toolchain.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
/** Nothing Canopy does grows with the directory: a bounded heap keeps the collector from letting garbage pile up. */
const heap = { start: ['--max-semi-space-size=16', '--max-old-space-size=384'] }
const targets = {
  start: 'services/standalone/src/main.ts',
  test: 'deploy/bootstrap/test.mjs',
  canopy: 'services/console/src/cli/main.ts',
  bench: 'test/bench/main.ts',
  stack: 'test/servers/stack/main.ts',
  gen: 'deploy/gen/main.ts',
  check: 'deploy/gen/check.ts',
}

try {
  main(process.argv[2], process.argv.slice(3))
} catch (error) {
  console.error(error instanceof BootstrapError ? error.message : error)
  process.exit(1)
}

function main(name, args) {
  const target = Object.hasOwn(targets, name) ? join(root, targets[name]) : undefined
  if (target === undefined || !existsSync(target)) {
    throw new BootstrapError({
      what: target === undefined ? `There is nothing called "${name}" to run.` : `${targets[name]} is missing.`,
      where: 'deploy/bootstrap/run.mjs',
      mend:
        target === undefined
          ? `use one of: npm run ${Object.keys(targets).join(', ')}`
          : 'restore it from version control',
    })
  }
  const { node, env } = toolchain(root)
  installPackages(root, env)
  generateProtocol(root, env)
  const flags = ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning', ...(heap[name] ?? [])]
  run(node, [...flags, target, ...args], env)
}

function run(node, args, env) {
  const child = spawn(node, args, { stdio: 'inherit', env })
  child.on('error', (error) => {
    console.error(`${node} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  // Ctrl-C in a terminal reaches the child by itself, and two of them mean "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
}
