/** Parses the expression language: functions, [attributes], "texts", numbers, words, %parameters% and operators. */
import { nearestWord } from './nearest.ts'
import { ExpressionProblem } from './problem.ts'
import { type Arithmetic, type Comparison, type Expression, words } from './syntax.ts'
import { type Token, tokens } from './tokens.ts'

const comparisons: ReadonlySet<string> = new Set(['=', '<>', '<', '>', '<=', '>='])
const maxDepth = 64
/** Calls, operands and operators of one expression. */
const maxNodes = 4_096

interface Cursor {
  readonly tokens: readonly Token[]
  at: number
  depth: number
  nodes: number
}

/**
 * ```
 * expression := all { "||" all }
 * all        := comparison { "&&" comparison }
 * comparison := concat [ ("=" | "<>" | "<" | ">" | "<=" | ">=") concat ]
 * concat     := sum { "&" sum }
 * sum        := product { ("+" | "-") product }
 * product    := operand { "*" operand }
 * operand    := [attribute] | "text" | number | %parameter% | $variable | word
 *             | Name "(" [ argument { "," argument } ] ")" | "(" expression ")"
 * argument   := expression | nothing
 * ```
 * Throws ExpressionProblem.
 */
export function parse(source: string): Expression {
  const cursor: Cursor = { tokens: tokens(source), at: 0, depth: 0, nodes: 0 }
  const tree = expression(cursor)
  const rest = peek(cursor)
  if (rest.type !== 'end') throw new ExpressionProblem(`nothing more was expected, not ${shown(rest)}`, rest.position)
  return tree
}

const peek = (cursor: Cursor): Token => cursor.tokens[cursor.at]!

const isSign = (token: Token, text: string): boolean => token.type === 'sign' && token.text === text

function shown(token: Token): string {
  switch (token.type) {
    case 'end':
      return 'the end'
    case 'number':
      return String(token.value)
    case 'attribute':
      return `[${token.text}]`
    case 'text':
      return 'a text'
    case 'parameter':
      return `%${token.text}%`
    case 'variable':
      return `$${token.text}`
    case 'name':
    case 'sign':
      return token.text
    default:
      return token satisfies never
  }
}

function counted<T extends Expression>(cursor: Cursor, node: T): T {
  if (++cursor.nodes > maxNodes) throw new ExpressionProblem(`more than ${maxNodes} parts`, node.position)
  return node
}

function expression(cursor: Cursor): Expression {
  if (++cursor.depth > maxDepth) {
    throw new ExpressionProblem(`nested more than ${maxDepth} deep`, peek(cursor).position)
  }
  const tree = chain(cursor, '||', (inner) => chain(inner, '&&', comparison))
  cursor.depth--
  return tree
}

function chain(cursor: Cursor, by: '&&' | '||', next: (cursor: Cursor) => Expression): Expression {
  let left = next(cursor)
  for (let token = peek(cursor); isSign(token, by); token = peek(cursor)) {
    cursor.at++
    left = counted(cursor, { type: 'junction', by, left, right: next(cursor), position: token.position })
  }
  return left
}

function comparison(cursor: Cursor): Expression {
  const left = concat(cursor)
  const token = peek(cursor)
  if (token.type !== 'sign' || !comparisons.has(token.text)) return left
  cursor.at++
  const by = token.text as Comparison
  return counted(cursor, { type: 'compare', by, left, right: concat(cursor), position: token.position })
}

function concat(cursor: Cursor): Expression {
  const first = sum(cursor)
  if (!isSign(peek(cursor), '&')) return first
  const parts = [first]
  while (isSign(peek(cursor), '&')) {
    cursor.at++
    parts.push(sum(cursor))
  }
  return counted(cursor, { type: 'concat', parts, position: first.position })
}

const sum = (cursor: Cursor): Expression => calculation(cursor, ['+', '-'], product)
const product = (cursor: Cursor): Expression => calculation(cursor, ['*'], operand)

function calculation(cursor: Cursor, signs: readonly Arithmetic[], next: (cursor: Cursor) => Expression): Expression {
  let left = next(cursor)
  for (;;) {
    const token = peek(cursor)
    const by = signs.find((sign) => isSign(token, sign))
    if (by === undefined) return left
    cursor.at++
    left = counted(cursor, { type: 'calculate', by, left, right: next(cursor), position: token.position })
  }
}

function operand(cursor: Cursor): Expression {
  const token = peek(cursor)
  cursor.at++
  const { position } = token
  switch (token.type) {
    case 'text':
      return counted(cursor, { type: 'text', text: token.text, position })
    case 'number':
      return counted(cursor, { type: 'number', value: token.value, position })
    case 'attribute':
      return counted(cursor, { type: 'attribute', name: token.text, position })
    case 'parameter':
      return counted(cursor, { type: 'parameter', name: token.text, position })
    case 'variable':
      return counted(cursor, { type: 'variable', name: token.text, position })
    case 'name':
      return isSign(peek(cursor), '(') ? call(cursor, token.text, position) : word(cursor, token.text, position)
    case 'sign':
      if (token.text === '(') return inBrackets(cursor)
      throw new ExpressionProblem(
        `an attribute, a text, a number or a function was expected, not ${token.text}`,
        position,
      )
    case 'end':
      throw new ExpressionProblem('a value is missing at the end', position)
    default:
      return token satisfies never
  }
}

function inBrackets(cursor: Cursor): Expression {
  const inner = expression(cursor)
  const token = peek(cursor)
  if (!isSign(token, ')')) throw new ExpressionProblem(`) was expected, not ${shown(token)}`, token.position)
  cursor.at++
  return inner
}

function word(cursor: Cursor, text: string, position: number): Expression {
  switch (text.toLowerCase()) {
    case 'true':
      return counted(cursor, { type: 'boolean', value: true, position })
    case 'false':
      return counted(cursor, { type: 'boolean', value: false, position })
    case 'null':
    case 'authoritativenull':
      return counted(cursor, { type: 'nothing', position })
    default: {
      const known = words.find((each) => each.toLowerCase() === text.toLowerCase())
      if (known !== undefined) return counted(cursor, { type: 'word', text: known, position })
      const near = nearestWord(text, words)
      const message = `${text} is no value: an attribute is written [${text}], a text "${text}"`
      throw new ExpressionProblem(near ? `${message}; or was ${near} meant?` : message, position, near)
    }
  }
}

function call(cursor: Cursor, name: string, position: number): Expression {
  cursor.at++
  const args: Expression[] = []
  if (isSign(peek(cursor), ')')) {
    cursor.at++
    return counted(cursor, { type: 'call', name, args, position })
  }
  for (;;) {
    const token = peek(cursor)
    const isOmitted = isSign(token, ',') || isSign(token, ')')
    args.push(isOmitted ? counted(cursor, { type: 'omitted', position: token.position }) : expression(cursor))
    const next = peek(cursor)
    cursor.at++
    if (isSign(next, ')')) return counted(cursor, { type: 'call', name, args, position })
    if (!isSign(next, ',')) throw new ExpressionProblem(`, or ) was expected, not ${shown(next)}`, next.position)
  }
}
