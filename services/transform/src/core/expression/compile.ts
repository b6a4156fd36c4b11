/** Turns a parsed expression into a closure, so that nothing is looked up by name while objects stream by. */
import { type ExpressionFunction, functions } from './functions.ts'
import { parse } from './parse.ts'
import { ExpressionProblem } from './problem.ts'
import type { Comparison, Expression } from './syntax.ts'
import { isEmpty, isTrue, toNumber, toText, toTexts, type Value } from './value.ts'

/** Reads an attribute by its lower-case name. */
export type Read = (lowerName: string) => Value

export interface Compiled {
  /** May throw: the message says why there is no value, without any value. */
  readonly evaluate: (read: Read) => Value
  /** Attributes it reads, as written, each once. */
  readonly sources: readonly string[]
}

type Evaluate = Compiled['evaluate']

/** Functions that do not look at every argument: name → least and most arguments. */
const lazy: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map([
  ['IIF', { min: 3, max: 3 }],
  ['Switch', { min: 2, max: 200 }],
  ['Coalesce', { min: 1, max: 64 }],
])

/** Names a person may use. */
export const functionNames: readonly string[] = [...lazy.keys(), ...functions.keys()].sort()

/** Throws ExpressionProblem. */
export function compile(source: string): Compiled {
  const sources = new Map<string, string>()
  return { evaluate: closure(parse(source), sources), sources: [...sources.values()] }
}

function closure(tree: Expression, sources: Map<string, string>): Evaluate {
  switch (tree.type) {
    case 'text':
      return () => tree.text
    case 'number':
    case 'boolean':
      return () => tree.value
    case 'nothing':
      return () => undefined
    case 'attribute':
      return attribute(tree.name, sources)
    case 'concat':
      return concatenation(tree.parts.map((part) => closure(part, sources)))
    case 'compare':
      return comparison(tree.by, closure(tree.left, sources), closure(tree.right, sources))
    case 'call':
      return call(tree, sources)
    default:
      return tree satisfies never
  }
}

function attribute(name: string, sources: Map<string, string>): Evaluate {
  const lower = name.toLowerCase()
  if (!sources.has(lower)) sources.set(lower, name)
  return (read) => read(lower)
}

const concatenation =
  (parts: readonly Evaluate[]): Evaluate =>
  (read) => {
    let text = ''
    for (const part of parts) text += toText(part(read)) ?? ''
    return text
  }

/** Absent values compare as false, whatever the comparison. Two numbers compare as numbers, everything else as text. */
const comparison =
  (by: Comparison, left: Evaluate, right: Evaluate): Evaluate =>
  (read) => {
    const a = left(read)
    const b = right(read)
    if (a === undefined || b === undefined) return false
    const x = toNumber(a)
    const y = toNumber(b)
    return x === undefined || y === undefined ? ordered(by, toText(a) ?? '', toText(b) ?? '') : ordered(by, x, y)
  }

function ordered<T extends string | number>(by: Comparison, a: T, b: T): boolean {
  switch (by) {
    case '=':
      return a === b
    case '<>':
      return a !== b
    case '<':
      return a < b
    case '>':
      return a > b
    case '<=':
      return a <= b
    case '>=':
      return a >= b
    default:
      return by satisfies never
  }
}

function call(tree: Extract<Expression, { type: 'call' }>, sources: Map<string, string>): Evaluate {
  const known: Pick<ExpressionFunction, 'min' | 'max'> | undefined = functions.get(tree.name) ?? lazy.get(tree.name)
  if (!known) {
    const near = functionNames.find((name) => name.toLowerCase() === tree.name.toLowerCase())
    const hint = near ? `: it is written ${near}` : ''
    throw new ExpressionProblem(`there is no function ${tree.name}${hint}`, tree.position)
  }
  const { min, max } = known
  if (tree.args.length < min || tree.args.length > max) {
    const wanted = min === max ? `${min}` : `${min} to ${max}`
    throw new ExpressionProblem(`${tree.name} takes ${wanted} arguments, not ${tree.args.length}`, tree.position)
  }
  const args = tree.args.map((argument) => closure(argument, sources))
  if (tree.name === 'IIF') return condition(args)
  if (tree.name === 'Switch') return choice(args)
  if (tree.name === 'Coalesce') return firstPresent(args)
  const { run } = functions.get(tree.name)!
  return (read) => run(args.map((argument) => argument(read)))
}

const condition =
  ([test, then, otherwise]: readonly Evaluate[]): Evaluate =>
  (read) =>
    isTrue(test!(read)) ? then!(read) : otherwise!(read)

const firstPresent =
  (args: readonly Evaluate[]): Evaluate =>
  (read) => {
    for (const argument of args) {
      const value = argument(read)
      if (!isEmpty(value)) return value
    }
    return undefined
  }

/** Switch(source, default, key1, value1, …): an absent source matches the key "". */
const choice =
  ([source, otherwise, ...pairs]: readonly Evaluate[]): Evaluate =>
  (read) => {
    const text = toTexts(source!(read))[0] ?? ''
    for (let n = 0; n + 1 < pairs.length; n += 2) {
      if ((toText(pairs[n]!(read)) ?? '') === text) return pairs[n + 1]!(read)
    }
    return otherwise!(read)
  }
