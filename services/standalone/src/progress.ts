/** The progress display: lines rewritten in place on a terminal, a JSON line per second otherwise. */
import type { Verdict } from './in-sync.ts'
import type { Snapshot } from './snapshot.ts'

export interface Progress {
  readonly snapshot: Snapshot
  readonly verdict: Verdict
  readonly elapsedMs: number
  /** Objects per second since the last look, and the seconds left at that rate; undefined: not known. */
  readonly perSecond: number
  readonly secondsLeft: number | undefined
}

const number = new Intl.NumberFormat('en-US')
const count = (value: number): string => number.format(value)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** "forest contoso.lab  ldaps://…  600/600 objects  1,204 memberships  in sync", and the same for the cloud. */
export function progressLines(progress: Progress): string[] {
  const { snapshot, verdict } = progress
  const width = Math.max(
    ...snapshot.forests.map((forest) => forest.name.length),
    ...snapshot.clouds.map((c) => c.name.length),
    1,
  )
  const lines = snapshot.forests.map((forest) => {
    const state = forest.waiting
      ? `waiting: ${forest.code}`
      : forest.complete
        ? verdict.state === 'inSync'
          ? 'in sync'
          : 'read'
        : 'reading'
    return `  forest ${forest.name.padEnd(width)}  ${forest.server}   ${count(forest.objects)} objects   ${count(forest.memberships)} memberships   ${state}`
  })
  for (const cloud of snapshot.clouds) {
    const equal =
      cloud.objects + cloud.edges === 0
        ? ''
        : verdict.state === 'inSync'
          ? equalText(snapshot)
          : `${count(cloud.objectsEqual)}/${count(cloud.objects)} written`
    lines.push(
      `  cloud  ${cloud.name.padEnd(width)}  ${count(cloud.created)} created · ${count(cloud.updated)} updated · ${count(cloud.deleted)} deleted · ${count(cloud.held)} held   ${equal}`,
    )
  }
  return lines
}

const equalText = (snapshot: Snapshot): string =>
  snapshot.conflicts > 0 ? `${count(snapshot.conflicts)} conflicts` : 'equal to the forests'

export function stageLine(progress: Progress): string {
  const { snapshot, verdict } = progress
  if (verdict.state === 'inSync') return `  In sync after ${seconds(progress.elapsedMs)}.`
  if (verdict.state === 'waiting') return `  Waiting: ${verdict.why}`
  const rate = progress.perSecond > 0 ? `   ${count(Math.round(progress.perSecond))} objects/s` : ''
  const left = progress.secondsLeft === undefined ? '' : `   about ${Math.ceil(progress.secondsLeft)} s left`
  return `  ${verdict.what} … read ${count(snapshot.read)} · resolved ${count(snapshot.resolved)} · written ${count(snapshot.written)}${rate}${left}`
}

export const progressJson = (progress: Progress): string =>
  JSON.stringify({
    elapsedMs: Math.round(progress.elapsedMs),
    state: progress.verdict.state,
    perSecond: Math.round(progress.perSecond),
    ...progress.snapshot,
  })

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

  /** What is drawn stays; later output goes below. */
  keep(): void {
    this.#drawn = 0
  }
}

const fit = (line: string, columns: number): string =>
  line.length > columns ? `${line.slice(0, Math.max(1, columns - 1))}…` : line
