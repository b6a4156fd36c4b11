/** A real process: it starts from a file, drains on SIGTERM, ends with three lines when it cannot go on. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

const service = new URL('./run.ts', import.meta.url).href
const children = new Set<ChildProcess>()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canopy-run-'))
  await writeFile(join(folder, 'main.mts'), program)
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})
afterAll(() => rm(folder, { recursive: true }))

/** A service whose one part takes 150 ms to drain, and fails on demand. */
const program = `
import { createRequire } from 'node:module'
import { run } from ${JSON.stringify(service)}
const { z } = createRequire(${JSON.stringify(fileURLToPath(service))})('zod')
const say = (text) => process.stdout.write(text + '\\n')
await run([{
  name: 'sample',
  config: z.strictObject({ mode: z.enum(['well', 'reject', 'fatal', 'slow']).default('well') }),
  bus: false,
  compose: async (context) => [{
    name: 'worker',
    start: async () => {
      say('started')
      if (context.config.mode === 'reject') setTimeout(() => Promise.reject(new Error('forgotten')), 50)
      if (context.config.mode === 'fatal') setTimeout(() => context.fatal(Object.assign(new Error('over'), { code: 'X' })), 50)
    },
    stop: async () => {
      say('draining ' + context.signal.aborted)
      await new Promise((resolve) => setTimeout(resolve, context.config.mode === 'slow' ? 60_000 : 150))
      say('drained')
    },
  }],
}])
`

async function start(config: string, ...flags: string[]) {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.yaml`)
  await writeFile(file, config)
  const child = spawn(
    process.execPath,
    [
      '--conditions=@canopy/source',
      '--disable-warning=ExperimentalWarning',
      join(folder, 'main.mts'),
      '--config',
      file,
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '' } },
  )
  children.add(child)
  const seen = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    seen.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    seen.err += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number)
  const ready = () => expect.poll(() => seen.err, { timeout: 10_000, interval: 20 }).toContain('"message":"ready"')
  return { child, seen, ended, ready }
}

const anywhere = 'rpc: { listen: 127.0.0.1:0 }\nhealth: { listen: 127.0.0.1:0 }\n'

describe('run', () => {
  it('drains on SIGTERM and exits 0', async () => {
    const { child, seen, ended, ready } = await start(anywhere)
    await ready()
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(seen.out).toBe('started\ndraining true\ndrained\n')
    expect(seen.err).toContain('"message":"stopped"')
  })

  it('exits at once on a second signal', async () => {
    const { child, seen, ended, ready } = await start(`${anywhere}sample: { mode: slow }\n`)
    await ready()
    child.kill('SIGTERM')
    await expect.poll(() => seen.out, { interval: 5 }).toContain('draining')
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(seen.out).not.toContain('drained')
  })

  it('gives up draining at its deadline, saying so', async () => {
    const { child, seen, ended, ready } = await start(`${anywhere}sample: { mode: slow }\ndrain_secs: 1\n`)
    await ready()
    child.kill('SIGTERM')
    expect(await ended).toBe(1)
    expect(seen.err).toContain('CANOPY-0004  the process did not stop within 1 s\n  at   drain_secs\n  mend ')
  })

  it.each([
    ['reject', 'CANOPY-0001  forgotten'],
    ['fatal', 'CANOPY-0001/X  over'],
  ])('drains and exits 1 on %s', async (mode, message) => {
    const { seen, ended } = await start(`${anywhere}sample: { mode: ${mode} }\n`)
    expect(await ended).toBe(1)
    expect(seen.out).toContain('drained')
    expect(seen.err).toContain(message)
  })

  it('says which port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { seen, ended } = await start(`rpc: { listen: 127.0.0.1:${port} }\nhealth: { listen: 127.0.0.1:0 }\n`)
    expect(await ended).toBe(1)
    expect(seen.err).toContain(
      `CANOPY-RPC-0013  127.0.0.1:${port} is already in use\n  at   rpc.listen\n  mend stop the process that listens there, or choose another address\n`,
    )
    server.close()
  })

  it('refuses a wrong file with its line, and bad usage', async () => {
    const wrong = await start('sample:\n  mod: well\n', '--check')
    expect(await wrong.ended).toBe(1)
    expect(wrong.seen.err).toMatch(
      /CANOPY-CONFIG-0002 {2}unknown key "mod"\n {2}at .*\.yaml:2:3 {2}sample\.mod\n {2}mend did you mean mode\?/,
    )
    expect(wrong.seen.out).toBe('')
    const usage = await start('', '--chekc')
    expect(await usage.ended).toBe(2)
    const right = await start('sample: { mode: slow }\n', '--check')
    expect(await right.ended).toBe(0)
  })

  it('is probed without any other tool', async () => {
    const health = `unix:${join(folder, 'h')}`
    const config = `rpc: { listen: 127.0.0.1:0 }\nhealth: { listen: "${health}" }\n`
    const before = await start(config, '--probe')
    expect(await before.ended).toBe(1)
    const { child, ended, ready } = await start(config)
    await ready()
    const during = await start(config, '--probe')
    expect(await during.ended).toBe(0)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})
