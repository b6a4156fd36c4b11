/** Proves the bootstrap in a small workspace of its own: slow steps once, clear errors, exit codes and signals passed on. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const target = `const verb: string = process.argv[2] ?? ''
process.on('SIGTERM', () => process.exit(7))
if (verb === 'wait') { setInterval(() => {}, 1000); console.log('ready') }
else if (verb === 'die') process.kill(process.pid, 'SIGKILL')
else { console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = Number(verb) }
`
let root: string
let entry: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'canopy-bootstrap-'))
  entry = join(root, 'deploy', 'bootstrap', 'run.mjs')
  cpSync(import.meta.dirname, join(root, 'deploy', 'bootstrap'), { recursive: true })
  mkdirSync(join(root, 'services', 'console', 'src', 'cli'), { recursive: true })
  writeFileSync(join(root, 'services', 'console', 'src', 'cli', 'main.ts'), target)
  writeFileSync(join(root, 'package.json'), '{"name":"probe","private":true,"type":"module"}')
  writeFileSync(join(root, 'pnpm-workspace.yaml'), 'packages: []\n')
  writeFileSync(join(root, 'pnpm-lock.yaml'), "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n")
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

function run(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

test('installs once, then hands over arguments and exit code without a word', () => {
  const first = run('canopy', '3', 'two words')
  expect(first).toMatchObject({ code: 3, stdout: '["3","two words"]\n' })
  expect(first.stderr).toMatch(/Installing packages \.\.\. \d+\.\d s/)
  expect(run('canopy', '0')).toEqual({ code: 0, stdout: '["0"]\n', stderr: '' })
}, 60_000)

test('installs again when the lockfile has changed, and says how to mend one that does not fit', () => {
  run('canopy', '0')
  writeFileSync(join(root, 'package.json'), '{"name":"probe","private":true,"dependencies":{"absent":"1.0.0"}}')
  const failed = run('canopy', '0')
  expect(failed.code).toBe(1)
  expect(failed.stderr).toMatch(/Installing packages failed: [\s\S]*where: [\s\S]*mend: {2}.*pnpm-lock\.yaml/)
  writeFileSync(join(root, 'package.json'), '{"name":"probe","private":true,"type":"module"}')
  expect(run('canopy', '0').code).toBe(0)
}, 60_000)

test('names what can be run when asked for something else', () => {
  expect(run('toString')).toMatchObject({ code: 1, stderr: expect.stringContaining('npm run start, test, canopy') })
  expect(run('bench').stderr).toContain('test/bench/main.ts is missing')
})

test('passes SIGTERM on and reports a child that was killed', async () => {
  const parent = spawn(process.execPath, [entry, 'canopy', 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(parent.stdout, 'data')
  parent.kill('SIGTERM')
  expect(await once(parent, 'exit')).toEqual([7, null])
  expect(run('canopy', 'die').code).toBe(137)
}, 30_000)
