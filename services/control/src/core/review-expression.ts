/** What an expression of a mapping gets wrong, said by the compiler that transform runs it with; chance and time out of place. */
import { type Compiled, compile, ExpressionProblem, functionNames } from '@canopy/domain'
import type { Finding, MappingSource, Path } from '../ports.ts'
import { refuse } from './finding.ts'

export function reviewExpression(rule: MappingSource, path: Path): readonly Finding[] {
  const at = [...path, 'expression']
  if (rule.expression === undefined) return reviewClock(undefined, rule, path)
  try {
    const compiled = compile(rule.expression)
    return [
      ...compiled.warnings.map((warning): Finding => hardlyMeant(at, warning)),
      ...reviewChance(compiled, rule, at),
      ...reviewClock(compiled, rule, path),
    ]
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error
    return [unreadable(error, at)]
  }
}

const where = (position: number): string => `at character ${position + 1}`

const hardlyMeant = (path: Path, { message, position }: { message: string; position: number }): Finding => ({
  code: 'CANOPY-CONFIG-0014',
  path,
  message: `${message} (${where(position)})`,
  warning: true,
})

function unreadable(problem: ExpressionProblem, path: Path): Finding {
  const mend = problem.nearest ? `did you mean ${problem.nearest}?` : `functions: ${functionNames.join(', ')}`
  return refuse('CANOPY-CONFIG-0014', path, `${problem.message} (${where(problem.position)})`, mend)
}

/** What differs with each evaluation would be a change each time: it is drawn or chosen when the object is created. */
function reviewChance({ effects }: Compiled, { apply }: MappingSource, path: Path): readonly Finding[] {
  if (apply === 'onCreate') return effects.has('uniqueness') ? [firstOnly(path)] : []
  return [
    ...(effects.has('chance')
      ? [refuse('CANOPY-CONFIG-0016', path, 'a random value is another one each time', 'apply: onCreate')]
      : []),
    ...(effects.has('uniqueness')
      ? [refuse('CANOPY-CONFIG-0016', path, 'SelectUniqueValue chooses once, on creation', 'apply: onCreate')]
      : []),
  ]
}

/** Mapping knows one object at a time. */
const firstOnly = (path: Path): Finding => ({
  code: 'CANOPY-CONFIG-0015',
  path,
  message: 'SelectUniqueValue takes its first value: whether another object holds it is decided as a conflict',
  warning: true,
})

/** Time moves by a plan. */
function reviewClock(
  compiled: Compiled | undefined,
  { apply, reevaluate }: MappingSource,
  path: Path,
): readonly Finding[] {
  const asksTime = compiled?.effects.has('time') ?? false
  if (asksTime && apply !== 'onCreate' && reevaluate === undefined) {
    const mend = 'reevaluate: ["02:00"] says when it moves on, or apply: onCreate'
    return [refuse('CANOPY-CONFIG-0016', [...path, 'expression'], 'Now() is another value each time', mend)]
  }
  if (asksTime || reevaluate === undefined) return []
  const message = 'only an expression with Now() is evaluated by the clock'
  return [refuse('CANOPY-CONFIG-0013', [...path, 'reevaluate'], message, 'leave it out')]
}
