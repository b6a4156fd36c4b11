/** canopy conflicts */
import type { resolve } from '@canopy/proto'
import { type Command, type Given, optionText, printJson } from '../command.ts'
import { count } from '../format.ts'
import type { Json } from '../json.ts'
import { usageProblem } from '../problem.ts'
import { clean, table } from '../table.ts'

type Answer = Json<resolve.ListConflictsResponse>
type Conflict = Answer['conflicts'][number]

export const conflicts: Command = {
  words: 'conflicts',
  summary: 'Values that two identities claim: who has it, who does not, and what became of the loser',
  options: [
    { name: 'csv', help: 'comma-separated values' },
    { name: 'limit', value: 'N', help: 'at most N (default 100)' },
  ],
  run: async (given) => {
    const limit = optionText(given, 'limit')
    if (limit !== undefined && !/^\d{1,5}$/.test(limit)) throw usageProblem(`--limit is a number, not ${limit}`)
    const gateway = await given.gateway()
    const answer = await gateway.get<Answer>('conflicts', {
      limit: limit ?? (given.options.csv ? '10000' : undefined),
    })
    if (given.json) printJson(given, answer)
    else if (given.options.csv) for (const line of csv(answer.conflicts)) given.out.line(line)
    else print(given, answer)
    return 0
  },
}

function print(given: Given, { conflicts, total }: Answer): void {
  const columns = [
    { title: 'case', keep: true },
    { title: 'attribute', keep: true },
    { title: 'value' },
    { title: 'has it' },
    { title: 'does not' },
    { title: 'effect', keep: true },
  ]
  const rows = conflicts.map((each) => [
    each.id,
    each.attribute,
    each.value,
    sideOf(each.winnerSource) || each.winner,
    sideOf(each.loserSource) || each.loser,
    each.effect,
  ])
  if (rows.length === 0) return given.out.line('No value is claimed twice.')
  for (const line of table(columns, rows, given.out)) given.out.line(line)
  if (total > rows.length) given.out.line(`${count(rows.length)} of ${count(total)}; --limit shows more.`)
}

/** "contoso: CN=Ada Park,OU=Staff,…" → "contoso: Ada Park". */
const sideOf = (source: string): string => source.replace(/: (?:[a-z]+=)?((?:\\.|[^,])*)(?:,.*)?$/i, ': $1')

const fields = ['id', 'attribute', 'value', 'winner', 'winnerSource', 'loser', 'loserSource', 'effect'] as const

const csv = (conflicts: readonly Conflict[]): readonly string[] => [
  fields.join(','),
  ...conflicts.map((conflict) => fields.map((field) => csvField(conflict[field])).join(',')),
]

/** Quoted where needed; a spreadsheet must not take a value for a formula. */
export function csvField(value: string): string {
  const text = clean(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
