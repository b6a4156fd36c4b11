import { change, configuration } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { configured } from './configured.ts'
import { ScopeCount } from './scope-count.ts'

type Rule = configuration.DeepPartial<configuration.ScopeRule>

const object = (n: number, texts: Readonly<Record<string, string>>, more: Partial<change.DirectoryObject> = {}) => ({
  ...change.DirectoryObject.fromPartial({ forest: 'contoso', guid: String(n), version: 1n, kind: 'user' }),
  attributes: Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, { values: text === '' ? [] : [Buffer.from(text)] }]),
  ),
  ...more,
})

/** Sales 3, Legal 1, Contractors 1, without 2; one of the directory's own, one privileged. */
const people = [
  object(1, { department: 'Sales' }),
  object(2, { department: 'Sales' }, { path: ['staff'] }),
  object(3, { department: 'Sales', title: 'Lead' }),
  object(4, { department: 'Legal' }),
  object(5, { department: 'Contractors' }),
  object(6, {}),
  object(7, { department: '' }, { path: ['staff'] }),
  object(8, { department: 'Contractors', iscriticalsystemobject: 'TRUE' }),
  object(9, { department: 'Contractors', admincount: '1' }),
  object(10, { department: 'Contractors' }, { kind: 'container' }),
  object(11, { department: 'Contractors' }, { gone: true }),
  object(12, { department: 'Contractors' }, { forest: 'fabrikam' }),
]

const bound = (dn: string): string | undefined => ({ 'OU=Staff': 'staff', 'CN=Pilot': 'pilot' })[dn]

function counted(rule: Rule) {
  const config = configured(
    configuration.Configuration.fromPartial({
      name: 'test',
      forests: [{ name: 'contoso' }, { name: 'fabrikam' }],
      mappings: [{ kind: 'user', target: 'displayName', source: { $case: 'direct', value: 'displayName' } }],
      scopes: [{ forest: 'contoso', ...rule }],
    }),
  )
  const count = new ScopeCount({ forest: 'contoso', config, bound })
  for (const one of people) count.add(one)
  return count.result(false)
}

const contractors = { attribute: 'department', operator: 'equals', value: 'Contractors' }

describe('what a scope makes of a forest', () => {
  it('counts what is mapped, and names the reasons of what stays out', () => {
    expect(counted({ excludeClauses: [contractors] })).toMatchObject({
      forest: 'contoso',
      objects: 9,
      inScope: 6,
      outOfScope: 3,
      undecided: 0,
      byGroups: 0,
      reasons: { 'critical system object': 1, privileged: 1, 'excluded by attribute': 1 },
      partial: false,
    })
  })

  it('a clause is asked about all that is not protected, whatever the other clauses say', () => {
    const sales = { attribute: 'department', operator: 'equals', value: 'Sales' }
    const titled = { attribute: 'title', operator: 'present' }
    expect(counted({ excludeClauses: [contractors, sales, titled] }).clauses).toEqual([
      { excludes: true, index: 0, attributes: ['department'], asked: 7, applies: 1, absent: 2, admitsAbsent: false },
      { excludes: true, index: 1, attributes: ['department'], asked: 7, applies: 3, absent: 2, admitsAbsent: false },
      { excludes: true, index: 2, attributes: ['title'], asked: 7, applies: 1, absent: 0, admitsAbsent: false },
    ])
    expect(counted({ privileged: 'include', excludeClauses: [contractors] }).clauses[0]).toMatchObject({
      asked: 8,
      applies: 2,
    })
  })

  it('an include admits an absent value only where it says what a value must not be', () => {
    const not = { ...contractors, operator: 'notEquals' }
    const both = { operator: 'allOf', allOf: [not, { attribute: 'title', operator: 'absent' }] }
    const { clauses, inScope } = counted({ includeClauses: [contractors, not, both] })
    expect(clauses).toMatchObject([
      { excludes: false, applies: 1, absent: 2, admitsAbsent: false },
      { excludes: false, applies: 6, absent: 2, admitsAbsent: true },
      { attributes: ['department', 'title'], applies: 5, absent: 2, admitsAbsent: true },
    ])
    expect(inScope).toBe(7)
  })

  it('tells apart what groups decide and what waits for a name', () => {
    const staff = { includeOus: ['OU=Staff'], includeGroups: ['CN=Pilot'] }
    expect(counted(staff)).toMatchObject({ inScope: 2, unlessGroups: 0, byGroups: 5, undecided: 0, outOfScope: 2 })
    expect(counted({ excludeGroups: ['CN=Pilot'] })).toMatchObject({ inScope: 7, unlessGroups: 7 })
    const unknown = counted({ includeOus: ['OU=Staff', 'OU=Nowhere'] })
    expect(unknown).toMatchObject({ inScope: 2, undecided: 5, outOfScope: 2 })
    expect(unknown.reasons).toMatchObject({ 'an OU of the scope is not found yet': 5 })
  })

  it('counts a forest without a scope', () => {
    expect(counted({ forest: 'fabrikam' })).toMatchObject({ objects: 9, inScope: 7, clauses: [] })
  })
})
