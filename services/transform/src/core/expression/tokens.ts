/** Cuts an expression into tokens, each with its position. */
import { ExpressionProblem } from './problem.ts'

export type Token =
  | { readonly type: 'name' | 'attribute' | 'text'; readonly text: string; readonly position: number }
  | { readonly type: 'number'; readonly value: number; readonly position: number }
  | { readonly type: 'sign'; readonly text: string; readonly position: number }
  | { readonly type: 'end'; readonly position: number }

const space = /\s+/y
const name = /[A-Za-z_][A-Za-z0-9_]*/y
const hexadecimal = /&H([0-9A-Fa-f]+)/y
const number = /-?\d+(?:\.\d+)?/y
const sign = /<=|>=|<>|[(),&=<>]/y

const matchAt = (pattern: RegExp, source: string, position: number): RegExpExecArray | undefined => {
  pattern.lastIndex = position
  return pattern.exec(source) ?? undefined
}

function readText(source: string, start: number): { text: string; end: number } {
  let text = ''
  for (let at = start + 1; at < source.length; at++) {
    const character = source[at]!
    if (character === '"') return { text, end: at + 1 }
    if (character === '\\' && (source[at + 1] === '"' || source[at + 1] === '\\')) {
      text += source[++at]!
    } else {
      text += character
    }
  }
  throw new ExpressionProblem('a text is not closed by "', start)
}

function readAttribute(source: string, start: number): { text: string; end: number } {
  const close = source.indexOf(']', start)
  if (close < 0) throw new ExpressionProblem('an attribute is not closed by ]', start)
  const text = source.slice(start + 1, close).trim()
  if (text === '') throw new ExpressionProblem('an attribute needs a name', start)
  return { text, end: close + 1 }
}

/** Throws ExpressionProblem. */
export function tokens(source: string): readonly Token[] {
  const found: Token[] = []
  let at = 0
  while (at < source.length) {
    const blank = matchAt(space, source, at)
    if (blank) {
      at += blank[0].length
      continue
    }
    const position = at
    const character = source[at]!
    if (character === '"') {
      const { text, end } = readText(source, at)
      found.push({ type: 'text', text, position })
      at = end
    } else if (character === '[') {
      const { text, end } = readAttribute(source, at)
      found.push({ type: 'attribute', text, position })
      at = end
    } else {
      const token = readPlain(source, position)
      found.push(token.token)
      at = token.end
    }
  }
  found.push({ type: 'end', position: source.length })
  return found
}

function readPlain(source: string, position: number): { token: Token; end: number } {
  const hex = matchAt(hexadecimal, source, position)
  if (hex)
    return { token: { type: 'number', value: Number.parseInt(hex[1]!, 16), position }, end: position + hex[0].length }
  const digits = matchAt(number, source, position)
  if (digits) return { token: { type: 'number', value: Number(digits[0]), position }, end: position + digits[0].length }
  const word = matchAt(name, source, position)
  if (word) return { token: { type: 'name', text: word[0], position }, end: position + word[0].length }
  const mark = matchAt(sign, source, position)
  if (mark) return { token: { type: 'sign', text: mark[0], position }, end: position + mark[0].length }
  throw new ExpressionProblem(`unexpected character ${JSON.stringify(source[position])}`, position)
}
