import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile, type Read } from './compile.ts'
import { ExpressionProblem } from './problem.ts'
import type { Value } from './value.ts'

const reading =
  (attributes: Record<string, Value>): Read =>
  (name) =>
    attributes[name]
const evaluate = (source: string, attributes: Record<string, Value> = {}): Value =>
  compile(source).evaluate(reading(attributes))

describe('expressions give', () => {
  const table: readonly [string, Record<string, Value>, Value][] = [
    ['[displayName]', { displayname: 'Ada' }, 'Ada'],
    ['IIF(IsNullOrEmpty([displayName]), [cn], [displayName])', { cn: 'Ada P' }, 'Ada P'],
    ['IIF(IsNullOrEmpty([displayName]), [cn], [displayName])', { cn: 'Ada P', displayname: 'Ada' }, 'Ada'],
    ['IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")', { useraccountcontrol: '512' }, 'True'],
    ['IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")', { useraccountcontrol: '514' }, 'False'],
    ['IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")', {}, 'False'],
    ['BitAnd([groupType], -2147483648)', { grouptype: '-2147483646' }, -2147483648],
    ['BitAnd(&HF, 9)', {}, 9],
    ['IIF([a] <> "x", "differs", "same")', { a: 'y' }, 'differs'],
    ['IIF([a] < 10, "less", "more")', { a: '9' }, 'less'],
    ['IIF([a] > "10", "more", "less")', { a: '9' }, 'less'],
    ['IIF([missing] <> "x", "yes", "no")', {}, 'no'],
    ['[givenName] & " " & [sn]', { givenname: 'Ada', sn: 'Park' }, 'Ada Park'],
    ['[sAMAccountName]&"@"&"x.lab"', { samaccountname: 'ada' }, 'ada@x.lab'],
    ['Coalesce([a], [b], "c")', { b: 'B' }, 'B'],
    ['Coalesce([a], [b], "c")', { a: '', b: [] }, 'c'],
    ['Trim([l])', { l: '  Ulm ' }, 'Ulm'],
    ['Trim([l])', { l: [' a', 'b '] }, ['a', 'b']],
    ['Left([info], 3)', { info: 'abcdef' }, 'abc'],
    ['Left([info], 3)', {}, ''],
    ['Mid([x], 2, 3)', { x: 'abcdef' }, 'bcd'],
    ['Mid([x], 5, 30)', { x: 'abcdef' }, 'ef'],
    ['Replace([mail], "@a", , , "@b", , )', { mail: 'x@a' }, 'x@b'],
    ['Replace([t], , "(?<c>\\d)-", , "${c}", , )', { t: '1-2-3' }, '123'],
    ['Replace([t], , "(?<c>\\d+)x", "c", "9", , )', { t: '12x' }, '9x'],
    ['ToLower([x]) & ToUpper([x])', { x: 'aB' }, 'abAB'],
    ['Join("-", [a], [b], [c])', { a: ['1', '2'], b: '', c: '3' }, '1-2-3'],
    ['Item(Split([p], ","), 2)', { p: 'a, b ,c' }, 'b'],
    ['Item([otherTelephone], 1)', { othertelephone: ['1', '2'] }, '1'],
    ['Switch([c], "other", "DE", "Germany", "FR", "France")', { c: 'FR' }, 'France'],
    ['Switch([c], "other", "", "none")', {}, 'none'],
    ['Not("True")', {}, false],
    ['IIF(Not(IsPresent([x])), "absent", "there")', {}, 'absent'],
    ['Append([x], "!")', { x: 'hi' }, 'hi!'],
    ['"a \\"quoted\\" \\\\ text"', {}, 'a "quoted" \\ text'],
    ['NULL', {}, undefined],
  ]
  it.each(table)('%s with %o → %o', (source, attributes, value) => {
    expect(evaluate(source, attributes)).toEqual(value)
  })
  it('names each source once, as first written', () => {
    expect(compile('IIF(IsPresent([Mail]), [mail], [userPrincipalName])').sources).toEqual([
      'Mail',
      'userPrincipalName',
    ])
  })
  it('tells of an index out of range rather than making a value up', () => {
    expect(() => evaluate('Item([x], 2)', { x: 'one' })).toThrow('out of range')
  })
})

describe('an expression that cannot be read', () => {
  const table: readonly [string, number, string][] = [
    ['Trim([x]', 8, ', or ) was expected'],
    ['Trim(', 5, 'missing'],
    ['trim([x])', 0, 'it is written Trim'],
    ['Trim()', 0, 'takes 1 arguments'],
    ['IIF([a], "b")', 0, 'takes 3 arguments'],
    ['displayName', 0, '[displayName]'],
    ['"open', 0, 'not closed'],
    ['[open', 0, 'not closed'],
    ['Trim([x]) [y]', 10, 'nothing more'],
    ['[a] & ', 6, 'missing'],
    ['#', 0, 'unexpected character'],
    [`${'Trim('.repeat(80)}[x]${')'.repeat(80)}`, 320, 'nested'],
  ]
  it.each(table)('%s fails at %i', (source, position, message) => {
    const problem = (() => {
      try {
        compile(source)
      } catch (error) {
        return error
      }
      return undefined
    })()
    expect(problem).toBeInstanceOf(ExpressionProblem)
    expect(problem).toMatchObject({ position, message: expect.stringContaining(message) })
  })
  it('whatever the text, the only error is an ExpressionProblem with a place inside it', () => {
    const piece = fc.constantFrom(
      'IIF',
      'Trim',
      '(',
      ')',
      ',',
      '[a]',
      '"t"',
      '&',
      '=',
      '<',
      '-1',
      '&H1',
      ' ',
      '\\',
      '"',
      '[',
      'NULL',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const source = pieces.join('')
        try {
          compile(source)
        } catch (error) {
          if (!(error instanceof ExpressionProblem)) throw error
          expect(error.position).toBeGreaterThanOrEqual(0)
          expect(error.position).toBeLessThanOrEqual(source.length)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
