/** One expression on attributes given as JSON: what `canopy expression` and the RPC answer. */
import { type Compiled, compile, failureOf } from './compile.ts'
import type { Dialect, Inputs } from './declare.ts'
import type { Warning } from './part.ts'
import { ExpressionProblem } from './problem.ts'
import { ignored, toText, type Value } from './value.ts'

export interface Attempt {
  readonly expression: string
  /** By name, in any case; null is absent, several values are a list. */
  readonly attributes: Readonly<Record<string, unknown>>
  readonly dialect: Dialect
  readonly inputs: Inputs
}

export type Outcome =
  | {
      /** Null: no value. */
      readonly value: string | number | boolean | readonly string[] | null
      /** Set where the attribute leaves the flow instead of losing its value. */
      readonly flow?: 'ignored'
    }
  | {
      /** `position`: characters of the expression before the place. */
      readonly error: { readonly message: string; readonly position: number }
    }

/** Never throws but by a fault of its own; the same attempt has the same outcome. */
export function attempt(of: Attempt): Outcome {
  try {
    const attributes = readable(of.attributes)
    const { evaluate } = keptExpression(of.expression, of.dialect)
    return shown(evaluate((name) => attributes.get(name), of.inputs))
  } catch (error) {
    const problem = error instanceof ExpressionProblem ? error : failureOf(error)
    if (!problem) throw error
    return { error: { message: problem.message, position: problem.position } }
  }
}

/** Throws ExpressionProblem. */
export const warningsOf = (expression: string, dialect: Dialect): readonly Warning[] =>
  keptExpression(expression, dialect).warnings

const kept = new Map<string, Compiled>()
const maxKept = 500

/** Batches ask the same expression of many objects. */
function keptExpression(expression: string, dialect: Dialect): Compiled {
  const key = `${dialect} ${expression}`
  const known = kept.get(key)
  if (known) return known
  const made = compile(expression, { dialect })
  if (kept.size >= maxKept) kept.clear()
  kept.set(key, made)
  return made
}

function readable(attributes: Readonly<Record<string, unknown>>): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>()
  for (const [name, value] of Object.entries(attributes)) values.set(name.toLowerCase(), readableValue(name, value))
  return values
}

function readableValue(name: string, value: unknown): Value {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) {
    return value.map((each: unknown) => {
      if (each === null || typeof each === 'object') throw unreadable(name)
      return toText(each as string | number | boolean) ?? ''
    })
  }
  throw unreadable(name)
}

const unreadable = (name: string): ExpressionProblem =>
  new ExpressionProblem(`the attribute ${name} is a text, a number, true, false, null, or a list of them`, 0)

function shown(value: Value): Outcome {
  if (value === ignored) return { value: null, flow: 'ignored' }
  if (value === undefined) return { value: null }
  if (typeof value !== 'object') return { value }
  return { value: Array.isArray(value) ? value : (toText(value) ?? null) }
}
