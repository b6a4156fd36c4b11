/** What of the objects' holds holds an identity, and which derived values stay. */
import { configuration, contribution, desired } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import type { Identity } from '../ports.ts'
import { desire } from './desire.ts'
import { keepDerived } from './keep-derived.ts'
import { merge } from './merge.ts'
import { rulesOf } from './rules.ts'

const rules = rulesOf(configuration.Configuration.fromPartial({ forests: [{ name: 'contoso' }, { name: 'fabrikam' }] }))

const says = (forest: string, more: contribution.DeepPartial<contribution.Contribution>) =>
  contribution.Contribution.fromPartial({ forest, guid: forest, kind: 'user', scope: 'SCOPE_IN', ...more })

const upn = (name: string, basis = '') => ({ userPrincipalName: { values: [name], basis } })
const linked = { recipientClass: 'linked', holds: [{ reason: 'linked', message: 'a linked mailbox' }] }

function wish(...members: contribution.Contribution[]) {
  const made = desire({
    anchor: 'anchor',
    kind: 'user',
    sourceAnchor: '',
    standing: { kind: 'live', contributors: members },
    members,
    merged: merge(members, rules),
    lost: [],
    references: {},
    before: undefined,
    sourceAnchorHolder: undefined,
    seenAt: undefined,
  })
  return made.desired!
}

const reasons = (...members: contribution.Contribution[]): string[] =>
  wish(...members).holds.map(({ reason }) => reason)

describe('a hold', () => {
  const shared = { recipientClass: 'shared', holds: [{ reason: 'shared', message: 'a shared mailbox' }] }
  it('of an object holds its identity, once', () => {
    expect(reasons(says('contoso', shared))).toEqual(['shared'])
    expect(reasons(says('contoso', shared), says('fabrikam', shared))).toEqual(['shared'])
    expect(wish(says('contoso', { recipientClass: 'none' }), says('fabrikam', shared)).recipientClass).toBe('shared')
  })

  it('of a linked mailbox holds nobody but itself', () => {
    expect(reasons(says('contoso', linked))).toEqual(['linked'])
    expect(reasons(says('contoso', linked), says('fabrikam', { recipientClass: 'none' }))).toEqual([])
  })

  it('of a value counts where that value won', () => {
    const hold = { holds: [{ reason: 'unverifiedSuffix', attribute: 'userPrincipalName', message: '' }] }
    const held = (forest: string) => says(forest, { attributes: upn(`ada@${forest}`), ...hold })
    const fine = (forest: string) => says(forest, { attributes: upn(`ada@${forest}`) })
    expect(reasons(held('contoso'), fine('fabrikam'))).toEqual(['unverifiedSuffix'])
    expect(reasons(fine('contoso'), held('fabrikam'))).toEqual([])
  })
})

describe('a derived value', () => {
  const before = (attributes: desired.DeepPartial<desired.DesiredObject>['attributes']): Identity => ({
    anchor: 'anchor',
    kind: 'user',
    sourceAnchor: '',
    version: 1n,
    incarnation: 1n,
    state: 'live',
    members: 1,
    digest: new Uint8Array(),
    desired: () => desired.DesiredObject.fromPartial({ attributes: attributes ?? {} }),
  })
  const now = (name: string, basis: string) => merge([says('contoso', { attributes: upn(name, basis) })], rules)
  const kept = (of: Identity | undefined, name: string, basis: string) =>
    keepDerived(now(name, basis), of).attributes.userPrincipalName?.values

  it('stays while what it was derived from does', () => {
    expect(kept(before(upn('old@x', 'from ada')), 'new@x', 'from ada')).toEqual(['old@x'])
    expect(kept(before(upn('old@x', 'from ada')), 'new@x', 'from eve')).toEqual(['new@x'])
    expect(kept(before(upn('old@x', 'from ada')), 'new@x', '')).toEqual(['new@x'])
    expect(kept(before({ userPrincipalName: { values: [], basis: 'from ada' } }), 'new@x', 'from ada')).toEqual([
      'new@x',
    ])
    expect(kept(undefined, 'new@x', 'from ada')).toEqual(['new@x'])
  })
})
