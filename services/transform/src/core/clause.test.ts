import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configuration } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { admits, compileClause, excludes } from './clause.ts'

type Values = Readonly<Record<string, string | readonly string[]>>

const clause = (operator: string, value: string | readonly string[] = '', attribute = 'A') =>
  configuration.AttributeClause.fromPartial({
    attribute,
    operator,
    ...(typeof value === 'string' ? { value } : { values: [...value] }),
  })
const read = (values: Values) => (name: string) => values[name]

describe('a clause', () => {
  it.each<[string, string | string[], Values, boolean]>([
    ['equals', 'Sales', { a: 'Sales' }, true],
    ['equals', 'Sales', { a: 'sales' }, false],
    ['equals', 'Sales', { a: ['Legal', 'Sales'] }, true],
    ['notEquals', 'Sales', { a: ['Legal', 'Sales'] }, false],
    ['notEquals', 'Sales', { a: ['Legal', 'HR'] }, true],
    ['in', ['Legal', 'Sales'], { a: 'Sales' }, true],
    ['notIn', ['Legal', 'Sales'], { a: 'Sales' }, false],
    ['startsWith', 'Sal', { a: 'Sales' }, true],
    ['notStartsWith', 'Sal', { a: 'Sales' }, false],
    ['endsWith', 'les', { a: 'Sales' }, true],
    ['notEndsWith', 'les', { a: 'HR' }, true],
    ['contains', 'ale', { a: 'Sales' }, true],
    ['notContains', 'ale', { a: 'Sales' }, false],
    ['greaterThan', '41', { a: '42' }, true],
    ['greaterThan', '42', { a: '42' }, false],
    ['greaterOrEqual', '42', { a: '42' }, true],
    ['lessThan', '9', { a: '10' }, false],
    ['lessOrEqual', '9', { a: 'many' }, false],
    ['bitsSet', '34359738368', { a: '34359738370' }, true],
    ['bitsSet', '3', { a: '2' }, false],
    ['bitsNotSet', '2', { a: '512' }, true],
    ['isTrue', '', { a: 'TRUE' }, true],
    ['isFalse', '', { a: 'FALSE' }, true],
    ['matches', '^svc-', { a: 'svc-backup' }, true],
    ['notMatches', '^svc-', { a: 'svc-backup' }, false],
    ['present', '', { a: 'x' }, true],
    ['present', '', {}, false],
    ['absent', '', {}, true],
    ['absent', '', { a: 'x' }, false],
    ['nothing we know', '', { a: 'x' }, false],
  ])('%s %s of %j: %s', (operator, value, values, expected) => {
    const compiled = compileClause(clause(operator, value))
    expect(admits(compiled, read(values))).toBe(expected)
    expect(excludes(compiled, read(values))).toBe(expected)
  })

  it.each(['notEquals', 'notIn', 'notStartsWith', 'notEndsWith', 'notContains', 'notMatches', 'bitsNotSet'])(
    '%s neither leaves out nor excludes what has no value',
    (operator) => {
      const compiled = compileClause(clause(operator, operator === 'notIn' ? ['1'] : '1'))
      expect([admits(compiled, read({})), excludes(compiled, read({}))]).toEqual([true, false])
    },
  )

  it.each([
    'equals',
    'in',
    'startsWith',
    'endsWith',
    'contains',
    'matches',
    'greaterThan',
    'lessThan',
    'bitsSet',
    'isTrue',
  ])('%s does not hold for what has no value', (operator) => {
    const compiled = compileClause(clause(operator, operator === 'in' ? ['1'] : '1'))
    expect([admits(compiled, read({})), excludes(compiled, read({}))]).toEqual([false, false])
  })

  it('of several holds when all do', () => {
    const both = { ...clause('allOf', '', ''), allOf: [clause('equals', 'x'), clause('notEquals', 'y', 'B')] }
    const compiled = compileClause(both)
    expect(admits(compiled, read({ a: 'x', b: 'z' }))).toBe(true)
    expect(admits(compiled, read({ a: 'x', b: 'y' }))).toBe(false)
    expect([admits(compiled, read({ a: 'x' })), excludes(compiled, read({ a: 'x' }))]).toEqual([true, false])
    expect([admits(compiled, read({ b: 'z' })), excludes(compiled, read({ b: 'z' }))]).toEqual([false, false])
  })
})

const folder = process.env.TEST_SHARED_DATA
const file = folder ? join(folder, 'behaviour-fixtures.json') : ''
interface Case {
  readonly attribute: string
  readonly operator: string
  readonly value: string
  readonly in: string | null
  readonly pass: boolean
}
const operators: Readonly<Record<string, string>> = {
  EQUALS: 'equals',
  'REGEX MATCH': 'matches',
  'NOT REGEX MATCH': 'notMatches',
}

describe.skipIf(!existsSync(file))('Microsoft’s documented filter cases (TEST_SHARED_DATA names the folder)', () => {
  const cases = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { scoping_filters: { cases: Case[] } }).scoping_filters.cases
    : []
  it.each(cases)('$operator $value of $in: $pass', ({ operator, value, in: given, pass }) => {
    const compiled = compileClause(clause(operators[operator]!, value))
    expect(excludes(compiled, read(given === null ? {} : { a: given }))).toBe(pass)
  })
})
