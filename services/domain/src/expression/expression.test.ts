import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { ExpressionFailure } from './failure.ts'
import type { Read } from './part.ts'
import { ExpressionProblem } from './problem.ts'
import { toText, type Value } from './value.ts'

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
  const more: readonly [string, Record<string, Value>, Value][] = [
    ['IIF([a] = "007", "same", "other")', { a: '7' }, 'other'],
    ['IIF([a] = 7, "same", "other")', { a: '007' }, 'same'],
    ['IIF([a] <> "", "text", "none")', { a: 'x' }, 'text'],
    ['IIF([a] = "", "empty", "fails")', { a: '' }, 'fails'],
    ['IIF([cloudSOAExchMailbox] = True, "yes", "no")', { cloudsoaexchmailbox: 'TRUE' }, 'yes'],
    ['IIF(IsPresent([a]) = False || [b] = "x" && [c] = "y", 1, 2)', { a: '1', b: 'x' }, 2],
    ['Len([x]) - 1', { x: 'abc' }, 2],
    ['2 + 3 * 4', {}, 14],
    ['(2 + 3) * -4', {}, -20],
    ['[a]&HF()', {}, new ExpressionProblem('there is no function HF', 4) as unknown as Value],
    ['Mid([x], 0, 2)', { x: 'abc' }, 'abc'],
    ['Mid([x], 9, 2)', { x: 'abc' }, ''],
    ['Left([x], -1)', { x: 'abc' }, 'abc'],
    ['Right([x], 0)', { x: 'abc' }, ''],
    ['Word([x], 2, " ")', { x: 'a  b' }, 'b'],
    ['Word([x], 9, " ")', { x: 'a' }, ''],
    ['PCase([x])', { x: "o'neil-SMITH 2nd" }, "O'neil-Smith 2Nd"],
    ['ToUpper([x], "tr-TR")', { x: 'i' }, 'İ'],
    ['NormalizeDiacritics([x])', { x: 'Ёлка ő' }, 'Ёлка o'],
    ['RemoveDuplicates(Trim([x]))', { x: [' a', 'a ', 'A'] }, ['a', 'A']],
    ['Select($item, [x], ToUpper($item) & "!")', { x: ['a', 'b'] }, ['A!', 'B!']],
    ['Where($item, [x], Left($item, 5) = "SMTP:")', { x: ['SMTP:a', 'smtp:b'] }, ['SMTP:a']],
    ['With($a, Trim([x]), $a & $a)', { x: ' y ' }, 'yy'],
    ['Contains([proxyAddresses], "SMTP:")', { proxyaddresses: ['smtp:a', 'SMTP:b'] }, 2],
    [
      'ConvertToBase64([objectGUID])',
      { objectguid: '03020100-0504-0706-0809-0a0b0c0d0e0f' },
      'AAECAwQFBgcICQoLDA0ODw==',
    ],
    ['IIF(IsString([objectGUID]), "text", "bytes")', { objectguid: '03020100-0504-0706-0809-0a0b0c0d0e0f' }, 'bytes'],
    ['StringFromSid([objectSid])', { objectsid: 'S-1-5-21-1-2-3-1001' }, 'S-1-5-21-1-2-3-1001'],
    [
      'CStr(FormatDateTime(DateFromNum([pwdLastSet]),"yyyyMMddHHmmss.0Z"))',
      { pwdlastset: '129699324000000000' },
      '20120101230000.0Z',
    ],
    [
      'FormatDateTime([d], , "M/d/yyyy h:mm tt", "ddd dd MMM yy HH:mm")',
      { d: '3/16/2020 4:05 PM' },
      'Mon 16 Mar 20 16:05',
    ],
    ['DateAdd("m", 1, "2024-01-31")', {}, '2/29/2024 12:00:00 AM'],
    ['IIF(CDate([a]) < CDate([b]), "before", "after")', { a: '2024-01-01', b: '2/1/2024' }, 'before'],
    ['[sAMAccountName]&"@"&%Domain.FQDN%', { samaccountname: 'ada', '%domain.fqdn%': 'x.lab' }, 'ada@x.lab'],
    ['InStr([x], "B", 1, vbTextCompare)', { x: 'abc' }, 2],
    ['Switch(IsPresent([a]) = True, "x", True, "y")', { a: '1' }, 'y'],
  ]
  it.each(more)('%s with %o → %o', (source, attributes, value) => {
    if (value instanceof Error) expect(() => evaluate(source, attributes)).toThrow(value.message)
    else {
      const got = evaluate(source, attributes)
      expect(typeof got === 'object' && !Array.isArray(got) ? toText(got) : got).toEqual(value)
    }
  })
  it('draws and reads the clock only from what it is given', () => {
    let n = 0
    const random = () => (n = (n + 0.37) % 1)
    const inputs = { random, nowMs: Date.UTC(2026, 10, 23, 15, 4, 5) }
    expect(toText(compile('Now()').evaluate(() => undefined, inputs))).toBe('11/23/2026 3:04:05 PM')
    expect(compile('Guid()').evaluate(() => undefined, inputs)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(() => evaluate('Guid()')).toThrow(ExpressionFailure)
    expect(() => evaluate('Now()')).toThrow('no time of observation')
    expect([...compile('Append(Guid(), CStr(Now()))').effects].sort()).toEqual(['chance', 'time'])
    expect([...compile('SelectUniqueValue([a], [b])').effects]).toEqual(['uniqueness'])
    expect([...compile('Trim([a])').effects]).toEqual([])
  })
  it('warns of what is hardly meant', () => {
    expect(compile('[dispayName]').warnings).toEqual([
      { message: '[dispayName] is not known: was [displayName] meant?', position: 0 },
    ])
    expect(compile('Switch(IsPresent([a]), "x", "True", "y")').warnings).toMatchObject([{ position: 7 }])
    expect(compile('[companyBadge]').warnings).toEqual([])
  })
  it('says where it failed', () => {
    const { evaluate: run } = compile('Append("x", Item([a], 9))')
    expect(() => run(reading({ a: ['1', '2'] }))).toThrow(expect.objectContaining({ position: 12 }))
  })
  it('says so when every value is taken', () => {
    const { evaluate: run } = compile('SelectUniqueValue([a], [b])')
    const taken = () => true
    expect(() => run(reading({ a: '1', b: '2' }), { taken })).toThrow(expect.objectContaining({ position: 0 }))
  })
  it('tells of an index out of range rather than making a value up', () => {
    expect(() => evaluate('Item([x], 2)', { x: 'one' })).toThrow('out of range')
  })
})

describe('an expression that cannot be read', () => {
  const table: readonly [string, number, string][] = [
    ['Trim([x]', 8, ', or ) was expected, not the end'],
    ['Trm([x])', 0, 'was Trim meant?'],
    ['IIF(Trm([x]), [a], [b])', 4, 'was Trim meant?'],
    ['Guid(1)', 0, 'takes 0 arguments, not 1: Guid()'],
    ['Left([x], "abc")', 10, 'length of Left is a number, not "abc"'],
    ['Left([x], IsPresent([y]))', 10, 'is a number, not a truth value'],
    ['BitAnd([objectGUID], 2)', 7, 'is a number, not bytes'],
    ['DateAdd("parsec", 1, [x])', 8, 'one of yyyy'],
    ['DateDiff("d", "no day", [x])', 14, 'is a time'],
    ['IIF(BitAnd([a], 2), "x", "y")', 4, 'compare it, such as <> 0'],
    ['Replace([x], , "(a", , "", , )', 15, '( is not closed'],
    ['Replace([x], , "(a)", "b", "", , )', 22, 'no group b'],
    ['Left(, 2)', 5, 'source of Left is missing'],
    ['FormatDateTime([x], , "yyyy", "yy\'")', 30, 'not closed in a date format'],
    ['ToLower([x], "not a culture")', 13, 'no culture'],
    ['ToLower(SelectUniqueValue([a], [b]))', 8, 'at the top'],
    ['SingleAppRoleAssignment([appRoleAssignments])', 0, 'not supported'],
    ['Select([a], [b], [c])', 7, 'begins with a variable'],
    ['$item', 0, 'not bound'],
    ['vbTextCompar', 0, 'vbTextCompare'],
    ['Switch([a], "b", "c")', 0, 'pairs'],
    ['Trim(', 5, 'missing'],
    ['trim([x])', 0, 'it is written Trim'],
    ['Trim()', 0, 'takes 1 arguments, not 0: Trim(source)'],
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
  it('is refused for its length before anything else is done', () => {
    const startedMs = performance.now()
    expect(() => compile(`"${'x'.repeat(1_000_000)}"`)).toThrow('at most 65536 characters, not 1000002')
    expect(() => compile('('.repeat(65_000))).toThrow('nested more than 64 deep')
    expect(() => compile(`[a]${'+[a]'.repeat(3_000)}`)).toThrow('more than 4096 parts')
    expect(performance.now() - startedMs).toBeLessThan(500)
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
