/** Checks a value against a zod schema and says each problem with line, column and the nearest known word. */
import type { z } from 'zod'
import type { ConfigDocument } from './document.ts'
import { nearest } from './nearest.ts'
import { type ConfigProblem, type Path, pathText } from './problem.ts'
import { knownKeys } from './schema-walk.ts'

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** `value` defaults to the document's own; another one keeps the document's places (environment laid over a file). */
export function validateConfig<S extends z.ZodType>(request: {
  readonly schema: S
  readonly document: ConfigDocument
  readonly value?: unknown
}): Validated<z.output<S>> {
  const { schema, document } = request
  if (document.problems.length > 0) return { ok: false, problems: document.problems }
  const parsed = schema.safeParse(request.value ?? document.value ?? {})
  if (parsed.success) return { ok: true, value: parsed.data }
  const problems = parsed.error.issues.flatMap((issue) => issueProblems(issue, [], { schema, document }))
  // A mistyped key comes first: a missing one is often its consequence.
  const rank = (problem: ConfigProblem): number => (problem.code === 'CANOPY-CONFIG-0002' ? 0 : 1)
  return {
    ok: false,
    problems: problems.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column),
  }
}

interface Around {
  readonly schema: z.ZodType
  readonly document: ConfigDocument
}

function issueProblems(issue: z.core.$ZodIssue, prefix: Path, around: Around): readonly ConfigProblem[] {
  const path: Path = [...prefix, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))]
  const make = (code: string, at: Path, message: string, mend?: string, ofKey = false): ConfigProblem => ({
    code,
    path: pathText(at),
    ...around.document.place(at, ofKey),
    message,
    mend,
    warning: false,
  })
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(around.schema, path)
      return issue.keys.map((key) => {
        const meant = nearest(key, known)
        const mend = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`
        return make('CANOPY-CONFIG-0002', [...path, key], `unknown key ${quoted(key)}`, mend, true)
      })
    }
    case 'invalid_union':
      return unionProblems(issue, path, { around, make })
    case 'invalid_value': {
      const values = issue.values.map(String)
      return [make('CANOPY-CONFIG-0003', path, `${subject(path)} must be ${oneOf(values)}`)]
    }
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) {
        return [make('CANOPY-CONFIG-0003', path, `${subject(path)} is missing`, `expected: ${issue.expected}`)]
      }
      return [make('CANOPY-CONFIG-0003', path, `${subject(path)} has the wrong type`, `expected: ${issue.expected}`)]
    default:
      return [
        make(customCode(issue) ?? 'CANOPY-CONFIG-0003', path, `${subject(path)}: ${issue.message}`, customMend(issue)),
      ]
  }
}

type Make = (code: string, at: Path, message: string, mend?: string, ofKey?: boolean) => ConfigProblem

/** The option that fits best is the one meant: its problems alone are told. */
function unionProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  tools: { readonly around: Around; readonly make: Make },
): readonly ConfigProblem[] {
  if (issue.errors.length === 0) {
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : []
    return [tools.make('CANOPY-CONFIG-0003', path, `${subject(path)} must be ${oneOf(options)}`)]
  }
  const weight = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.reduce(
      (sum, one) => sum + (one.code === 'unrecognized_keys' ? 2 * one.keys.length : one.path.length === 0 ? 3 : 1),
      0,
    )
  const best = issue.errors.toSorted((a, b) => weight(a) - weight(b))[0]!
  const scalar = best.every(
    (one) => one.path.length === 0 && (one.code === 'invalid_type' || one.code === 'invalid_value'),
  )
  if (scalar) return [tools.make('CANOPY-CONFIG-0003', path, `${subject(path)} has a value of the wrong kind`)]
  const keys = knownKeys(tools.around.schema, path)
  const allUnknown = issue.errors.every((option) =>
    option.some((one) => one.code === 'unrecognized_keys' && one.path.length === 0),
  )
  if (allUnknown) {
    const unknown = best
      .flatMap((one) => (one.code === 'unrecognized_keys' ? one.keys : []))
      .filter((key) => !keys.includes(key))
    if (unknown.length > 0) {
      return unknown.map((key) => {
        const meant = nearest(key, keys)
        const mend = meant === undefined ? `known here: ${keys.join(', ')}` : `did you mean ${meant}?`
        return tools.make('CANOPY-CONFIG-0002', [...path, key], `unknown key ${quoted(key)}`, mend, true)
      })
    }
    return [
      tools.make(
        'CANOPY-CONFIG-0003',
        path,
        `${subject(path)} mixes keys that exclude each other`,
        `known here: ${keys.join(', ')}`,
      ),
    ]
  }
  return best.flatMap((one) => issueProblems(one, path, tools.around))
}

/** Refinements give their own code and mend through zod's `params`: `{ code, mend }`. */
const customCode = (issue: z.core.$ZodIssue): string | undefined => customText(issue, 'code')
const customMend = (issue: z.core.$ZodIssue): string | undefined => customText(issue, 'mend')

function customText(issue: z.core.$ZodIssue, name: string): string | undefined {
  const value = issue.code === 'custom' ? issue.params?.[name] : undefined
  return typeof value === 'string' ? value : undefined
}

const quoted = (text: string): string => `"${text}"`
const subject = (path: Path): string => (path.length === 0 ? 'the configuration' : pathText(path))
const oneOf = (values: readonly string[]): string => (values.length === 1 ? values[0]! : `one of ${values.join(', ')}`)
