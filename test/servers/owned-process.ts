/** Runs one server process that cannot outlive the test that started it, and keeps what it printed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const setpriv = '/usr/bin/setpriv'
const keptOutputChars = 64 * 1024

export interface OwnedProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** System user to run as; only root can give one. */
  readonly user?: string
  /** Sent when the parent ends without closing; SIGKILL unless the server needs to clean up after itself. */
  readonly orphanSignal?: 'SIGKILL' | 'SIGQUIT'
}

export interface OwnedProcess {
  readonly pid: number
  /** The last 64 KB of stdout and stderr together. */
  output(): string
  /** Whether it still runs. */
  running(): boolean
  /** Resolves when `ready` answers true; rejects with the output when the process ends first or `timeoutMs` passes. */
  until(ready: (output: string) => boolean | Promise<boolean>, timeoutMs: number): Promise<void>
  /** SIGTERM (or `signal`), SIGKILL after `graceMs`; resolves when the process is gone. */
  stop(options?: { readonly signal?: NodeJS.Signals; readonly graceMs?: number }): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
}

/** Starts the process; the kernel ends it when the starting thread ends, however that happens. */
export function startOwned(options: OwnedProcessOptions): OwnedProcess {
  const orphanSignal = options.orphanSignal ?? 'SIGKILL'
  const child = spawnBound(options, orphanSignal)
  let kept = ''
  const keep = (chunk: Buffer): void => {
    kept = (kept + chunk.toString('utf8')).slice(-keptOutputChars)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  let ended = false
  const exited = new Promise<void>((resolve) => {
    const finish = (): void => {
      ended = true
      process.off('exit', endOrphan)
      resolve()
    }
    child.once('exit', finish)
    child.once('error', (error) => {
      kept += `\n${error.message}`
      finish()
    })
  })
  const endOrphan = (): void => void child.kill(orphanSignal)
  process.on('exit', endOrphan)

  const stop: OwnedProcess['stop'] = async ({ signal = 'SIGTERM', graceMs = 10_000 } = {}) => {
    if (ended) return
    child.kill(signal)
    const patience = new AbortController()
    await Promise.race([exited, sleep(graceMs, undefined, { signal: patience.signal }).catch(() => {})])
    patience.abort()
    if (!ended) child.kill('SIGKILL')
    await exited
  }
  return {
    pid: child.pid ?? -1,
    output: () => kept,
    running: () => !ended,
    stop,
    kill: () => stop({ signal: 'SIGKILL' }),
    until: async (ready, timeoutMs) => {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        if (ended) throw new Error(`${options.command} ended before it was ready:\n${kept}`)
        if (await ready(kept)) return
        if (Date.now() > deadline) throw new Error(`${options.command} was not ready in ${timeoutMs} ms:\n${kept}`)
        await sleep(25)
      }
    },
  }
}

function spawnBound(options: OwnedProcessOptions, orphanSignal: string): ChildProcess {
  const asUser = options.user === undefined ? [] : ['--reuid', options.user, '--regid', options.user, '--init-groups']
  const bound = existsSync(setpriv)
    ? [setpriv, ...asUser, '--pdeathsig', orphanSignal.slice(3), '--', options.command]
    : [options.command]
  const [command = options.command, ...before] = bound
  return spawn(command, [...before, ...options.args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
