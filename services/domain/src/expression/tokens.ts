/** Cuts an expression into tokens, each with its position. */
import { ExpressionProblem } from './problem.ts'

export type Token =
  | {
      readonly type: 'name' | 'attribute' | 'text' | 'parameter' | 'variable'
      readonly text: string
      readonly position: number
    }
  | { readonly type: 'number'; readonly value: number; readonly position: number }
  | { readonly type: 'sign'; readonly text: string; readonly position: number }
  | { readonly type: 'end'; readonly position: number }

/** Characters of an expression. */
export const maxLength = 65_536

const space = /\s+/y
const name = /[A-Za-z_][A-Za-z0-9_]*/y
/** Not the start of a name: `[a]&Hello()` joins. */
const hexadecimal = /&[Hh]([0-9A-Fa-f]{1,16})(?![A-Za-z0-9_(])/y
const number = /\d{1,32}(?:\.\d{1,32})?/y
const sign = /<=|>=|<>|&&|\|\||[(),&=<>+*-]/y
const parameter = /%([A-Za-z][A-Za-z0-9_.]*)%/y
const variable = /\$([A-Za-z_][A-Za-z0-9_]*)/y

const matchAt = (pattern: RegExp, source: string, position: number): RegExpExecArray | undefined => {
  pattern.lastIndex = position
  return pattern.exec(source) ?? undefined
}

interface Read {
  readonly token: Token
  readonly end: number
}

/** Throws ExpressionProblem. */
export function tokens(source: string): readonly Token[] {
  if (source.length > maxLength) {
    throw new ExpressionProblem(`an expression has at most ${maxLength} characters, not ${source.length}`, maxLength)
  }
  const found: Token[] = []
  let at = 0
  while (at < source.length) {
    const blank = matchAt(space, source, at)
    if (blank) {
      at += blank[0].length
      continue
    }
    const read = readToken(source, at, found.at(-1))
    found.push(read.token)
    at = read.end
  }
  found.push({ type: 'end', position: source.length })
  return found
}

function readToken(source: string, position: number, last: Token | undefined): Read {
  switch (source[position]) {
    case '"':
      return readText(source, position)
    case '[':
      return readAttribute(source, position)
    default:
      return readPlain(source, position, last)
  }
}

/** `\"` and `\\` are escapes; any other backslash is itself, as patterns are written both ways. */
function readText(source: string, position: number): Read {
  let text = ''
  let from = position + 1
  for (let at = from; at < source.length; at++) {
    const c = source.charCodeAt(at)
    if (c === 0x22) return { token: { type: 'text', text: text + source.slice(from, at), position }, end: at + 1 }
    if (c !== 0x5c) continue
    const next = source[at + 1]
    if (next !== '"' && next !== '\\') continue
    text += source.slice(from, at)
    from = ++at
  }
  throw new ExpressionProblem('a text is not closed by "', position)
}

function readAttribute(source: string, position: number): Read {
  const close = source.indexOf(']', position)
  if (close < 0) throw new ExpressionProblem('an attribute is not closed by ]', position)
  const text = source.slice(position + 1, close).trim()
  if (text === '') throw new ExpressionProblem('an attribute needs a name', position)
  return { token: { type: 'attribute', text, position }, end: close + 1 }
}

function readPlain(source: string, position: number, last: Token | undefined): Read {
  const hex = matchAt(hexadecimal, source, position)
  if (hex) return { token: { type: 'number', value: hexNumber(hex[1]!), position }, end: position + hex[0].length }
  const isMinus = source[position] === '-' && !endsOperand(last)
  const digits = matchAt(number, source, isMinus ? position + 1 : position)
  if (digits) {
    const value = Number(digits[0])
    const end = (isMinus ? position + 1 : position) + digits[0].length
    return { token: { type: 'number', value: isMinus ? -value : value, position }, end }
  }
  const word = matchAt(name, source, position)
  if (word) return { token: { type: 'name', text: word[0], position }, end: position + word[0].length }
  const mark = matchAt(sign, source, position)
  if (mark) return { token: { type: 'sign', text: mark[0], position }, end: position + mark[0].length }
  const percent = matchAt(parameter, source, position)
  if (percent) {
    return { token: { type: 'parameter', text: percent[1]!, position }, end: position + percent[0].length }
  }
  const dollar = matchAt(variable, source, position)
  if (dollar) return { token: { type: 'variable', text: dollar[1]!, position }, end: position + dollar[0].length }
  throw new ExpressionProblem(`unexpected character ${JSON.stringify(source[position])}`, position)
}

/** Eight digits are a flag word of 32 bits, as AD shows them; beyond that 64. */
const hexNumber = (digits: string): number => Number.parseInt(digits, 16)

/** A minus behind a value subtracts. */
const endsOperand = (last: Token | undefined): boolean =>
  last !== undefined && (last.type === 'sign' ? last.text === ')' : last.type !== 'end')
