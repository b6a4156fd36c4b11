/** Turns an expression into a closure, so that nothing is looked up by name while objects stream by. */

import { catalogued, cataloguedNames } from '../attribute-catalogue.ts'
import { attributeSyntax } from '../attributes.ts'
import { begin } from './budget.ts'
import { callPart } from './call.ts'
import { type Dialect, type Effect, type Inputs, noInputs, type StaticType } from './declare.ts'
import { ExpressionFailure, located } from './failure.ts'
import { wordValue } from './forms.ts'
import { nearestWord } from './nearest.ts'
import { calculation, comparison, concatenation, junction } from './operators.ts'
import { parse } from './parse.ts'
import { type Context, type Evaluate, type Part, part, type Read, type Warning } from './part.ts'
import { ExpressionProblem } from './problem.ts'
import type { Expression } from './syntax.ts'
import { binaryAttribute, type Value } from './value.ts'

export interface Compiled {
  /**
   * Throws ExpressionFailure: why there is no value, without any value; and what `read` throws. The same attributes and
   * inputs make the same value.
   */
  readonly evaluate: (read: Read, inputs?: Inputs) => Value
  /** Attributes it reads, as written, each once. */
  readonly sources: readonly string[]
  /** Inputs it needs besides: such an expression belongs into rules that apply on creation, or have a schedule. */
  readonly effects: ReadonlySet<Effect>
  readonly warnings: readonly Warning[]
  readonly type: StaticType
}

export interface CompileOptions {
  /** Decides where both dialects have a function of one name; provisioning unless said otherwise. */
  readonly dialect?: Dialect
}

/** Throws ExpressionProblem. */
export function compile(source: string, { dialect = 'provisioning' }: CompileOptions = {}): Compiled {
  const tree = parse(source)
  const context: Context = {
    dialect,
    sources: new Map(),
    effects: new Set(),
    warnings: [],
    variables: new Map(),
    part: (inner) => compiled(inner, context),
  }
  checkTop(tree)
  const { evaluate, type } = compiled(tree, context)
  return {
    evaluate: (read, inputs = noInputs) => {
      begin()
      try {
        return evaluate(read, inputs)
      } catch (error) {
        throw located(error, tree.position)
      }
    },
    sources: [...context.sources.values()],
    effects: context.effects,
    warnings: context.warnings,
    type,
  }
}

/** SelectUniqueValue asks the target about the value that is written, so nothing may be made of it afterwards. */
function checkTop(tree: Expression): void {
  const inner = tree.type === 'call' && tree.name === 'SelectUniqueValue' ? tree.args : [tree]
  for (const each of inner) refuseInside(each)
}

function refuseInside(tree: Expression): void {
  switch (tree.type) {
    case 'call':
      if (tree.name === 'SelectUniqueValue') {
        throw new ExpressionProblem('SelectUniqueValue stands at the top of an expression only', tree.position)
      }
      for (const argument of tree.args) refuseInside(argument)
      return
    case 'concat':
      for (const each of tree.parts) refuseInside(each)
      return
    case 'compare':
    case 'calculate':
    case 'junction':
      refuseInside(tree.left)
      refuseInside(tree.right)
      return
    default:
      return
  }
}

const constant = (value: Value, type: StaticType, written?: Part['written']): Part => part(() => value, type, written)

function compiled(tree: Expression, context: Context): Part {
  switch (tree.type) {
    case 'text':
      return constant(tree.text, 'text', tree.text)
    case 'number':
      return constant(tree.value, 'number', tree.value)
    case 'boolean':
      return constant(tree.value, 'boolean', tree.value)
    case 'nothing':
    case 'omitted':
      return constant(undefined, 'any')
    case 'word':
      return constant(wordValue(tree.text), 'any', tree.text === 'IgnoreThisFlow' ? undefined : tree.text)
    case 'attribute':
      return attribute(tree, context)
    case 'parameter':
      return parameter(tree.name)
    case 'variable':
      return variable(tree, context)
    case 'concat':
      return concatenation(tree.parts.map(context.part))
    case 'compare':
      return comparison(tree.by, context.part(tree.left), context.part(tree.right))
    case 'calculate':
      return calculation(tree, context)
    case 'junction':
      return junction(tree.by, context.part(tree.left), context.part(tree.right))
    case 'call':
      return callPart(tree, context)
    default:
      return tree satisfies never
  }
}

function attribute({ name, position }: { name: string; position: number }, context: Context): Part {
  const lower = name.toLowerCase()
  const known = catalogued(lower)
  if (!context.sources.has(lower)) {
    context.sources.set(lower, name)
    if (!known) warnOfSpelling(name, position, context)
  }
  const isText = attributeSyntax(lower) === 'text'
  const evaluate: Evaluate = isText
    ? (read) => {
        try {
          return read(lower)
        } catch (error) {
          throw located(error, position)
        }
      }
    : (read) => binaryAttribute(lower, read(lower))
  return part(evaluate, known?.type ?? 'any')
}

function warnOfSpelling(name: string, position: number, { warnings }: Context): void {
  const near = nearestWord(name, cataloguedNames)
  if (near) warnings.push({ message: `[${name}] is not known: was [${near}] meant?`, position })
}

function parameter(name: string): Part {
  const key = `%${name.toLowerCase()}%`
  return part((read) => read(key), 'any')
}

function variable({ name, position }: { name: string; position: number }, { variables }: Context): Part {
  const cell = variables.get(name.toLowerCase())
  if (!cell) throw new ExpressionProblem(`$${name} is not bound by With, Select or Where`, position)
  return part(() => cell.value, 'any')
}

/** What a failure of `evaluate` says, and where; undefined for what is none. */
export const failureOf = (error: unknown): { readonly message: string; readonly position: number } | undefined =>
  error instanceof ExpressionFailure ? { message: error.message, position: error.position ?? 0 } : undefined
