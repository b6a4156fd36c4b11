/**
 * Proves that every published message can still be read: `buf breaking` against the main branch of the origin where there is
 * one, else against the commit before. `breaking.mjs <git reference>` names another.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' })
const holdsProtocol = (reference) => git('cat-file', '-e', `${reference}:proto/buf.yaml`).status === 0
const reference = [process.argv[2], 'origin/main', 'HEAD~1', 'HEAD'].find((each) => each && holdsProtocol(each))
if (!reference) {
  console.log('no earlier protocol to compare with')
  process.exit(0)
}
const commit = git('rev-parse', reference).stdout.trim()
console.log(`compared with ${reference}`)
const buf = spawnSync(
  join(root, 'node_modules', '.bin', 'buf'),
  ['breaking', 'proto', '--against', `.git#ref=${commit},subdir=proto`],
  { cwd: root, stdio: 'inherit' },
)
process.exit(buf.status ?? 1)
