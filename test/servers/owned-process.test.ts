/** Proves that no server outlives its test, even when the test process is killed without warning. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startOwned } from './owned-process.ts'

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test.each(['SIGKILL', 'SIGTERM'] as const)('a server ends with its parent on %s', async (signal) => {
  const source = `import { startOwned } from ${JSON.stringify(join(import.meta.dirname, 'owned-process.ts'))}
    console.log(startOwned({ command: 'sleep', args: ['60'] }).pid)
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(String(printed))
  expect(alive(pid)).toBe(true)
  parent.kill(signal)
  await expect.poll(() => alive(pid), { timeout: 5000 }).toBe(false)
})

test('stop escalates to SIGKILL, and a process that never gets ready shows what it printed', async () => {
  const script = 'trap "" TERM; echo deaf; while :; do sleep 0.05; done'
  const deaf = startOwned({ command: 'bash', args: ['-c', script] })
  await deaf.until((output) => output.includes('deaf'), 5000)
  await deaf.stop({ graceMs: 100 })
  expect(deaf.running()).toBe(false)
  const broken = startOwned({ command: 'bash', args: ['-c', 'echo no config >&2; exit 3'] })
  await expect(broken.until(() => false, 5000)).rejects.toThrow('no config')
})
