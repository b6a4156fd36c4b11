/** What `npm start` understands. */
import { parseArgs } from 'node:util'
import { Failure, nearest } from '@canopy/chassis'

export interface StandaloneOptions {
  readonly data: string
  readonly config: string | undefined
  readonly untilSynced: boolean
  readonly json: boolean
  readonly reset: boolean
  readonly help: boolean
}

export const usage = `Canopy, all services in one process, on embedded adapters.

  npm start [-- options]

  --data DIR        state: database, log, lab, credentials (default ./.canopy)
  --config FILE     your own forests and tenant instead of the lab (deploy/config holds two examples)
  --until-synced    exit 0 once the cloud equals the forests (conflicts included), 1 with the reason when it cannot
  --json            one JSON line per second instead of the progress display
  --reset           forget everything in the data folder first
  --help

Without --config the lab is the outside world: two forests and one tenant on loopback, written to with
"mode: sync" and "signIn: discardedRandom". Your own targets start in "mode: observe": nothing is written.

Exit codes: 0 done, 1 failed, 2 bad usage.`

const flags = {
  data: { type: 'string', default: '.canopy' },
  config: { type: 'string' },
  'until-synced': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  reset: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Throws Failure CANOPY-CLI-0002 for what it does not know. */
export function parseOptions(args: readonly string[]): StandaloneOptions {
  try {
    const { values } = parseArgs({ args: [...args], options: flags, strict: true })
    return {
      data: values.data,
      config: values.config,
      untilSynced: values['until-synced'],
      json: values.json,
      reset: values.reset,
      help: values.help,
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const unknown = /'--?([\w-]+)/.exec(message)?.[1]
    const close = unknown ? nearest(unknown, Object.keys(flags)) : undefined
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-CLI-0002',
      message: unknown ? `there is no option --${unknown}` : message,
      mend: close ? `did you mean --${close}? npm start -- --help lists them` : 'npm start -- --help lists the options',
    })
  }
}
