/** What is shown of a mapping: values, rules as written, and what they read. */
import { change, configuration, contribution } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { previewMapping } from './mapping-preview.ts'

const rule = (target: string, source: configuration.MappingRule['source'], more: object = {}) =>
  configuration.MappingRule.fromPartial({ kind: 'user', target, source, ...more })
const bytes = (text: string) => ({ values: [Buffer.from(text)] })

const rules = [
  rule('displayName', { $case: 'expression', value: 'IIF(IsNullOrEmpty([displayName]), [cn], "[x]")' }),
  rule('department', { $case: 'direct', value: 'department' }),
  rule('department', { $case: 'constant', value: 'of the forest' }, { forest: 'contoso' }),
  rule('department', { $case: 'constant', value: 'of another' }, { forest: 'fabrikam' }),
  rule('city', { $case: 'expression', value: 'Item([l], 2)' }),
  rule('faxNumber', { $case: 'none', value: true }),
  rule('manager', { $case: 'reference', value: 'manager' }),
  rule('displayName', { $case: 'direct', value: 'cn' }, { kind: 'group' }),
]

const object = change.DirectoryObject.fromPartial({
  forest: 'contoso',
  guid: 'g',
  dn: 'CN=Ada',
  name: 'Ada',
  kind: 'user',
  objectClasses: ['user'],
  attributes: { DisplayName: bytes('Ada Park'), l: bytes('Ulm') },
})

const made = contribution.Contribution.fromPartial({
  scope: 'SCOPE_IN',
  recipientClass: 'none',
  attributes: {
    displayName: { values: ['Ada Park'], rule: 'user.displayName', sources: ['displayName', 'cn'] },
    department: { values: ['of the forest'], rule: 'user.department' },
  },
  references: { manager: 'boss' },
  steps: [{ stage: 'map', note: 'user.city: the index is out of range' }],
})

describe('a preview', () => {
  const preview = previewMapping({ object, made, rules })
  it('has one row per target, by its most special rule', () => {
    expect(preview.rows.map(({ target, values, rule: text }) => [target, values, text])).toEqual([
      ['displayName', ['Ada Park'], 'IIF(IsNullOrEmpty([displayName]), [cn], "[x]")'],
      ['department', ['of the forest'], '"of the forest"'],
      ['city', undefined, 'Item([l], 2)'],
      ['faxNumber', undefined, 'none'],
      ['manager', ['boss'], 'reference [manager]'],
    ])
  })
  it('shows what a rule read, without what only looks like an attribute, and why it failed', () => {
    expect(preview.rows[0]?.source).toEqual({ displayName: ['Ada Park'], cn: ['Ada'] })
    expect(preview.rows[2]).toMatchObject({ source: { l: ['Ulm'] }, note: 'the index is out of range' })
  })
})
