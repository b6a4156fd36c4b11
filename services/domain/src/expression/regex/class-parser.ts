/** Parses `[…]` with ranges, escapes, negation and .NET's subtraction `[a-z-[aeiou]]`. */
import { category, digit, not, quick, space, wordUnit } from './classes.ts'
import { PatternProblem, type Test } from './node.ts'

export interface Source {
  readonly text: string
  at: number
}

interface Item {
  readonly test: Test | undefined
  /** Of a single character, which may begin a range. */
  readonly unit: number
}

/** `source.at` stands behind the bracket. */
export function parseClass(source: Source): Test {
  const start = source.at - 1
  const isNegated = source.text[source.at] === '^'
  if (isNegated) source.at++
  const tests: Test[] = []
  let minus: Test | undefined
  for (let isFirst = true; ; isFirst = false) {
    const c = source.text[source.at]
    if (c === undefined) throw new PatternProblem('[ is not closed', start)
    if (c === ']' && !isFirst) break
    if (c === '-' && source.text[source.at + 1] === '[' && !isFirst) {
      source.at += 2
      minus = parseClass(source)
      if (source.text[source.at] !== ']') throw new PatternProblem('a subtraction ends its class', source.at)
      break
    }
    tests.push(rangeOrItem(source))
  }
  source.at++
  const any: Test = (unit) => tests.some((test) => test(unit))
  const base = isNegated ? not(any) : any
  const subtracted = minus
  return quick(subtracted ? (unit) => base(unit) && !subtracted(unit) : base)
}

function rangeOrItem(source: Source): Test {
  const from = item(source)
  const { text } = source
  const isRange = text[source.at] === '-' && ![']', '[', undefined].includes(text[source.at + 1])
  if (!isRange || from.test) return from.test ?? ((unit) => unit === from.unit)
  const position = source.at++
  const to = item(source)
  if (to.test) throw new PatternProblem('a range ends with a character', position)
  if (to.unit < from.unit) throw new PatternProblem('a range is in reverse order', position)
  return (unit) => unit >= from.unit && unit <= to.unit
}

const single = (unit: number): Item => ({ test: undefined, unit })

function item(source: Source): Item {
  const c = source.text[source.at++]
  if (c === undefined) throw new PatternProblem('[ is not closed', source.at - 1)
  if (c !== '\\') return single(c.charCodeAt(0))
  if (source.text[source.at] === 'b') {
    source.at++
    return single(8)
  }
  const test = classEscape(source)
  return test ? { test, unit: -1 } : single(unitEscape(source))
}

/** `\d` and its like, `source.at` behind the backslash; undefined, and nothing read, where it is none. */
export function classEscape(source: Source): Test | undefined {
  const letter = source.text[source.at]
  switch (letter) {
    case 'd':
    case 'D':
    case 'w':
    case 'W':
    case 's':
    case 'S': {
      source.at++
      const lower = letter.toLowerCase()
      const test = lower === 'd' ? digit : lower === 'w' ? wordUnit : space
      return letter === lower ? test : not(test)
    }
    case 'p':
    case 'P': {
      const match = /^\{([A-Za-z0-9_-]+)\}/.exec(source.text.slice(source.at + 1, source.at + 40))
      const test = match ? category(match[1]!) : undefined
      if (!match || !test) throw new PatternProblem(`\\${letter} wants a category such as {Lu}`, source.at)
      source.at += 1 + match[0].length
      return letter === 'p' ? test : not(test)
    }
    default:
      return undefined
  }
}

const controls: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13, e: 27 }

/** One escaped character, `source.at` behind the backslash. */
export function unitEscape(source: Source): number {
  const letter = source.text[source.at]
  if (letter === undefined) throw new PatternProblem('nothing follows \\', source.at - 1)
  const control = controls[letter]
  const hex = letter === 'x' ? 2 : letter === 'u' ? 4 : 0
  if (hex > 0) {
    const digits = source.text.slice(source.at + 1, source.at + 1 + hex)
    if (!/^[0-9A-Fa-f]+$/.test(digits) || digits.length < hex) {
      throw new PatternProblem(`\\${letter} wants ${hex} hexadecimal digits`, source.at)
    }
    source.at += 1 + hex
    return Number.parseInt(digits, 16)
  }
  const octal = /^0[0-7]{0,2}/.exec(source.text.slice(source.at, source.at + 3))
  if (octal) {
    source.at += octal[0].length
    return Number.parseInt(octal[0], 8)
  }
  source.at++
  if (control !== undefined) return control
  if (/[A-Za-z0-9]/.test(letter)) throw new PatternProblem(`there is no escape \\${letter}`, source.at - 2)
  return letter.charCodeAt(0)
}
