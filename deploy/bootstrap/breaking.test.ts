import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A repository of its own with the protocol committed. */
function repository(): string {
  folder = mkdtempSync(join(tmpdir(), 'canopy-breaking-'))
  cpSync(join(root, 'proto/buf.yaml'), join(folder, 'proto/buf.yaml'))
  cpSync(join(root, 'proto/canopy'), join(folder, 'proto/canopy'), { recursive: true })
  cpSync(join(root, 'deploy/bootstrap/breaking.mjs'), join(folder, 'deploy/bootstrap/breaking.mjs'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const git = (...args: string[]): void => {
    spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder })
  }
  git('init', '-q', '-b', 'main')
  git('add', 'proto', 'deploy')
  git('commit', '-qm', 'protocol')
  return folder
}

const check = (): number | null =>
  spawnSync(process.execPath, ['deploy/bootstrap/breaking.mjs'], { cwd: folder, encoding: 'utf8' }).status

const change = (from: string, to: string): void => {
  const file = join(folder, 'proto/canopy/resolve/v1/desired.proto')
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
}

describe('protocol compatibility', () => {
  it('lets a new field through', () => {
    repository()
    change('bool source_disabled = 17;', 'bool source_disabled = 17;\n  string later = 900;')
    expect(check()).toBe(0)
  })

  it('refuses a field that is taken for something else', () => {
    repository()
    change('string anchor = 1;', 'bytes anchor = 1;')
    expect(check()).not.toBe(0)
  })
})
