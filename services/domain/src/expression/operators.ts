/** What the operators do. */
import { checkLength } from './budget.ts'
import { ExpressionFailure, located } from './failure.ts'
import { comparable } from './functions/times.ts'
import { type Context, type Evaluate, type Part, part } from './part.ts'
import type { Arithmetic, Comparison, Expression, Junction } from './syntax.ts'
import { parseTime } from './time/parse-time.ts'
import { isEmpty, isTime, isTrue, toNumber, toText, type Value } from './value.ts'

/** Absent values join as nothing. */
export function concatenation(parts: readonly Part[]): Part {
  const all = parts.map(({ evaluate }) => evaluate)
  return part((read, inputs) => {
    let text = ''
    for (const each of all) {
      text += toText(each(read, inputs)) ?? ''
      checkLength(text.length)
    }
    return text
  }, 'text')
}

/**
 * An absent or empty value compares as false, whatever the comparison; an empty text that is written out is compared with.
 *
 * | operands                       | compared as                              |
 * |--------------------------------|------------------------------------------|
 * | a time and something           | times                                    |
 * | a truth value and something    | truth values                             |
 * | a number and a number-like text | numbers                                 |
 * | two texts, `=` and `<>`        | texts: "007" is not "7"; case differs    |
 * | two texts, `<` and its like    | numbers where both are some, else texts  |
 */
export function comparison(by: Comparison, left: Part, right: Part): Part {
  const [a, b] = [left.evaluate, right.evaluate]
  const mayBeEmpty = left.written !== undefined || right.written !== undefined
  const isEquality = by === '=' || by === '<>'
  const evaluate: Evaluate = (read, inputs) => {
    const x = a(read, inputs)
    const y = b(read, inputs)
    if (isEmpty(x) && !(mayBeEmpty && left.written === x && x !== undefined)) return false
    if (isEmpty(y) && !(mayBeEmpty && right.written === y && y !== undefined)) return false
    return typeof x === 'string' && typeof y === 'string' && isEquality
      ? (x === y) === (by === '=')
      : compared(by, x, y)
  }
  return part(evaluate, 'boolean')
}

function compared(by: Comparison, x: Value, y: Value): boolean {
  if (isTime(x) || isTime(y)) {
    const [m, n] = [instantOf(x), instantOf(y)]
    return m !== undefined && n !== undefined && ordered(by, m, n)
  }
  if (typeof x === 'boolean' || typeof y === 'boolean') return ordered(by, Number(isTrue(x)), Number(isTrue(y)))
  const isEquality = by === '=' || by === '<>'
  const asNumbers = !isEquality || typeof x === 'number' || typeof y === 'number'
  const m = asNumbers ? comparable(x) : undefined
  const n = asNumbers ? comparable(y) : undefined
  return m === undefined || n === undefined ? ordered(by, toText(x) ?? '', toText(y) ?? '') : ordered(by, m, n)
}

const instantOf = (value: Value): number | undefined => (isTime(value) ? value.ms : parseTime(toText(value) ?? ''))

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

/** Nothing where either is absent. */
export function calculation(tree: Extract<Expression, { type: 'calculate' }>, context: Context): Part {
  const [left, right] = [context.part(tree.left), context.part(tree.right)]
  const { by, position } = tree
  return part((read, inputs) => {
    const x = left.evaluate(read, inputs)
    const y = right.evaluate(read, inputs)
    if (isEmpty(x) || isEmpty(y)) return undefined
    const [m, n] = [toNumber(x), toNumber(y)]
    if (m === undefined || n === undefined) {
      throw located(new ExpressionFailure(`${by} takes numbers: & joins texts`), position)
    }
    return calculated(by, m, n)
  }, 'number')
}

function calculated(by: Arithmetic, m: number, n: number): number {
  switch (by) {
    case '+':
      return m + n
    case '-':
      return m - n
    case '*':
      return m * n
    default:
      return by satisfies never
  }
}

/** The right side is looked at only where the left leaves it open. */
export function junction(by: Junction, left: Part, right: Part): Part {
  const [a, b] = [left.evaluate, right.evaluate]
  return by === '&&'
    ? part((read, inputs) => isTrue(a(read, inputs)) && isTrue(b(read, inputs)), 'boolean')
    : part((read, inputs) => isTrue(a(read, inputs)) || isTrue(b(read, inputs)), 'boolean')
}
