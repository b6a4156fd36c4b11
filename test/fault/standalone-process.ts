/** A standalone Canopy as a process of its own, to be killed and started again on the same folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { processesWith } from '../bench/process-figures.ts'

const entry = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url))

export interface StandaloneProcess {
  readonly pid: number
  /** Standard output and error so far. */
  readonly output: string
  readonly errors: string
  running(): boolean
  /** The exit code; undefined after a signal. */
  readonly exited: Promise<number | undefined>
  kill(signal?: NodeJS.Signals): Promise<void>
}

export function launch(args: readonly string[], env: Readonly<Record<string, string>> = {}): StandaloneProcess {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=@canopy/source', '--disable-warning=ExperimentalWarning', entry, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  )
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const end = (): void => void child.kill('SIGKILL')
  process.on('exit', end)
  let running = true
  const exited = new Promise<number | undefined>((resolve) => {
    child.once('close', (code) => {
      running = false
      process.off('exit', end)
      resolve(code ?? undefined)
    })
  })
  return {
    pid: child.pid ?? -1,
    get output() {
      return output
    },
    get errors() {
      return errors
    },
    running: () => running,
    exited,
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal)
      await exited
    },
  }
}

/** Ends the database that a killed process left behind on this folder. */
export function endDatabase(data: string): void {
  for (const pid of processesWith(data)) {
    try {
      process.kill(pid, 'SIGQUIT')
    } catch {
      // It ended meanwhile.
    }
  }
}
