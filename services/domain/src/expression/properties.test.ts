/** Printing and parsing agree, and evaluating any expression on any object ends with a value or a documented failure, in time. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import type { ExpressionFunction } from './declare.ts'
import { arity } from './declare.ts'
import { ExpressionFailure } from './failure.ts'
import { expressionFunctions } from './functions.ts'
import { parse } from './parse.ts'
import { print } from './print.ts'
import { ExpressionProblem } from './problem.ts'
import { type Expression, words } from './syntax.ts'
import { ignored, isBinary, isTime, type Value } from './value.ts'

const position = 0
const text = fc.oneof(fc.string(), fc.constantFrom('', '\\', '"', 'a,b', '2021-01-01', 'd', 'yyyy-MM-dd', '(a)*', '12'))

/** Functions are drawn by name, with as many arguments as they take. */
const call = (argument: fc.Arbitrary<Expression>, of: ExpressionFunction): fc.Arbitrary<Expression> => {
  const { least, most } = arity(of)
  return fc
    .array(argument, { minLength: least, maxLength: Math.min(most, least + 3) })
    .map((args) => ({ type: 'call', name: of.name, args, position }))
}

const { tree } = fc.letrec<{ tree: Expression; leaf: Expression }>((tie) => ({
  leaf: fc.oneof(
    text.map((value): Expression => ({ type: 'text', text: value, position })),
    fc
      .oneof(fc.integer(), fc.constantFrom(0, 1, 2.5, -3))
      .map((value): Expression => ({ type: 'number', value, position })),
    fc.boolean().map((value): Expression => ({ type: 'boolean', value, position })),
    fc.constant<Expression>({ type: 'nothing', position }),
    fc.constantFrom(...words).map((word): Expression => ({ type: 'word', text: word, position })),
    fc
      .constantFrom('a', 'objectGUID', 'proxyAddresses')
      .map((name): Expression => ({ type: 'attribute', name, position })),
    fc.constant<Expression>({ type: 'parameter', name: 'Domain.FQDN', position }),
    fc.constant<Expression>({ type: 'variable', name: 'item', position }),
  ),
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.constantFrom(...expressionFunctions).chain((of) => call(tie('tree'), of)),
    fc
      .array(tie('tree'), { minLength: 2, maxLength: 3 })
      .map((parts): Expression => ({ type: 'concat', parts, position })),
    fc
      .tuple(fc.constantFrom('=', '<>', '<', '>', '<=', '>='), tie('tree'), tie('tree'))
      .map(([by, left, right]) => ({ type: 'compare', by, left, right, position }) as Expression),
    fc
      .tuple(fc.constantFrom('+', '-', '*'), tie('tree'), tie('tree'))
      .map(([by, left, right]) => ({ type: 'calculate', by, left, right, position }) as Expression),
    fc
      .tuple(fc.constantFrom('&&', '||'), tie('tree'), tie('tree'))
      .map(([by, left, right]) => ({ type: 'junction', by, left, right, position }) as Expression),
  ),
}))

/** Without places, which printing changes. */
const shape = (of: Expression): string => JSON.stringify(of, (key, value) => (key === 'position' ? undefined : value))

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(undefined),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '12',
    '2021-08-18+08:00',
    'TRUE',
    '03020100-0504-0706-0809-0a0b0c0d0e0f',
    'CN=a,DC=b',
    'x'.repeat(70_000),
  ),
  fc.array(fc.string(), { maxLength: 5 }),
)

const isValue = (got: Value): boolean =>
  got === undefined ||
  got === ignored ||
  ['string', 'number', 'boolean'].includes(typeof got) ||
  Array.isArray(got) ||
  isTime(got) ||
  isBinary(got)

const slowestMs = 500

describe('an expression', () => {
  it('parses to what was printed', () => {
    fc.assert(
      fc.property(tree, (drawn) => {
        const printed = print(drawn)
        expect(shape(parse(printed))).toBe(shape(drawn))
        expect(print(parse(printed))).toBe(printed)
      }),
      { numRuns: 2_000 },
    )
  })
  it('that compiles gives a value or fails as documented, in bounded time', () => {
    let evaluated = 0
    fc.assert(
      fc.property(
        tree,
        fc.tuple(value, value, value),
        fc.constantFrom('provisioning', 'connect'),
        (drawn, values, dialect) => {
          const attributes = new Map<string, Value>([
            ['a', values[0]],
            ['objectguid', values[1]],
            ['proxyaddresses', values[2]],
          ])
          const source = print(drawn)
          const startedMs = performance.now()
          try {
            const { evaluate } = compile(source, { dialect: dialect as 'provisioning' | 'connect' })
            evaluated++
            expect(isValue(evaluate((name) => attributes.get(name), { nowMs: 1e12, random: () => 0.5 }))).toBe(true)
          } catch (error) {
            if (!(error instanceof ExpressionProblem) && !(error instanceof ExpressionFailure)) throw error
            expect(error.position).toBeGreaterThanOrEqual(0)
            expect(error.position).toBeLessThanOrEqual(source.length)
          }
          expect(performance.now() - startedMs).toBeLessThan(slowestMs)
        },
      ),
      { numRuns: 10_000 },
    )
    // Otherwise the property would only ever have seen refusals.
    expect(evaluated).toBeGreaterThan(2_000)
  })
  it.each([
    ['Replace([a], , "(a+)+$", , "", , )', `${'a'.repeat(50_000)}!`],
    ['Replace([a], , "(a|a)*(a|a)*(a|a)*$", , "", , )', `${'a'.repeat(5_000)}!`],
    ['Replace([a], , "(?=(a+)+b)a", , "", , )', 'a'.repeat(5_000)],
    ['Replace([a], , "(a*)*\\\\1b", , "", , )', 'a'.repeat(5_000)],
    ['Replace([a], , "(?<=(a*)*b)", , "", , )', 'a'.repeat(5_000)],
    ['Replace([a], "a", , , [a], , )', 'a'.repeat(60_000)],
    ['Replace([a], , "a", , [a], , )', 'a'.repeat(60_000)],
    ['Replace([a], "a", , , , , [a])', 'a'.repeat(60_000)],
    [`${'[a] & '.repeat(1_000)}[a]`, 'a'.repeat(60_000)],
    [`Join([a]${', [a]'.repeat(300)})`, 'a'.repeat(60_000)],
    ['PadLeft([a], 2000000000, "x")', 'a'],
    [
      'Select($a, Split([a], ","), Select($b, Split([a], ","), Join("", Select($c, Split([a], ","), $c))))',
      'a,'.repeat(2_000),
    ],
  ])('cannot be made to run long: %s', (source, a) => {
    const startedMs = performance.now()
    const { evaluate } = compile(source)
    try {
      evaluate((name) => (name === 'a' ? a : undefined))
    } catch (error) {
      expect(error).toBeInstanceOf(ExpressionFailure)
    }
    expect(performance.now() - startedMs).toBeLessThan(slowestMs)
  })
})
