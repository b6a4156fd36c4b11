/** Durations, the look at expressions, the default table, differences. */
import { compile } from '@canopy/domain'
import { describe, expect, it } from 'vitest'
import { compileConfiguration } from '../compile-configuration.ts'
import type { MappingSource } from '../ports.ts'
import { defaultTables } from './defaults.ts'
import { differences } from './difference.ts'
import { durationMs } from './duration.ts'
import { reviewExpression } from './review-expression.ts'

describe('durationMs', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['1.5h', undefined],
    ['-1d', undefined],
    ['30', undefined],
    ['d', undefined],
  ])('%s → %s', (text, ms) => expect(durationMs(text)).toBe(ms))
})

describe('reviewExpression', () => {
  const found = (expression: string, more: Partial<MappingSource> = {}) =>
    reviewExpression({ target: 'displayName', expression, ...more } as MappingSource, ['mappings', 'user', 0])

  it.each([
    'IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")',
    'Replace([mail], "@x", , ,"", ,)',
    '[givenName] & " \\"x\\" " & [sn]',
    'BitAnd([groupType], -2147483648)',
    'IIF([cn] <> &HF, "", "x")',
  ])('finds nothing in %s', (text) => expect(found(text)).toEqual([]))

  it.each([
    ['', 1, 'missing'],
    ['Trim([mail]', 12, ', or ) was expected'],
    ['Trim("mail)', 6, 'text is not closed'],
    ['Trim(mail)', 6, 'is written [mail]'],
    ['Left([mail], "x")', 14, 'is a number'],
  ])('%s at %s: %s', (text, character, message) => {
    expect(found(text)).toMatchObject([{ code: 'CANOPY-CONFIG-0014', warning: false }])
    expect(found(text)[0]?.message).toContain(message)
    expect(found(text)[0]?.message).toContain(`(at character ${character})`)
  })

  it('names the nearest function, and warns of an attribute that is hardly meant', () => {
    expect(found('Trim(ToLowr([mail]))')).toMatchObject([{ mend: 'did you mean ToLower?' }])
    expect(found('[dispayName]')).toMatchObject([{ warning: true, message: expect.stringContaining('[displayName]') }])
  })

  it('keeps chance, choice and the clock to where they stand still', () => {
    for (const text of ['Guid()', 'RandomString(8, 1, 1, 1, 1)', 'SelectUniqueValue([cn], [mail])', 'CStr(Now())']) {
      expect(found(text)).toMatchObject([{ code: 'CANOPY-CONFIG-0016' }])
      expect(found(text, { apply: 'onCreate' }).filter(({ warning }) => !warning)).toEqual([])
    }
    expect(found('"Now() is a text"')).toEqual([])
    expect(found('CStr(Now())', { reevaluate: ['02:00'] })).toEqual([])
    expect(found('[cn]', { reevaluate: ['02:00'] })).toMatchObject([{ code: 'CANOPY-CONFIG-0013' }])
  })
})

describe('the default tables', () => {
  it('have one readable rule per target', () => {
    for (const rules of Object.values(defaultTables)) {
      const targets = rules.map((rule) => `${rule.kind}.${rule.target}`)
      expect(new Set(targets).size).toBe(targets.length)
      for (const rule of rules)
        if (rule.source?.$case === 'expression') expect(compile(rule.source.value).warnings).toEqual([])
    }
  })
})

describe('differences', () => {
  const base = `version: canopy/v1
name: test
forests: [{ name: a, domains: [{ name: a.lab, credential: r }] }, { name: b, domains: [{ name: b.lab, credential: r }] }]
targets: [{ name: cloud, type: memory }]
`
  const compiled = (text: string) => compileConfiguration(text).configuration!

  it('says what changed by its name', () => {
    const after = base
      .replace('type: memory', 'type: memory, mode: sync')
      .replace('credential: r }] }]', 'credential: s }] }]')
    expect(
      differences(compiled(base), compiled(`${after}mappings: { user: [{ target: faxNumber, none: true }] }\n`)),
    ).toEqual([
      { path: 'forests[b].domains[b.lab].credential', oldValue: 'r', newValue: 's' },
      {
        path: 'mappings[user.faxNumber].source',
        oldValue: 'expression Trim([facsimileTelephoneNumber])',
        newValue: 'none',
      },
      { path: 'targets[cloud].mode', oldValue: 'observe', newValue: 'sync' },
    ])
  })

  it('sees none in another order of words, and one in the order of forests', () => {
    expect(differences(compiled(base), compiled(`# a remark\n${base}`))).toEqual([])
    const swapped = base.replace(/\[(\{ name: a,.*\}\] \}), (\{ name: b.*\}\] \})\]/, '[$2, $1]')
    expect(swapped).not.toBe(base)
    expect(differences(compiled(base), compiled(swapped)).length).toBeGreaterThan(0)
  })
})
