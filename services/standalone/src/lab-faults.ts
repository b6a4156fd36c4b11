/** What `canopy lab fault` lets fail, in words of its own: at the lab's controllers, or in its cloud. */
import type { Fault, ForestFault } from '@canopy/lab'
import type { LabWorld } from './lab-world.ts'

export interface FaultRequest {
  readonly kind?: string
  readonly forest?: string
  /** Duration such as `30s`, `2m`, `500ms`. */
  readonly for?: string
  /** So many times. */
  readonly count?: number
  /** Milliseconds, per cent, entries or seconds, as the kind says. */
  readonly amount?: number
}

interface Given {
  readonly count: number
  readonly amount: number | undefined
}

type Kind =
  | { readonly at: 'forest'; readonly help: string; readonly fault: (given: Given) => ForestFault }
  | { readonly at: 'cloud'; readonly help: string; readonly fault: (given: Given) => Fault }

const bindRefusals = ['532', '533', '701', '773', '775'] as const
const forest = (help: string, fault: (given: Given) => ForestFault): Kind => ({ at: 'forest', help, fault })
const cloud = (help: string, fault: (given: Given) => Fault): Kind => ({ at: 'cloud', help, fault })

const kinds: Readonly<Record<string, Kind>> = {
  refuse: forest('the controllers take no connection', () => ({ fault: 'refuse', on: true })),
  drop: forest('every connection is closed once', () => ({ fault: 'drop' })),
  delay: forest('every request waits --amount ms (500)', ({ amount = 500 }) => ({ fault: 'delay', ms: amount })),
  mute: forest('requests are never answered', () => ({ fault: 'mute', on: true })),
  cut: forest('--count searches lose their connection after --amount entries (10)', ({ count, amount = 10 }) => ({
    fault: 'cut',
    afterEntries: amount,
    count,
  })),
  'half-answer': forest('--count searches end well after --amount entries (10)', ({ count, amount = 10 }) => ({
    fault: 'halfAnswer',
    afterEntries: amount,
    count,
  })),
  'bad-cookie': forest('--count cookies are refused', ({ count }) => ({ fault: 'badCookie', count })),
  'empty-page': forest('--count pages are empty, with a cookie', ({ count }) => ({ fault: 'emptyPage', count })),
  hide: forest('--amount per cent of the objects cannot be read (40)', ({ amount = 40 }) => ({
    fault: 'hide',
    percent: amount,
  })),
  blind: forest('nobody sees deletions', () => ({ fault: 'blind', on: true })),
  'refuse-binds': forest('binds are refused with sub-code --amount (775)', ({ amount = 775 }) => ({
    fault: 'refuseBinds',
    data: bindRefusals.find((data) => data === String(amount)) ?? '775',
  })),
  'usn-rollback': forest('the first controller goes back --amount changes (10)', ({ amount = 10 }) => ({
    fault: 'usnRollback',
    changes: amount,
  })),
  throttle: cloud('--count operations answer 429 with Retry-After --amount s (2)', ({ count, amount = 2 }) => ({
    fault: 'throttled',
    count,
    retryAfterSecs: amount,
  })),
  unavailable: cloud('--count operations answer 503', ({ count }) => ({ fault: 'unavailable', count })),
  'lose-answers': cloud('--count writes are applied and not answered', ({ count }) => ({
    fault: 'dropAfterApplying',
    count,
  })),
  'lose-requests': cloud('--count writes are lost before they are applied', ({ count }) => ({
    fault: 'dropBeforeApplying',
    count,
  })),
  'slow-cloud': cloud('every answer of the cloud waits --amount ms (500)', ({ amount = 500 }) => ({
    fault: 'delay',
    ms: amount,
  })),
  'wrong-secret': cloud('the cloud refuses every client secret', () => ({ fault: 'wrongSecret', on: true })),
  'expire-tokens': cloud('tokens given out so far are refused', () => ({ fault: 'expireTokens' })),
}

/** Undefined for a word that is no duration. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text)
  if (match === null) return undefined
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  return Number(match[1]) * (units[match[2] ?? ''] ?? 0)
}

export const faultNames = (): string[] => [...Object.keys(kinds), 'clear']

/** One line for each kind there is. */
export function faultKinds(): string[] {
  const rows = Object.entries(kinds).map(([kind, { at, help }]) => [kind, at, help] as const)
  return [...rows, ['clear', 'both', 'everything works again'] as const].map(
    ([kind, at, help]) => `${kind.padEnd(14)}${at.padEnd(8)}${help}`,
  )
}

/** While `--for` lasts a counted fault strikes as often as it can. */
const unlimited = 1_000_000_000

/** Sets one fault and ends what was set before; undefined for a kind that does not exist. */
export function setFault(world: LabWorld, request: FaultRequest, forests: LabWorld['forests']): string[] | undefined {
  const kind = kinds[request.kind ?? '']
  if (request.kind !== 'clear' && kind === undefined) return undefined
  clearFaults(world)
  const forMs = request.for === undefined ? undefined : durationMs(request.for)
  const lasting = forMs === undefined ? '' : ` for ${request.for}`
  if (kind === undefined) return ['everything works again']
  const given = { count: request.count ?? (forMs === undefined ? 1 : unlimited), amount: request.amount }
  if (kind.at === 'cloud') world.cloud.faults.set(kind.fault(given))
  else for (const each of forests) each.faults.set(kind.fault(given))
  if (forMs !== undefined) timers.set(world, setTimeout(() => clearFaults(world), forMs).unref())
  const names = kind.at === 'cloud' ? ['cloud'] : forests.map((each) => each.name)
  return names.map((name) => `${name}: ${request.kind}${lasting}`)
}

const timers = new WeakMap<LabWorld, NodeJS.Timeout>()

function clearFaults(world: LabWorld): void {
  clearTimeout(timers.get(world))
  for (const each of world.forests) each.faults.clear()
  world.cloud.faults.set({ fault: 'clear' })
}
