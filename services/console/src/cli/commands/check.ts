/** canopy check */
import type { CheckAnswer } from '../../api/check.ts'
import { type Command, type Given, printJson } from '../command.ts'
import type { Json } from '../json.ts'
import { clean, displayWidth, pad, shorten, wrap } from '../table.ts'
import type { Style } from '../terminal.ts'

type Line = Json<CheckAnswer>['lines'][number]

export const check: Command = {
  words: 'check',
  summary:
    'Preflight of the forests and targets, a line each: pass, warn, or fail and how to mend it; exit code 1 with a fail',
  positionals: [{ name: 'FOREST|TARGET', help: 'only this one', optional: true }],
  examples: ['canopy check', 'canopy check contoso'],
  run: async (given) => {
    const gateway = await given.gateway()
    const answer = await gateway.get<Json<CheckAnswer>>('check', { subject: given.positionals['FOREST|TARGET'] })
    if (given.json) printJson(given, answer)
    else print(given, answer.lines)
    return answer.lines.some(({ verdict }) => verdict === 'VERDICT_FAIL') ? 1 : 0
  },
}

function print(given: Given, lines: readonly Line[]): void {
  const { out } = given
  if (lines.length === 0) out.line('There is nothing to check: no forest and no target is configured.')
  const widthOf = (of: (line: Line) => string): number =>
    Math.min(26, Math.max(0, ...lines.map((line) => displayWidth(of(line)))))
  const [subjects, checks] = [widthOf(({ subject }) => subject), widthOf(({ check }) => check)]
  for (const line of lines) {
    const [word, style] = verdictOf(line)
    const head = `${out.paint(style, word)}  ${cell(line.subject, subjects)}  ${cell(line.check, checks)}  `
    const indent = ' '.repeat(subjects + checks + 10)
    const [first, ...others] = wrap(line.message, out.columns - indent.length)
    out.line(`${head}${first}`.trimEnd())
    for (const other of others) out.line(indent + other)
    if (line.mend && line.verdict !== 'VERDICT_PASS') {
      for (const mend of wrap(`mend ${line.mend}`, out.columns - indent.length)) out.line(indent + mend)
    }
  }
}

const cell = (text: string, width: number): string => pad(shorten(clean(text), width), width)

function verdictOf({ verdict }: Line): readonly [string, Style] {
  switch (verdict) {
    case 'VERDICT_PASS':
      return ['pass', 'green']
    case 'VERDICT_WARN':
      return ['warn', 'yellow']
    case 'VERDICT_FAIL':
      return ['fail', 'red']
    case 'VERDICT_UNSPECIFIED':
    case 'UNRECOGNIZED':
      return ['????', 'yellow']
    default:
      return verdict satisfies never
  }
}
