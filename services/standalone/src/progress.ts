/** The progress display: lines rewritten in place on a terminal, a JSON line per second otherwise. */
import type { StatusSnapshot } from '@canopy/console'

export interface Progress {
  readonly status: StatusSnapshot
  readonly elapsedMs: number
  /** Objects per second since the last look, through whichever step is working. */
  readonly perSecond: number
}

const number = new Intl.NumberFormat('en-US')
const count = (value: number): string => number.format(value)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

/** Objects that were read, resolved, and are equal in the cloud, and how many there are to write. */
export function totals(status: StatusSnapshot): { read: number; resolved: number; written: number; toWrite: number } {
  return {
    read: sum(status.forests.map((forest) => forest.objects)),
    resolved: status.resolve?.identities ?? 0,
    written: sum(status.targets.map((target) => target.objectsEqual)),
    toWrite: sum(status.targets.map((target) => target.objects)),
  }
}

/** "forest contoso.lab  ldaps://…  600/600 objects  1,204/1,204 memberships  in sync", and the same for the cloud. */
export function progressLines({ status }: Progress): string[] {
  const names = [...status.forests.map((forest) => forest.forest), ...status.targets.map((target) => target.target)]
  const width = Math.max(1, ...names.map((name) => name.length))
  return [...forestLines(status, width), ...targetLines(status, width)]
}

function forestLines(status: StatusSnapshot, width: number): string[] {
  return status.forests.map((forest) => {
    const state = forest.state === 'waiting' ? forest.code : status.state === 'inSync' ? 'in sync' : forest.state
    const objects = `${count(forest.reachedObjects)}/${count(forest.objects)} objects`
    const memberships = `${count(forest.reachedMemberships)}/${count(forest.memberships)} memberships`
    return `  forest ${forest.forest.padEnd(width)}  ${forest.server}   ${objects.padStart(17)}   ${memberships.padStart(23)}   ${state}`
  })
}

function targetLines(status: StatusSnapshot, width: number): string[] {
  return status.targets.map((target) => {
    const done = `${count(target.created)} created · ${count(target.updated + target.disabled)} updated · ${count(target.deleted)} deleted · ${count(target.held)} held`
    const equal = target.objectsEqual === target.objects && target.edgesEqual === target.edges
    const state =
      target.state === 'waiting'
        ? target.code
        : target.mode === 'observe'
          ? 'observed, nothing is written'
          : status.state !== 'inSync'
            ? `${count(target.objectsEqual)}/${count(target.objects)} written`
            : equal
              ? 'equal to the forests'
              : `equal to the forests but for ${count(target.objects - target.objectsEqual)} in conflict`
    return `  cloud  ${target.target.padEnd(width)}  ${done}   ${state}`
  })
}

export function stageLine({ status, elapsedMs, perSecond }: Progress): string {
  const { read, resolved, written, toWrite } = totals(status)
  if (status.state === 'inSync') {
    const conflicts = status.resolve?.conflicts ?? 0
    return `  In sync after ${seconds(elapsedMs)}${conflicts > 0 ? `, ${count(conflicts)} conflicts (npm run canopy -- conflicts)` : ''}.`
  }
  const left = status.state === 'writing' && perSecond > 0 ? Math.ceil((toWrite - written) / perSecond) : undefined
  const rate = perSecond > 0 ? `  ${count(Math.round(perSecond))}/s` : ''
  return `  ${status.state}  read ${count(read)} · resolved ${count(resolved)} · written ${count(written)}${rate}${left ? `  about ${left} s left` : ''}`
}

export const progressJson = (progress: Progress): string =>
  JSON.stringify(
    {
      elapsedMs: Math.round(progress.elapsedMs),
      state: progress.status.state,
      ...totals(progress.status),
      perSecond: Math.round(progress.perSecond),
      conflicts: progress.status.resolve?.conflicts ?? 0,
      forests: progress.status.forests.map(({ forest, objects, memberships, state, code }) => ({
        forest,
        objects,
        memberships,
        state,
        code,
      })),
      targets: progress.status.targets.map(({ target, mode, created, updated, disabled, deleted, held }) => ({
        target,
        mode,
        created,
        updated,
        disabled,
        deleted,
        held,
      })),
    },
    (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value),
  )

/** What it waits for, and how to mend it. */
export function waitingFor(status: StatusSnapshot): { why: string; mend: string } | undefined {
  const forest = status.forests.find(({ state }) => state === 'waiting')
  const target = status.targets.find(({ state }) => state === 'waiting')
  const found = forest ?? target
  return found ? { why: `${found.code}  ${found.message}`, mend: found.mend } : undefined
}

/** Rewrites its own lines on a terminal. */
export class Display {
  readonly #out: NodeJS.WriteStream
  #drawn = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  draw(lines: readonly string[]): void {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    this.#out.write(up + lines.map((line) => `\u001b[2K${fit(line, this.#out.columns ?? 100)}\n`).join(''))
    this.#drawn = lines.length
  }
}

const fit = (line: string, columns: number): string =>
  line.length > columns ? `${line.slice(0, Math.max(1, columns - 1))}…` : line
