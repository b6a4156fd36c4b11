/** One process of a stack: its output in a file, ready when it says so, gone when its starter is gone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const repositoryRoot = fileURLToPath(new URL('../../../', import.meta.url))
const setpriv = '/usr/bin/setpriv'
const graceMs = 30_000

export interface ChildOptions {
  readonly name: string
  /** TypeScript file relative to the repository. */
  readonly entry: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly logFile: string
  /** Asked until it says true; the process may end at any time before. */
  readonly isReady: () => Promise<boolean>
}

export interface Child {
  readonly name: string
  /** Of the process that runs now or ran last. */
  readonly pid: number
  readonly logFile: string
  running(): boolean
  /** Everything it wrote since the stack's folder was made. */
  log(): Promise<string>
  ready(): Promise<boolean>
  /** Resolves when it is ready; rejects with its last lines when it ends before, or `timeoutMs` passes. */
  untilReady(timeoutMs: number): Promise<void>
  /** Sends a signal; SIGKILL when none is given. Resolves when the process is gone, or at once for SIGSTOP and SIGCONT. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** SIGTERM, and SIGKILL after half a minute. Resolves with the exit code; undefined: it had to be killed. */
  stop(): Promise<number | undefined>
  /** Starts it again at the same address: stopped in order first if it runs. Not waited for: see `untilReady`. */
  restart(): Promise<void>
}

/** Starts it at once. */
export function startChild(options: ChildOptions): Child {
  let current = launch(options)
  const ready = async (): Promise<boolean> => current.running() && (await options.isReady())
  const stop = async (): Promise<number | undefined> => {
    const { process: child } = current
    if (current.running()) child.kill('SIGTERM')
    const patience = new AbortController()
    await Promise.race([current.exited, sleep(graceMs, undefined, { signal: patience.signal }).catch(() => {})])
    patience.abort()
    if (current.running()) child.kill('SIGKILL')
    await current.exited
    return child.exitCode ?? undefined
  }
  return {
    name: options.name,
    get pid() {
      return current.process.pid ?? -1
    },
    logFile: options.logFile,
    running: () => current.running(),
    log: () => readFile(options.logFile, 'utf8'),
    ready,
    untilReady: async (timeoutMs) => {
      const deadline = Date.now() + timeoutMs
      while (!(await ready())) {
        const why = !current.running()
          ? 'ended before it was ready'
          : Date.now() > deadline
            ? 'is not ready'
            : undefined
        if (why !== undefined)
          throw new Error(`${options.name} ${why}; ${options.logFile} ends with\n${await tail(options)}`)
        await sleep(50)
      }
    },
    kill: async (signal = 'SIGKILL') => {
      current.process.kill(signal)
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await current.exited
    },
    stop,
    restart: async () => {
      await stop()
      current = launch(options)
    },
  }
}

/** Where the kernel does not see to it, none outlives its starter either. */
const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

interface Launched {
  readonly process: ChildProcess
  readonly exited: Promise<void>
  running(): boolean
}

/** As the images run it. */
const heap = ['--max-semi-space-size=8', '--max-old-space-size=192']

function launch(options: ChildOptions): Launched {
  // The lab holds its whole directory in memory.
  const bounds = options.entry.includes('services/lab/') ? [] : heap
  const node = [process.execPath, '--conditions=@canopy/source', '--disable-warning=ExperimentalWarning', ...bounds]
  const bound = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL', '--', ...node] : node
  const [command = process.execPath, ...before] = bound
  mkdirSync(dirname(options.logFile), { recursive: true })
  const log = openSync(options.logFile, 'a')
  const child = spawn(command, [...before, `${repositoryRoot}${options.entry}`, ...options.args], {
    cwd: repositoryRoot,
    env: { ...ownEnvironment(), ...options.env },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  let running = true
  const exited = new Promise<void>((resolve) => {
    const finish = (): void => {
      running = false
      alive.delete(child)
      resolve()
    }
    child.once('exit', finish)
    child.once('error', finish)
  })
  alive.add(child)
  return { process: child, exited, running: () => running }
}

/** What the shell says about Canopy is for its command line, not for these processes. */
const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CANOPY_')))

const tail = async ({ logFile }: ChildOptions): Promise<string> =>
  (await readFile(logFile, 'utf8').catch(() => '')).slice(-2_000)
