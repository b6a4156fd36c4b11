/** What a configuration's scopes drop, as lines; and asking for it, which never fails a check. */
import type { ScopeAnswer } from '../api/scope.ts'
import type { ClauseFinding, ForestFinding, ScopeWarning } from '../core/scope-findings.ts'
import type { Given } from './command.ts'
import { count, counted } from './format.ts'
import type { Gateway } from './gateway.ts'
import type { Json } from './json.ts'
import { Problem } from './problem.ts'
import { clean, wrap } from './table.ts'

/** Why the counts are not known, in place of them. */
export interface Uncounted {
  readonly error: { readonly code: string; readonly message: string }
}

export type Counted = Json<ScopeAnswer> | Uncounted

const slowMs = 2_000

/** Says so on standard error where it takes long. */
export async function askCounts(
  given: Pick<Given, 'err'>,
  gateway: Pick<Gateway, 'post'>,
  source: string,
): Promise<Counted> {
  const note = setTimeout(() => given.err.line('Counting what the scope drops: every object is looked at…'), slowMs)
  try {
    return await gateway.post<Json<ScopeAnswer>>('config/count', { source })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { error: { code: error.code, message: error.message } }
  } finally {
    clearTimeout(note)
  }
}

export function printCounts(given: Pick<Given, 'out'>, counts: Counted): void {
  if ('error' in counts) {
    const { code, message } = counts.error
    print(given, `How many objects the scope drops is not known: ${code}  ${message}`)
    return
  }
  for (const forest of counts.forests) {
    print(given, forestText(forest))
    for (const clause of forest.clauses) {
      print(given, clauseText(clause, forest.forest))
      if (clause.warning) print(given, `warning ${warnings[clause.warning](clause)}`, 'yellow')
    }
  }
}

function print(given: Pick<Given, 'out'>, text: string, style?: 'yellow'): void {
  for (const [index, line] of wrap(clean(text), given.out.columns - 2).entries()) {
    const shown = index > 0 ? `  ${line}` : line
    given.out.line(style ? given.out.paint(style, shown) : shown)
  }
}

export function forestText(of: Json<ForestFinding>): string {
  if (of.objects === 0) return `${of.forest}: no object was read of it yet`
  const parts = [
    `${count(of.inScope)} in scope${of.unlessGroups > 0 ? ' (but for members of the excluded groups)' : ''}`,
    `${count(of.outOfScope)} out`,
    ...(of.byGroups > 0 ? [`${count(of.byGroups)} only as members of a group`] : []),
    ...(of.undecided > 0 ? [`${count(of.undecided)} undecided`] : []),
  ]
  const reasons = Object.entries(of.reasons)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, objects]) => `${count(objects)} ${reason}`)
  const why = reasons.length > 0 ? ` (${reasons.join(', ')})` : ''
  const some = of.partial ? ' the time was up before the others were counted;' : ''
  return `${of.forest}: ${counted(of.objects, 'object')};${some} ${parts.join(', ')}${why}`
}

/** What an include does not admit another may: it says what it admits. */
export function clauseText(of: Json<ClauseFinding>, forest: string): string {
  const { excludes, asked, applies, absent } = of
  const does = `${excludes ? 'drops' : 'admits'} ${count(applies)} of ${counted(asked, 'object')} of ${forest}`
  const text = `${of.place} ${of.attributes.join(' and ')}: ${does}`
  if (absent === 0) return text
  const isOne = absent === 1
  const become = `${isOne ? 'is' : 'are'} ${excludes ? 'kept' : of.admitsAbsent ? 'admitted' : 'not admitted'}`
  return `${text}; ${count(absent)} ${isOne ? 'has' : 'have'} no value and ${become}`
}

const warnings: Readonly<Record<ScopeWarning, (of: Json<ClauseFinding>) => string>> = {
  dropsAll: ({ excludes }) => (excludes ? 'it drops everything' : 'it admits nothing'),
  dropsNothing: ({ excludes }) => (excludes ? 'it drops nothing' : 'it admits everything'),
  allAbsent: ({ attributes }) =>
    `no object has a value of ${attributes.join(' and ')}: misspelt, or not read before this configuration is applied`,
}
