/** Reads a filter as people write it, `(&(objectClass=user)(cn=a*))`, for in-process callers. */
import type { Filter } from './filter.ts'

export function parseFilter(text: string): Filter {
  const parser = { text: text.trim(), at: 0 }
  const filter = readOne(parser)
  if (parser.at < parser.text.length) throw new SyntaxError(`a filter ends before character ${parser.at}`)
  return filter
}

interface Parser {
  readonly text: string
  at: number
}

function expect(parser: Parser, character: string): void {
  if (parser.text[parser.at] !== character) throw new SyntaxError(`${character} expected at character ${parser.at}`)
  parser.at++
}

function readOne(parser: Parser): Filter {
  expect(parser, '(')
  const first = parser.text[parser.at]
  let filter: Filter
  if (first === '&' || first === '|') {
    parser.at++
    const parts: Filter[] = []
    while (parser.text[parser.at] === '(') parts.push(readOne(parser))
    filter = { kind: first === '&' ? 'and' : 'or', parts }
  } else if (first === '!') {
    parser.at++
    filter = { kind: 'not', part: readOne(parser) }
  } else filter = readLeaf(parser)
  expect(parser, ')')
  return filter
}

function readLeaf(parser: Parser): Filter {
  const end = parser.text.indexOf(')', parser.at)
  const body = parser.text.slice(parser.at, end < 0 ? undefined : end)
  const match = /^([\w;.-]*)(:[\w.:]+:|[<>~]|)=(.*)$/s.exec(body)
  if (match === null) throw new SyntaxError(`no comparison at character ${parser.at}`)
  parser.at += body.length
  const [, name = '', operator = '', value = ''] = match
  if (operator === '>') return { kind: 'atLeast', name, value: unescaped(value) }
  if (operator === '<') return { kind: 'atMost', name, value: unescaped(value) }
  if (operator.startsWith(':')) return { kind: 'rule', name, rule: operator.slice(1, -1), value: unescaped(value) }
  if (value === '*') return { kind: 'present', name }
  if (!value.includes('*')) return { kind: 'equal', name, value: unescaped(value) }
  const pieces = value.split('*').map((piece) => unescaped(piece).toString('utf8'))
  const initial = pieces[0] === '' ? undefined : pieces[0]
  const final = pieces.at(-1) === '' ? undefined : pieces.at(-1)
  return {
    kind: 'substring',
    name,
    pieces: { initial, any: pieces.slice(1, -1).filter((piece) => piece !== ''), final },
  }
}

function unescaped(value: string): Buffer {
  if (!value.includes('\\')) return Buffer.from(value)
  const parts = value.split(/\\([0-9a-fA-F]{2})/)
  return Buffer.concat(parts.map((part, i) => Buffer.from(part, i % 2 === 1 ? 'hex' : 'utf8')))
}
