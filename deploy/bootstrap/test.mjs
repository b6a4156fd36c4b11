/**
 * `npm test`: the checks, then every test, then one closing line `N passed, N failed, N skipped`.
 * With arguments (`npm test -- <filter>`) the checks are skipped and vitest gets the arguments.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = (name) => join(root, 'node_modules', '.bin', name)
const houseChecks = join(root, 'deploy', 'gen', 'check.ts')

const checks = [
  { title: 'Format and lint', command: bin('biome'), args: ['ci', '--no-errors-on-unmatched'] },
  {
    title: 'Protocol lint',
    command: bin('buf'),
    args: ['lint'],
    cwd: join(root, 'proto'),
    needs: join(root, 'proto', 'buf.yaml'),
  },
  {
    title: 'Protocol compatibility',
    command: process.execPath,
    args: [join(root, 'deploy', 'bootstrap', 'breaking.mjs')],
    needs: join(root, '.git'),
  },
  { title: 'Types', command: bin('tsc'), args: ['-b'] },
  {
    title: 'House checks',
    command: process.execPath,
    args: ['--conditions=@canopy/source', houseChecks],
    needs: houseChecks,
  },
  {
    title: 'Generated references are fresh',
    command: process.execPath,
    args: ['--conditions=@canopy/source', join(root, 'deploy', 'gen', 'main.ts'), '--check'],
  },
]

const filter = process.argv.slice(2)
const outcomes = [...(filter.length === 0 ? checks.map(runCheck) : []), runTests(filter)]
const sum = (count) => outcomes.reduce((total, outcome) => total + outcome[count], 0)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
process.exitCode = sum('failed') > 0 ? 1 : 0

function runCheck({ title, command, args, cwd = root, needs }) {
  heading(title)
  if (needs !== undefined && !existsSync(needs)) {
    console.log(`skipped: ${needs} does not exist`)
    return { passed: 0, failed: 0, skipped: 1 }
  }
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (error) console.error(error.message)
  console.log(status === 0 ? 'ok' : `failed: ${title}`)
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

function runTests(args) {
  heading('Tests')
  const folder = mkdtempSync(join(tmpdir(), 'canopy-test-'))
  const report = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const { status, error } = spawnSync(bin('vitest'), ['run', ...reporters, ...args], { cwd: root, stdio: 'inherit' })
    if (error) console.error(error.message)
    const counted = existsSync(report)
      ? count(JSON.parse(readFileSync(report, 'utf8')))
      : { passed: 0, failed: 0, skipped: 0 }
    // Not every failure belongs to a test: an unhandled rejection or a filter that matches nothing does not.
    if (status !== 0 && counted.failed === 0) return { ...counted, failed: 1 }
    return counted
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A file that failed before its first test, or in a hook around them, counts as one failed test. */
function count(report) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

function heading(title) {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 70 - title.length))}`)
}
