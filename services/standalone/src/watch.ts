/** From the first look until in sync, and from there a line for every change that arrives in the cloud. */
import { setTimeout as sleep } from 'node:timers/promises'
import { classify } from '@canopy/chassis'
import { type StatusSnapshot, statusSnapshot } from '@canopy/console'
import { audit } from '@canopy/proto'
import type { StandaloneOptions } from './options.ts'
import { Display, type Progress, progressJson, progressLines, stageLine, totals, waitingFor } from './progress.ts'
import type { Standalone } from './standalone.ts'

export interface WatchOptions {
  readonly standalone: Standalone
  readonly options: StandaloneOptions
  /** performance.now() when the process began. */
  readonly startedMs: number
  readonly signal: AbortSignal
}

/** How long something may wait for the outside before `--until-synced` gives up, in milliseconds. */
const patienceMs = 15_000

/** Exit code: 0 in sync or told to stop, 1 when it cannot be. */
export async function watch({ standalone, options, startedMs, signal }: WatchOptions): Promise<number> {
  const terminal = !options.json && process.stdout.isTTY === true
  const display = new Display(process.stdout)
  const failed = rejectsWith(standalone)
  let last = { atMs: performance.now(), steps: 0 }
  let waitingSinceMs: number | undefined
  let printedMs = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    const nowMs = performance.now()
    const status = await Promise.race([statusSnapshot(standalone.running.channels), failed])
    const tookMs = performance.now() - nowMs
    const steps = stepsOf(status)
    const progress = {
      status,
      elapsedMs: nowMs - startedMs,
      perSecond: Math.max(0, ((steps - last.steps) / (nowMs - last.atMs)) * 1000),
    }
    last = { atMs: nowMs, steps }
    if (terminal) display.draw([...progressLines(progress), stageLine(progress)])
    else if (nowMs - printedMs >= 1_000 || status.state === 'inSync') {
      printedMs = nowMs
      print(options, progress)
    }
    if (status.state === 'inSync') return options.untilSynced ? 0 : await follow(standalone, options, signal)
    waitingSinceMs = status.state === 'waiting' ? (waitingSinceMs ?? nowMs) : undefined
    const waiting = waitingFor(status)
    if (options.untilSynced && waiting && nowMs - (waitingSinceMs ?? nowMs) > patienceMs) {
      console.error(`${waiting.why}\n  mend ${waiting.mend}`)
      return 1
    }
    // Looking must not cost more than a twentieth of the work it looks at.
    await sleep(Math.max(100, 20 * tookMs))
  }
  return 0
}

/** Never resolves; rejects when a service cannot go on. */
function rejectsWith(standalone: Standalone): Promise<never> {
  const failed = standalone.running.failed.then((failure) => {
    throw failure
  })
  failed.catch(() => undefined)
  return failed
}

function stepsOf(status: StatusSnapshot): number {
  const { read, resolved, written } = totals(status)
  return status.state === 'writing' ? written : read + resolved
}

function print(options: StandaloneOptions, progress: Progress): void {
  if (options.json) console.log(progressJson(progress))
  else if (progress.status.state === 'inSync') console.log([...progressLines(progress), stageLine(progress)].join('\n'))
  else console.log(stageLine(progress))
}

async function follow(standalone: Standalone, options: StandaloneOptions, signal: AbortSignal): Promise<number> {
  if (!options.json) console.log(hints(standalone))
  const client = standalone.running.channels.client('audit', audit.AuditClient)
  const stream = client.follow({ object: '', since: new Date(), limit: 0, after: 0n })
  const ended = new Promise<number>((resolve) => {
    stream.on('data', (entry: audit.AuditEntry) =>
      console.log(options.json ? JSON.stringify(audit.AuditEntry.toJSON(entry)) : changeLine(entry)),
    )
    stream.on('error', (error: unknown) => {
      if (signal.aborted) return resolve(0)
      console.error(classify(error).message)
      resolve(1)
    })
    stream.on('end', () => resolve(0))
  })
  const stopped = new Promise<number>((resolve) => signal.addEventListener('abort', () => resolve(0), { once: true }))
  const code = await Promise.race([ended, stopped, rejectsWith(standalone)])
  stream.cancel()
  return code
}

function hints(standalone: Standalone): string {
  const person = standalone.lab?.forests[0]?.directory.find('(displayName=Ada Park)')[0]
  if (!person) return '  Watching. npm run canopy -- status'
  const data = standalone.folder.root === `${process.cwd()}/.canopy` ? '' : ` --data ${standalone.folder.root}`
  return `  Watching.

  Try:  npm run canopy -- lab rename "${person.dn}" "Ada Park-Lindqvist"${data}`
}

/** "  → contoso.lab: Ada Park-Lindqvist  displayName, surname  in the cloud after 84 ms" */
export function changeLine(entry: audit.AuditEntry): string {
  const { result } = entry
  if (!result) return ''
  const forest = result.changes.find((change) => change.provenance)?.provenance?.forest ?? result.target
  const what =
    result.changes.length > 0
      ? result.changes.map((change) => change.attribute).join(', ')
      : [result.action, result.otherDisplay].filter(Boolean).join(' ')
  const took =
    result.at && result.observedAt
      ? `in the cloud after ${Math.max(0, result.at.getTime() - result.observedAt.getTime())} ms`
      : 'in the cloud'
  const end = result.outcome === 'OUTCOME_DONE' ? took : `${result.code} ${result.message}`
  return `  → ${forest}: ${result.display}  ${what}  ${end}`
}
