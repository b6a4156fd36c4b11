/** The subset of `$filter` the directory answers: parsed into a tree, judged on one object, and narrowed by unique keys. */
import { badRequest } from './failure.ts'
import { type Kind, ruleOf } from './schema.ts'
import type { Properties } from './store.ts'

type Literal = string | boolean | number | null
type Comparison = 'eq' | 'ne' | 'ge' | 'le' | 'gt' | 'lt'
type TextTest = 'startswith' | 'endswith' | 'contains'

export type Filter =
  | { readonly is: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly is: 'not'; readonly of: Filter }
  | { readonly is: 'compare'; readonly by: Comparison; readonly property: string; readonly value: Literal }
  | { readonly is: 'text'; readonly by: TextTest; readonly property: string; readonly value: string }
  | { readonly is: 'in'; readonly property: string; readonly values: readonly Literal[] }
  | { readonly is: 'any'; readonly property: string; readonly variable: string; readonly of: Filter | undefined }
  | { readonly is: 'count'; readonly property: string; readonly by: Comparison; readonly value: number }

const tokenPattern = /\s*(?:('(?:[^']|'')*')|([()\],:[])|([^\s()\],:']+))/y

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  tokenPattern.lastIndex = 0
  const trimmed = text.trimEnd()
  while (tokenPattern.lastIndex < trimmed.length) {
    const found = tokenPattern.exec(trimmed)
    if (found === null) throw badRequest('Invalid filter clause: a text is not closed.')
    tokens.push(found[0].trim())
  }
  return tokens
}

const comparisons = new Set(['eq', 'ne', 'ge', 'le', 'gt', 'lt'])
const textTests = new Set(['startswith', 'endswith', 'contains'])

function literalOf(token: string): Literal {
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'")
  if (token === 'null') return null
  if (token === 'true' || token === 'false') return token === 'true'
  const number = Number(token)
  if (!Number.isNaN(number)) return number
  if (/^[\w:.+-]+$/.test(token)) return token
  throw badRequest(`Invalid filter clause: '${token}' is not a value.`)
}

class Parser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
  }

  parse(): Filter {
    const filter = this.#or()
    if (this.#at < this.#tokens.length) throw badRequest(`Invalid filter clause: unexpected '${this.#peek()}'.`)
    return filter
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? ''
  }

  #next(): string {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw badRequest('Invalid filter clause: it ends too early.')
    this.#at += 1
    return token
  }

  #expect(token: string): void {
    const found = this.#next()
    if (found !== token) throw badRequest(`Invalid filter clause: '${token}' expected, '${found}' found.`)
  }

  #or(): Filter {
    let left = this.#and()
    while (this.#peek().toLowerCase() === 'or') {
      this.#next()
      left = { is: 'or', left, right: this.#and() }
    }
    return left
  }

  #and(): Filter {
    let left = this.#not()
    while (this.#peek().toLowerCase() === 'and') {
      this.#next()
      left = { is: 'and', left, right: this.#not() }
    }
    return left
  }

  #not(): Filter {
    if (this.#peek().toLowerCase() !== 'not') return this.#term()
    this.#next()
    return { is: 'not', of: this.#not() }
  }

  #term(): Filter {
    const token = this.#next()
    if (token === '(') {
      const inner = this.#or()
      this.#expect(')')
      return inner
    }
    const name = token.toLowerCase()
    if (textTests.has(name) && this.#peek() === '(') return this.#textTest(name as TextTest)
    if (name.endsWith('/any')) return this.#any(token.slice(0, -4))
    return this.#comparison(token)
  }

  #textTest(by: TextTest): Filter {
    this.#expect('(')
    const property = this.#next()
    this.#expect(',')
    const value = String(literalOf(this.#next()))
    this.#expect(')')
    return { is: 'text', by, property, value }
  }

  #any(property: string): Filter {
    this.#expect('(')
    if (this.#peek() === ')') {
      this.#next()
      return { is: 'any', property, variable: '', of: undefined }
    }
    const variable = this.#next()
    this.#expect(':')
    const of = this.#or()
    this.#expect(')')
    return { is: 'any', property, variable, of }
  }

  #comparison(property: string): Filter {
    const by = this.#next().toLowerCase()
    if (by === 'in') {
      this.#expect('(')
      const values = [literalOf(this.#next())]
      while (this.#peek() === ',') {
        this.#next()
        values.push(literalOf(this.#next()))
      }
      this.#expect(')')
      return { is: 'in', property, values }
    }
    if (!comparisons.has(by)) throw badRequest(`Invalid filter clause: unknown operator '${by}'.`)
    const value = literalOf(this.#next())
    if (property.toLowerCase().endsWith('/$count')) {
      return { is: 'count', property: property.slice(0, -7), by: by as Comparison, value: Number(value) }
    }
    return { is: 'compare', by: by as Comparison, property, value }
  }
}

/** Parses a filter and checks its property names. */
export function parseFilter(kind: Kind, text: string): Filter {
  const filter = new Parser(text).parse()
  checkNames(kind, filter, undefined)
  return filter
}

function checkNames(kind: Kind, filter: Filter, variable: string | undefined): void {
  switch (filter.is) {
    case 'and':
    case 'or':
      checkNames(kind, filter.left, variable)
      checkNames(kind, filter.right, variable)
      return
    case 'not':
      return checkNames(kind, filter.of, variable)
    case 'any':
      checkName(kind, filter.property)
      if (filter.of !== undefined) checkNames(kind, filter.of, filter.variable)
      return
    default: {
      const own = variable !== undefined && filter.property.split('/')[0] === variable
      if (!own) checkName(kind, filter.property)
    }
  }
}

function checkName(kind: Kind, path: string): void {
  const name = path.split('/')[0] ?? ''
  if (ruleOf(kind, name) !== undefined) return
  throw badRequest(
    `Invalid filter clause: Could not find a property named '${name}' on type 'microsoft.graph.${kind}'.`,
  )
}

/** Whether the filter needs the eventual consistency header and `$count=true`. */
export function isAdvanced(filter: Filter): boolean {
  switch (filter.is) {
    case 'and':
    case 'or':
      return isAdvanced(filter.left) || isAdvanced(filter.right)
    case 'not':
    case 'count':
      return true
    case 'compare':
      return filter.by === 'ne'
    case 'text':
      return filter.by !== 'startswith'
    case 'in':
      return false
    case 'any':
      return filter.of !== undefined && isAdvanced(filter.of)
    default:
      return filter satisfies never
  }
}

const fold = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value)

function compare(by: Comparison, actual: unknown, wanted: Literal, exact: boolean): boolean {
  const left = exact ? actual : fold(actual)
  const right = exact ? wanted : fold(wanted)
  if (by === 'eq') return right === null ? left === undefined || left === null : left === right
  if (by === 'ne') return right === null ? left !== undefined && left !== null : left !== right
  if (typeof left !== typeof right || left === undefined || right === null) return false
  const a = left as string | number
  const b = right as string | number
  return by === 'ge' ? a >= b : by === 'le' ? a <= b : by === 'gt' ? a > b : a < b
}

function testText(by: TextTest, actual: unknown, wanted: string): boolean {
  if (typeof actual !== 'string') return false
  const text = actual.toLowerCase()
  const part = wanted.toLowerCase()
  return by === 'startswith' ? text.startsWith(part) : by === 'endswith' ? text.endsWith(part) : text.includes(part)
}

/** Finds the value a path names: on the object, or on a collection's item through its variable. */
export type Lookup = (path: string) => unknown

/** Whether the filter holds for the values a lookup finds. */
export function holdsFor(filter: Filter, lookup: Lookup): boolean {
  switch (filter.is) {
    case 'and':
      return holdsFor(filter.left, lookup) && holdsFor(filter.right, lookup)
    case 'or':
      return holdsFor(filter.left, lookup) || holdsFor(filter.right, lookup)
    case 'not':
      return !holdsFor(filter.of, lookup)
    case 'compare':
      return compare(filter.by, lookup(filter.property), filter.value, isExact(filter.property))
    case 'text':
      return testText(filter.by, lookup(filter.property), filter.value)
    case 'in':
      return filter.values.some((value) => compare('eq', lookup(filter.property), value, isExact(filter.property)))
    case 'count': {
      const list = lookup(filter.property)
      return compare(filter.by, Array.isArray(list) ? list.length : 0, filter.value, true)
    }
    case 'any':
      return anyHolds(filter, lookup)
    default:
      return filter satisfies never
  }
}

function anyHolds(filter: Extract<Filter, { is: 'any' }>, lookup: Lookup): boolean {
  const list = lookup(filter.property)
  if (!Array.isArray(list)) return false
  const { of, variable } = filter
  if (of === undefined) return list.length > 0
  return list.some((item) =>
    holdsFor(of, (path) => {
      if (path === variable) return item
      if (!path.startsWith(`${variable}/`)) return lookup(path)
      return (item as Properties)[path.slice(variable.length + 1)]
    }),
  )
}

/** Immutable ids are base64, where case carries meaning. */
const isExact = (property: string): boolean => property.toLowerCase() === 'onpremisesimmutableid'

/** One unique value an object must hold for the filter to be true. */
export interface KeyTerm {
  readonly property: string
  readonly value: string
}

/** The unique values of which a matching object must hold at least one; undefined where no key narrows the filter. */
export function keyTerms(filter: Filter, unique: ReadonlySet<string>): readonly KeyTerm[] | undefined {
  switch (filter.is) {
    case 'compare': {
      const property = filter.property.toLowerCase()
      if (filter.by !== 'eq' || !unique.has(property) || typeof filter.value !== 'string') return undefined
      return [{ property, value: filter.value }]
    }
    case 'in': {
      const property = filter.property.toLowerCase()
      if (!unique.has(property)) return undefined
      return filter.values.map((value) => ({ property, value: String(value) }))
    }
    case 'or': {
      const left = keyTerms(filter.left, unique)
      const right = keyTerms(filter.right, unique)
      return left === undefined || right === undefined ? undefined : [...left, ...right]
    }
    case 'and':
      return keyTerms(filter.left, unique) ?? keyTerms(filter.right, unique)
    case 'any': {
      const { of } = filter
      if (of?.is !== 'compare' || of.by !== 'eq' || of.property !== filter.variable) return undefined
      const property = filter.property.toLowerCase()
      return unique.has(property) ? [{ property, value: String(of.value) }] : undefined
    }
    default:
      return undefined
  }
}
