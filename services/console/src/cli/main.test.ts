import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commands } from './commands.ts'
import { displayWidth } from './table.ts'

const main = new URL('main.ts', import.meta.url).pathname
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function canopy(...args: string[]) {
  const flags = ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning']
  const done = spawnSync(process.execPath, [...flags, main, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { code: done.status, out: done.stdout, err: done.stderr }
}
const widest = (text: string): number => Math.max(...text.split('\n').map(displayWidth))

describe('help', () => {
  it.each(commands.map(({ words }) => words))('of canopy %s', (words) => {
    const { code, out, err } = canopy(...words.split(' '), '--help')
    expect([code, err]).toEqual([0, ''])
    expect(out.startsWith(`canopy ${words}`)).toBe(true)
    expect(out).toContain('--json')
    expect(widest(out)).toBeLessThanOrEqual(100)
  })

  it('of everything and of a group lists the commands', () => {
    for (const args of [[], ['--help'], ['help']]) {
      const { code, out } = canopy(...args)
      expect(code).toBe(0)
      for (const { words } of commands) expect(out).toContain(`canopy ${words}`)
      expect(widest(out)).toBeLessThanOrEqual(100)
    }
    const { code, out } = canopy('held', '--help')
    expect(code).toBe(0)
    expect(out).toContain('canopy held approve')
    expect(out).not.toContain('canopy status')
  })
})

describe('asked wrongly', () => {
  it.each([
    [['stauts'], 'there is no command stauts', 'did you mean canopy status?'],
    [['held', 'aprove', 'x'], 'there is no command held aprove x', ''],
    [['log', '--folow'], 'canopy log has no option --folow', 'did you mean --follow?'],
    [['log', '--limit'], '--limit wants N', ''],
    [['log', '--limit', 'many'], '--limit is a number', ''],
    [['log', '--since', 'yesterday'], '--since does not know yesterday', '2h'],
    [['log', '--follow=yes'], '--follow takes no value', ''],
    [['held', 'approve', 'held_1'], 'canopy held approve wants --why', ''],
    [['show'], 'canopy show wants WHO', ''],
    [['show', 'Ada', 'Park'], 'does not know what to do with Park', 'put quotes'],
    [['held'], 'canopy held is several commands', 'canopy held list'],
    [['status', '--fail-on', 'broken'], '--fail-on does not know broken', 'stale=10m'],
    [['status', '--url', 'localhost'], 'localhost is no address of a gateway', 'http://'],
    [['completion', 'fish'], 'there is no completion for fish', 'bash or zsh'],
  ])('%j exits with 2', (args, message, mend) => {
    const { code, out, err } = canopy(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('CANOPY-CLI-000')
    expect(err).toContain(message)
    expect(err).toContain(mend)
  })
})

describe('without a running Canopy', () => {
  it('says what, where and how to mend it', () => {
    const { code, out, err } = canopy('status')
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe(
      [
        'CANOPY-CLI-0001  no running Canopy was found',
        `  at   ${join(folder, '.canopy/console.json')}`,
        '  mend start Canopy with npm start, or name the gateway with --url (its data folder with --data)',
        '',
      ].join('\n'),
    )
  })

  it('says it as JSON', () => {
    const { code, out, err } = canopy('status', '--json')
    expect([code, out, JSON.parse(err).error.code]).toEqual([1, '', 'CANOPY-CLI-0001'])
  })

  it('knows an address that was left over', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await new Promise((resolve) => server.close(resolve))
    writeFileSync(join(folder, 'console.json'), JSON.stringify({ url: `http://127.0.0.1:${port}`, token: 'x' }))
    const { code, err } = canopy('--data', folder, 'status')
    expect(code).toBe(1)
    expect(err).toContain(`Canopy does not answer at http://127.0.0.1:${port} (nothing listens there)`)
  })

  it('says that a configuration is checked by a running one', () => {
    writeFileSync(join(folder, 'c.yaml'), 'version: canopy/v1\n')
    const { code, err } = canopy('config', 'validate', 'c.yaml')
    expect(code).toBe(1)
    expect(err).toContain('canopy config validate asks a running one')
    expect(canopy('config', 'validate', 'no.yaml').err).toContain('CANOPY-CLI-0007')
  })

  it('still tells its version and completes', () => {
    expect(canopy('version').out).toMatch(/^canopy \d+\.\d+\.\d+\n$/)
    expect(JSON.parse(canopy('version', '--json').out).client).toMatch(/^\d/)
    const script = canopy('completion', 'bash').out
    const probe = `${script}\nCOMP_WORDS=(canopy held ap) COMP_CWORD=2; _canopy; echo "\${COMPREPLY[*]}"
COMP_WORDS=(canopy held approve --w) COMP_CWORD=3; _canopy; echo "\${COMPREPLY[*]}"
COMP_WORDS=(canopy st) COMP_CWORD=1; _canopy; echo "\${COMPREPLY[*]}"`
    const done = spawnSync('bash', ['-c', probe], { encoding: 'utf8' })
    expect(done.stdout.trim().split('\n')).toEqual(['approve', '--why', 'status'])
  })
})
