/** From the first look until in sync, and from there a line for every change that arrives in the cloud. */
import { setTimeout as sleep } from 'node:timers/promises'
import { classify } from '@canopy/chassis'
import { audit } from '@canopy/proto'
import { type Verdict, verdict } from './in-sync.ts'
import type { StandaloneOptions } from './options.ts'
import { Display, type Progress, progressJson, progressLines, stageLine } from './progress.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import type { Standalone } from './standalone.ts'

export interface WatchOptions {
  readonly standalone: Standalone
  readonly options: StandaloneOptions
  readonly signal: AbortSignal
}

/** How long something may wait for the outside before `--until-synced` gives up, in milliseconds. */
const patienceMs = 30_000

/** Exit code: 0 in sync or told to stop, 1 when it cannot be. */
export async function watch({ standalone, options, signal }: WatchOptions): Promise<number> {
  const terminal = !options.json && process.stdout.isTTY === true && !process.env.NO_COLOR
  const display = new Display(process.stdout)
  const startedMs = performance.now()
  const failed = standalone.running.failed.then((failure) => {
    throw failure
  })
  failed.catch(() => undefined)
  let last: { at: number; written: number } = { at: startedMs, written: 0 }
  let waitingSince: number | undefined
  let printed = 0
  while (!signal.aborted) {
    const now = performance.now()
    const look = await Promise.race([takeSnapshot(standalone.running.channels), failed])
    const said = verdict(look.pipeline)
    const progress = progressOf(look.snapshot, said, now - startedMs, last, now)
    last = { at: now, written: look.snapshot.read + look.snapshot.resolved + look.snapshot.written }
    if (terminal) display.draw([...progressLines(progress), stageLine(progress)])
    else if (now - printed >= 1_000 || said.state === 'inSync') {
      printed = now
      print(options, progress)
    }
    if (said.state === 'inSync') {
      display.keep()
      return options.untilSynced ? 0 : await follow(standalone, options, signal)
    }
    waitingSince = said.state === 'waiting' ? (waitingSince ?? now) : undefined
    if (options.untilSynced && said.state === 'waiting' && now - (waitingSince ?? now) > patienceMs) {
      console.error(`${said.why}\n  mend ${said.mend}`)
      return 1
    }
    await sleep(100)
  }
  return 0
}

function print(options: StandaloneOptions, progress: Progress): void {
  if (options.json) console.log(progressJson(progress))
  else if (progress.verdict.state === 'inSync')
    console.log([...progressLines(progress), stageLine(progress)].join('\n'))
  else console.log(stageLine(progress))
}

function progressOf(
  snapshot: Snapshot,
  said: Verdict,
  elapsedMs: number,
  last: { at: number; written: number },
  now: number,
): Progress {
  const moved = snapshot.read + snapshot.resolved + snapshot.written - last.written
  const perSecond = now > last.at ? Math.max(0, (moved / (now - last.at)) * 1000) : 0
  const total = snapshot.clouds.reduce((all, cloud) => all + cloud.objects, 0)
  const left = total > 0 && perSecond > 0 ? Math.max(0, total - snapshot.written) / perSecond : undefined
  return { snapshot, verdict: said, elapsedMs, perSecond, secondsLeft: left }
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
  const failed = standalone.running.failed.then((failure) => {
    throw failure
  })
  const code = await Promise.race([ended, stopped, failed])
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
