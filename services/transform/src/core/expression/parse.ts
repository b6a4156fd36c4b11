/** Parses the expression language: functions, [attributes], "texts", numbers, `&`, and one comparison per condition. */
import { ExpressionProblem } from './problem.ts'
import type { Comparison, Expression } from './syntax.ts'
import { type Token, tokens } from './tokens.ts'

const comparisons: ReadonlySet<string> = new Set(['=', '<>', '<', '>', '<=', '>='])
const maxDepth = 64

interface Cursor {
  readonly tokens: readonly Token[]
  at: number
  depth: number
}

/**
 * ```
 * comparison := concat [ ("=" | "<>" | "<" | ">" | "<=" | ">=") concat ]
 * concat     := operand { "&" operand }
 * operand    := [attribute] | "text" | number | Name | Name "(" [ argument { "," argument } ] ")" | "(" comparison ")"
 * argument   := comparison | nothing
 * ```
 * Throws ExpressionProblem.
 */
export function parse(source: string): Expression {
  const cursor: Cursor = { tokens: tokens(source), at: 0, depth: 0 }
  const tree = comparison(cursor)
  const rest = peek(cursor)
  if (rest.type !== 'end') throw new ExpressionProblem('nothing more was expected', rest.position)
  return tree
}

const peek = (cursor: Cursor): Token => cursor.tokens[cursor.at]!

const isSign = (token: Token, text: string): boolean => token.type === 'sign' && token.text === text

function comparison(cursor: Cursor): Expression {
  if (++cursor.depth > maxDepth) throw new ExpressionProblem('nested too deeply', peek(cursor).position)
  const left = concat(cursor)
  const token = peek(cursor)
  cursor.depth--
  if (token.type !== 'sign' || !comparisons.has(token.text)) return left
  cursor.at++
  return { type: 'compare', by: token.text as Comparison, left, right: concat(cursor), position: token.position }
}

function concat(cursor: Cursor): Expression {
  const first = operand(cursor)
  if (!isSign(peek(cursor), '&')) return first
  const parts = [first]
  while (isSign(peek(cursor), '&')) {
    cursor.at++
    parts.push(operand(cursor))
  }
  return { type: 'concat', parts, position: first.position }
}

function operand(cursor: Cursor): Expression {
  const token = peek(cursor)
  cursor.at++
  const { position } = token
  switch (token.type) {
    case 'text':
      return { type: 'text', text: token.text, position }
    case 'number':
      return { type: 'number', value: token.value, position }
    case 'attribute':
      return { type: 'attribute', name: token.text, position }
    case 'name':
      return isSign(peek(cursor), '(') ? call(cursor, token.text, position) : word(token.text, position)
    case 'sign':
      if (token.text === '(') return inBrackets(cursor)
      throw new ExpressionProblem(`a value was expected, not ${token.text}`, position)
    case 'end':
      throw new ExpressionProblem('a value is missing at the end', position)
    default:
      return token satisfies never
  }
}

function inBrackets(cursor: Cursor): Expression {
  const inner = comparison(cursor)
  expectSign(cursor, ')')
  return inner
}

function word(text: string, position: number): Expression {
  switch (text.toLowerCase()) {
    case 'true':
      return { type: 'boolean', value: true, position }
    case 'false':
      return { type: 'boolean', value: false, position }
    case 'null':
      return { type: 'nothing', position }
    default:
      throw new ExpressionProblem(`${text} is no value: an attribute is written [${text}], a text "${text}"`, position)
  }
}

function call(cursor: Cursor, name: string, position: number): Expression {
  cursor.at++
  const args: Expression[] = []
  if (isSign(peek(cursor), ')')) {
    cursor.at++
    return { type: 'call', name, args, position }
  }
  for (;;) {
    const token = peek(cursor)
    const isEmpty = isSign(token, ',') || isSign(token, ')')
    args.push(isEmpty ? { type: 'nothing', position: token.position } : comparison(cursor))
    const next = peek(cursor)
    if (isSign(next, ')')) break
    if (!isSign(next, ',')) throw new ExpressionProblem(', or ) was expected', next.position)
    cursor.at++
  }
  cursor.at++
  return { type: 'call', name, args, position }
}

function expectSign(cursor: Cursor, text: string): void {
  const token = peek(cursor)
  if (!isSign(token, text)) throw new ExpressionProblem(`${text} was expected`, token.position)
  cursor.at++
}
