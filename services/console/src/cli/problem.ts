/**
 * What went wrong, for a person: code, what, where, how to mend it. The chassis' Failure says the same, but loading the
 * chassis costs half a second, which every command would pay.
 */

export interface ProblemDetails {
  readonly code: string
  readonly message: string
  readonly at?: string | undefined
  readonly mend?: string | undefined
}

/** `exitCode` 1: it failed; 2: it was asked wrongly. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: string
  readonly at: string | undefined
  readonly mend: string | undefined
  readonly exitCode: 1 | 2

  constructor(details: ProblemDetails, exitCode: 1 | 2 = 1) {
    super(details.message)
    this.code = details.code
    this.at = details.at
    this.mend = details.mend
    this.exitCode = exitCode
  }
}

export const usageProblem = (message: string, mend?: string): Problem =>
  new Problem({ code: 'CANOPY-CLI-0002', message, mend }, 2)

export function problemLines(problem: Problem): readonly string[] {
  const lines = [`${problem.code}  ${problem.message}`]
  if (problem.at) lines.push(`  at   ${problem.at}`)
  if (problem.mend) lines.push(`  mend ${problem.mend}`)
  return lines
}

export const problemJson = ({ code, message, at, mend }: Problem): string =>
  JSON.stringify({ error: { code, message, at, mend } })
