/** A compiled piece of an expression. */
import type { Dialect, Effect, Inputs, StaticType } from './declare.ts'
import { ExpressionProblem } from './problem.ts'
import type { Expression } from './syntax.ts'
import type { Value } from './value.ts'

/** Reads an attribute by its lower-case name, or a parameter by "%name%". */
export type Read = (lowerName: string) => Value

/** Throws ExpressionFailure. */
export type Evaluate = (read: Read, inputs: Inputs) => Value

export interface Part {
  readonly evaluate: Evaluate
  readonly type: StaticType
  /** The value, where it is written out. */
  readonly written: string | number | boolean | undefined
}

/** What compiling one expression gathers. */
export interface Context {
  readonly dialect: Dialect
  /** As first written, by lower-case name. */
  readonly sources: Map<string, string>
  readonly effects: Set<Effect>
  readonly warnings: Warning[]
  /** Cells of $variables in reach. */
  readonly variables: Map<string, { value: Value }>
  readonly part: (tree: Expression) => Part
}

/** Something that is allowed and hardly meant. */
export interface Warning {
  readonly message: string
  readonly position: number
}

export const part = (evaluate: Evaluate, type: StaticType, written?: Part['written']): Part => ({
  evaluate,
  type,
  written,
})

/** The problem of an argument that is missing. */
export const missing = (what: string, position: number): ExpressionProblem =>
  new ExpressionProblem(`${what} is missing`, position)
