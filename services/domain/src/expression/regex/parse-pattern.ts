/** Parses a pattern of .NET's regular expressions. */
import { classEscape, parseClass, type Source, unitEscape } from './class-parser.ts'
import { foldedClass, sameLetter } from './classes.ts'
import { type Group, type Node, PatternProblem, type Place } from './node.ts'

export interface ParsedPattern {
  readonly tree: Node
  /** In the order of their numbers, from 1. */
  readonly groups: readonly Group[]
}

interface Options {
  /** i */
  readonly ignoreCase: boolean
  /** m */
  readonly lines: boolean
  /** s */
  readonly dotAll: boolean
  /** n */
  readonly namedOnly: boolean
  /** x */
  readonly spaced: boolean
}

interface Parser extends Source {
  options: Options
  depth: number
  readonly unnamed: Group[]
  readonly named: Map<string, Group>
  /** `\1` and `\k<name>`, to be bound when all groups are known. */
  readonly backs: { readonly group: Group; readonly to: string; readonly position: number }[]
}

const maxPatternLength = 1_000
const maxDepth = 50

/** Throws PatternProblem. */
export function parsePattern(text: string): ParsedPattern {
  if (text.length > maxPatternLength) {
    throw new PatternProblem(`a pattern has at most ${maxPatternLength} characters`, maxPatternLength)
  }
  const options = { ignoreCase: false, lines: false, dotAll: false, namedOnly: false, spaced: false }
  const parser: Parser = { text, at: 0, options, depth: 0, unnamed: [], named: new Map(), backs: [] }
  const tree = either(parser)
  if (parser.at < text.length) throw new PatternProblem(') closes nothing', parser.at)
  const groups = [...parser.unnamed, ...parser.named.values()]
  for (const [index, group] of groups.entries()) group.index = index + 1
  for (const { group, to, position } of parser.backs) {
    const meant = /^\d+$/.test(to) ? groups[Number(to) - 1] : parser.named.get(to)
    if (!meant) throw new PatternProblem(`there is no group ${to}`, position)
    group.index = meant.index
  }
  return { tree, groups }
}

function either(parser: Parser): Node {
  if (++parser.depth > maxDepth) throw new PatternProblem('nested too deeply', parser.at)
  const { options } = parser
  const branches = [sequence(parser)]
  while (parser.text[parser.at] === '|') {
    parser.at++
    branches.push(sequence(parser))
  }
  parser.options = options
  parser.depth--
  return branches.length === 1 ? branches[0]! : { type: 'either', branches }
}

function sequence(parser: Parser): Node {
  const parts: Node[] = []
  for (;;) {
    skipSpaced(parser)
    const c = parser.text[parser.at]
    if (c === undefined || c === '|' || c === ')') break
    const atom = atomOf(parser)
    if (atom) parts.push(quantified(parser, atom))
  }
  return parts.length === 1 ? parts[0]! : { type: 'sequence', parts }
}

/** Blanks and comments of option x. */
function skipSpaced(parser: Parser): void {
  if (!parser.options.spaced) return
  const blank = /(?:\s|#[^\n]*)*/y
  blank.lastIndex = parser.at
  parser.at += blank.exec(parser.text)?.[0].length ?? 0
}

function quantified(parser: Parser, atom: Node): Node {
  skipSpaced(parser)
  const position = parser.at
  const bounds = quantifier(parser)
  if (!bounds) return atom
  const [min, max] = bounds
  if (max < min) throw new PatternProblem('a repetition has its bounds in reverse order', position)
  const isLazy = parser.text[parser.at] === '?'
  if (isLazy) parser.at++
  const after = parser.at
  if (quantifier(parser)) throw new PatternProblem('two repetitions in a row', after)
  return { type: 'repeat', body: atom, min, max, lazy: isLazy }
}

function quantifier(parser: Parser): readonly [number, number] | undefined {
  const c = parser.text[parser.at]
  const simple = c === '*' ? [0, Infinity] : c === '+' ? [1, Infinity] : c === '?' ? [0, 1] : undefined
  if (simple) {
    parser.at++
    return [simple[0]!, simple[1]!]
  }
  if (c !== '{') return undefined
  const counted = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(parser.text.slice(parser.at, parser.at + 12))
  if (!counted) return undefined
  parser.at += counted[0].length
  const min = Number(counted[1])
  return [min, counted[2] === undefined ? min : counted[3] === undefined ? Infinity : Number(counted[3])]
}

const place = (of: Place): Node => ({ type: 'place', place: of })

/** Undefined: something that matches nothing itself, such as (?i). */
function atomOf(parser: Parser): Node | undefined {
  const c = parser.text[parser.at++]!
  switch (c) {
    case '(':
      return group(parser)
    case '[': {
      const test = parseClass(parser)
      return { type: 'class', test: parser.options.ignoreCase ? foldedClass(test) : test }
    }
    case '.':
      return { type: 'class', test: parser.options.dotAll ? () => true : (unit) => unit !== 10 }
    case '^':
      return place(parser.options.lines ? 'lineStart' : 'start')
    case '$':
      return place(parser.options.lines ? 'lineEnd' : 'end')
    case '*':
    case '+':
    case '?':
      throw new PatternProblem(`${c} repeats nothing`, parser.at - 1)
    case '\\':
      return escaped(parser)
    default:
      return unit(parser, c.charCodeAt(0))
  }
}

const unit = (parser: Parser, code: number): Node =>
  parser.options.ignoreCase ? { type: 'class', test: (other) => sameLetter(code, other) } : { type: 'unit', unit: code }

const places: Readonly<Record<string, Place>> = {
  A: 'start',
  Z: 'end',
  z: 'veryEnd',
  b: 'boundary',
  B: 'noBoundary',
  G: 'here',
}

function escaped(parser: Parser): Node {
  const letter = parser.text[parser.at]
  const anchor = letter === undefined ? undefined : places[letter]
  if (anchor) {
    parser.at++
    return place(anchor)
  }
  const test = classEscape(parser)
  if (test) return { type: 'class', test: parser.options.ignoreCase ? foldedClass(test) : test }
  const back = /^(?:([1-9]\d?)|k(?:<(\w+)>|'(\w+)'))/.exec(parser.text.slice(parser.at, parser.at + 64))
  if (!back) return unit(parser, unitEscape(parser))
  const position = parser.at - 1
  parser.at += back[0].length
  const to = back[1] ?? back[2] ?? back[3] ?? ''
  const meant: Group = { name: to, index: 0 }
  parser.backs.push({ group: meant, to, position })
  return { type: 'back', group: meant, ignoreCase: parser.options.ignoreCase }
}

function group(parser: Parser): Node | undefined {
  const start = parser.at - 1
  const rest = parser.text.slice(parser.at, parser.at + 64)
  if (rest[0] !== '?') {
    if (parser.options.namedOnly) return closed(parser, start)
    const own: Group = { name: undefined, index: 0 }
    parser.unnamed.push(own)
    return { type: 'capture', group: own, body: closed(parser, start) }
  }
  const name = /^\?(?:P?<(\w+)>|'(\w+)')/.exec(rest)
  if (name) {
    parser.at += name[0].length
    const own = namedGroup(parser, name[1] ?? name[2]!)
    return { type: 'capture', group: own, body: closed(parser, start) }
  }
  const kind = /^\?(?:<?[=!]|>|:|#[^)]*\))/.exec(parser.text.slice(parser.at))?.[0]
  if (kind?.startsWith('?#')) {
    parser.at += kind.length
    return undefined
  }
  if (kind !== undefined) {
    parser.at += kind.length
    const body = closed(parser, start)
    if (kind === '?:') return body
    if (kind === '?>') return { type: 'atomic', body }
    return { type: 'look', behind: kind.includes('<'), negative: kind.endsWith('!'), body }
  }
  return inlineOptions(parser, start)
}

/** Groups of one name are one group. Numbers as names would disturb the counting of the others and are refused. */
function namedGroup(parser: Parser, name: string): Group {
  if (/^\d/.test(name)) throw new PatternProblem('a group is named by a word, not a number', parser.at)
  const known = parser.named.get(name)
  if (known) return known
  const made: Group = { name, index: 0 }
  parser.named.set(name, made)
  return made
}

function closed(parser: Parser, start: number): Node {
  const body = either(parser)
  if (parser.text[parser.at] !== ')') throw new PatternProblem('( is not closed', start)
  parser.at++
  return body
}

/** (?i) to the end of the group around it, (?i:…) for its own. */
function inlineOptions(parser: Parser, start: number): Node | undefined {
  const match = /^\?([imnsx]*)(?:-([imnsx]+))?([:)])/.exec(parser.text.slice(parser.at, parser.at + 16))
  if (!match) throw new PatternProblem('this kind of group is not known', start)
  parser.at += match[0].length
  const before = parser.options
  parser.options = switched(switched(before, match[1]!, true), match[2] ?? '', false)
  if (match[3] === ')') return undefined
  const body = closed(parser, start)
  parser.options = before
  return body
}

function switched(options: Options, letters: string, to: boolean): Options {
  return {
    ignoreCase: letters.includes('i') ? to : options.ignoreCase,
    lines: letters.includes('m') ? to : options.lines,
    dotAll: letters.includes('s') ? to : options.dotAll,
    namedOnly: letters.includes('n') ? to : options.namedOnly,
    spaced: letters.includes('x') ? to : options.spaced,
  }
}
