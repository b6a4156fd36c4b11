/** CPU seconds and peak resident memory of a process and its descendants, from /proc. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessFigures {
  readonly cpuSeconds: number
  readonly peakRssMb: number
}

const ticksPerSecond = 100

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

const fieldsOf = (pid: number): readonly string[] => {
  const stat = read(pid, 'stat')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** User and system time of the process itself, and of children it has waited for. */
export function figures(pid: number): ProcessFigures {
  const fields = fieldsOf(pid)
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0)
  const peak = /VmHWM:\s+(\d+) kB/.exec(read(pid, 'status'))?.[1]
  return { cpuSeconds: ticks / ticksPerSecond, peakRssMb: Math.round(Number(peak ?? 0) / 1024) }
}

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** Every process whose command line contains the text: the embedded database is nobody's child once it was taken over. */
export const processesWith = (text: string): number[] =>
  pids().filter((pid) => pid !== process.pid && read(pid, 'cmdline').replaceAll('\0', ' ').includes(text))

/** These processes and the children they have now. */
export function sumCpu(of: readonly number[]): number {
  const parents = new Set(of)
  const all = pids().filter((pid) => parents.has(pid) || parents.has(Number(fieldsOf(pid)[1])))
  return all.reduce((sum, pid) => sum + figures(pid).cpuSeconds, 0)
}
