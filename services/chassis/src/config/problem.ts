/** What is wrong with a configuration, where, and how to mend it. */
import { Failure } from '../failure.ts'

export type Path = readonly (string | number)[]

export interface ConfigProblem {
  readonly code: string
  /** "forests[0].domains[0].credential"; empty for the whole. */
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly column: number
  readonly message: string
  readonly mend: string | undefined
  readonly warning: boolean
}

/** `['forests', 0, 'name']` → "forests[0].name". */
export function pathText(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** The first problem as a Failure that names the file, with the number of the others. */
export function problemsFailure(problems: readonly ConfigProblem[], source: string): Failure {
  const errors = problems.filter((problem) => !problem.warning)
  const first = errors[0] ?? problems[0]
  if (first === undefined) throw new TypeError('no problem to report')
  const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new Failure({
    kind: 'permanent',
    code: first.code,
    message: `${first.message}${others}`,
    at: `${source}:${first.line}:${first.column}${first.path === '' ? '' : `  ${first.path}`}`,
    mend: first.mend,
  })
}
