/** Who runs in a stack's folder: written while a stack is up, read by `down` and `status`. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'
import type { StackFolder } from './layout.ts'

export interface RunningProcess {
  readonly name: string
  readonly pid: number
  /** Start of the process in ticks after boot: another process that got the same id has another one. */
  readonly started: string
}

export interface Running {
  readonly supervisor: RunningProcess
  readonly processes: readonly RunningProcess[]
}

export function writeRunning(folder: StackFolder, processes: readonly Child[]): void {
  const running: Running = {
    supervisor: { name: 'supervisor', pid: process.pid, started: startOf(process.pid) ?? '' },
    processes: processes.map(({ name, pid }) => ({ name, pid, started: startOf(pid) ?? '' })),
  }
  writeFileSync(folder.running, JSON.stringify(running))
}

export const forgetRunning = (folder: StackFolder): void => rmSync(folder.running, { force: true })

/** Undefined: no stack is up there, nor was one left behind. */
export function readRunning(folder: StackFolder): Running | undefined {
  return existsSync(folder.running) ? (JSON.parse(readFileSync(folder.running, 'utf8')) as Running) : undefined
}

export const isRunning = ({ pid, started }: RunningProcess): boolean => started !== '' && startOf(pid) === started

/** The supervisor stops all in order; what survives it, because it was killed, is ended one by one. */
export async function stopRunning(running: Running, timeoutMs: number): Promise<void> {
  if (isRunning(running.supervisor)) process.kill(running.supervisor.pid, 'SIGTERM')
  const deadline = Date.now() + timeoutMs
  while (isRunning(running.supervisor) && Date.now() < deadline) await sleep(50)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const left = [running.supervisor, ...running.processes].filter(isRunning)
    for (const { pid } of left) process.kill(pid, signal)
    for (let n = 0; n < 100 && left.some(isRunning); n++) await sleep(50)
  }
}

/** Field 22 of /proc/<pid>/stat; undefined when the process is gone or only waits to be reaped. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
