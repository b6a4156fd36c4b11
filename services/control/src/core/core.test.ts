/** Durations, the look at expressions, the default table, differences. */
import { describe, expect, it } from 'vitest'
import { compileConfiguration } from '../compile-configuration.ts'
import { defaultTables } from './defaults.ts'
import { differences } from './difference.ts'
import { durationMs } from './duration.ts'
import { checkExpression } from './expression-check.ts'

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

describe('checkExpression', () => {
  it.each([
    'IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")',
    'Replace([mail], "@x", , ,"", ,)',
    '[givenName] & " \\"x\\" " & [sn]',
    'BitAnd([groupType], -2147483648)',
    'IIF([a] <> &HF, "", "x")',
  ])('finds nothing in %s', (text) => expect(checkExpression(text)).toBeUndefined())

  it.each([
    ['', 0, 'empty'],
    ['Trim([mail]', 4, 'not closed'],
    ['Trim([mail]))', 12, 'not opened'],
    ['Trim("mail)', 5, 'text is not closed'],
    ['Trim(mail)', 5, 'stands alone'],
    ['[sn] + 1', 5, 'not expected'],
  ])('%s at %s: %s', (text, position, message) => {
    const found = checkExpression(text)
    expect(found).toMatchObject({ kind: 'syntax', position })
    expect(found?.kind === 'syntax' ? found.message : '').toContain(message)
  })

  it('names an unknown function', () => {
    expect(checkExpression('Trim(Lower([mail]))')).toEqual({ kind: 'function', name: 'Lower', position: 5 })
  })
})

describe('the default tables', () => {
  it('have one readable rule per target', () => {
    for (const rules of Object.values(defaultTables)) {
      const targets = rules.map((rule) => `${rule.kind}.${rule.target}`)
      expect(new Set(targets).size).toBe(targets.length)
      for (const rule of rules)
        if (rule.source?.$case === 'expression') expect(checkExpression(rule.source.value)).toBeUndefined()
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
