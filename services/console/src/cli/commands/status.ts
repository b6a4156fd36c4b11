/** canopy status */
import type { StatusSnapshot } from '../../api/status.ts'
import { durationMs } from '../../core/since.ts'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import type { Json } from '../json.ts'
import { usageProblem } from '../problem.ts'
import { statusLines } from '../status-text.ts'

type Status = Json<StatusSnapshot>

export const status: Command = {
  words: 'status',
  summary: 'Forests, pipeline, cloud and conflicts at this moment',
  options: [
    {
      name: 'fail-on',
      value: 'WHAT,…',
      help: 'exit code 3 when there are any: held, conflicts, down, or stale=10m (a forest or a difference that old)',
    },
  ],
  examples: ['canopy status', 'canopy status --json', 'canopy status --fail-on held,conflicts,stale=10m'],
  run: async (given) => {
    const conditions = parseConditions(optionText(given, 'fail-on'))
    const gateway = await given.gateway()
    const snapshot = await gateway.get<Status>('status')
    const found = conditions.filter((condition) => holds(condition, snapshot, given.now()))
    if (given.json) printJson(given, snapshot)
    else print(given, snapshot)
    for (const condition of found) given.err.line(`fail-on ${condition.text}: ${condition.says}`)
    return found.length > 0 ? 3 : 0
  },
}

function print(given: Given, snapshot: Status): void {
  for (const line of statusLines(snapshot, given.out, given.now())) given.out.line(line)
}

type Condition = { readonly text: string; readonly says: string } & (
  | { readonly kind: 'held' | 'conflicts' | 'down' }
  | { readonly kind: 'stale'; readonly ms: number }
)

/** Throws Problem with exit code 2 for a word it does not know. */
export function parseConditions(text: string | undefined): readonly Condition[] {
  return (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each): Condition => {
      const [kind, value] = each.split('=')
      if (kind === 'held' && value === undefined) return { text: each, says: 'operations are held', kind }
      if (kind === 'conflicts' && value === undefined) return { text: each, says: 'there are conflicts', kind }
      if (kind === 'down' && value === undefined) return { text: each, says: 'a service does not answer', kind }
      const ms = kind === 'stale' ? durationMs(value ?? '') : undefined
      if (ms !== undefined) return { text: each, says: 'something is older than that', kind: 'stale', ms }
      throw usageProblem(`--fail-on does not know ${each}`, 'held, conflicts, down, stale=10m')
    })
}

export function holds(condition: Condition, status: Status, now: Date): boolean {
  switch (condition.kind) {
    case 'held':
      return status.targets.some((target) => target.held > 0)
    case 'conflicts':
      return (status.resolve?.conflicts ?? 0) > 0
    case 'down':
      return status.services.some((service) => service.state === 'down')
    case 'stale': {
      const before = now.getTime() - condition.ms
      const old = (iso: string | undefined): boolean => iso !== undefined && new Date(iso).getTime() < before
      return (
        status.forests.some(({ freshAt }) => freshAt === undefined || old(freshAt)) ||
        status.targets.some(({ oldestDifference }) => old(oldestDifference))
      )
    }
    default:
      return condition satisfies never
  }
}
