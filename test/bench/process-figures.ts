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

/** User and system time of the process itself, and of children it has waited for. */
export function figures(pid: number): ProcessFigures {
  const stat = read(pid, 'stat')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0)
  const peak = /VmHWM:\s+(\d+) kB/.exec(read(pid, 'status'))?.[1]
  return { cpuSeconds: ticks / ticksPerSecond, peakRssMb: Math.round(Number(peak ?? 0) / 1024) }
}

/** Every process whose command line contains the text: the embedded database is nobody's child once it was taken over. */
export const processesWith = (text: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && read(pid, 'cmdline').replaceAll('\0', ' ').includes(text))

export const sumCpu = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + figures(pid).cpuSeconds, 0)
