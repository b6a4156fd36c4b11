import { describe, expect, it } from 'vitest'
import { delta, modes, type PlannedDesire, plan } from './plan.ts'

const desire = (over: Partial<PlannedDesire> = {}): PlannedDesire => ({
  gone: false,
  leftScope: 'no',
  deleteDue: false,
  canDisable: true,
  held: false,
  attributes: { displayName: ['Ada'], accountEnabled: ['true'] },
  onCreate: new Set(),
  ...over,
})
const live = { state: 'live', applied: { displayName: ['Ada'], accountEnabled: ['true'] } } as const
const deleted = { ...live, state: 'deleted' } as const
const none = { state: 'none' } as const

describe('plan', () => {
  it.each([
    ['desired and missing is created', desire(), none, 'create'],
    ['desired and equal is left alone', desire(), live, 'nothing'],
    ['a difference is an update', desire({ attributes: { displayName: ['Ada P'] } }), live, 'update'],
    ['a disable is its own action', desire({ attributes: { accountEnabled: ['false'] } }), live, 'disable'],
    ['soft-deleted and desired again is restored', desire(), deleted, 'restore'],
    ['held and missing waits', desire({ held: true }), none, 'nothing'],
    ['held and different waits', desire({ held: true, attributes: { displayName: ['B'] } }), live, 'nothing'],
    [
      'a hold never keeps a disable back',
      desire({ held: true, attributes: { accountEnabled: ['false'] } }),
      live,
      'disable',
    ],
    ['what cannot sign in is not disabled', desire({ leftScope: 'disable', canDisable: false }), live, 'nothing'],
    ['leaving scope says nothing of values', desire({ leftScope: 'disable', attributes: {} }), live, 'disable'],
    ['leaving scope disables', desire({ leftScope: 'disable' }), live, 'disable'],
    ['leaving scope deletes once due', desire({ leftScope: 'disable', deleteDue: true }), live, 'delete'],
    ['leaving scope may keep', desire({ leftScope: 'keep' }), live, 'nothing'],
    ['leaving scope without a cloud object does nothing', desire({ leftScope: 'disable' }), none, 'nothing'],
    ['gone is deleted', desire({ gone: true }), live, 'delete'],
    ['gone twice does nothing', desire({ gone: true }), deleted, 'nothing'],
  ] as const)('%s', (_name, wanted, cloud, kind) => {
    expect(plan(wanted, cloud).kind).toBe(kind)
  })

  it('writes an on-create value only when it creates', () => {
    const wanted = desire({ attributes: { usageLocation: ['DE'] }, onCreate: new Set(['usageLocation']) })
    expect(plan(wanted, none)).toMatchObject({ kind: 'create', changes: [{ attribute: 'usageLocation' }] })
    expect(plan(wanted, live)).toEqual({ kind: 'nothing', why: 'equal' })
  })

  it('only touches attributes that are mapped', () => {
    expect(delta({ displayName: ['Ada'], jobTitle: ['by a person'] }, { displayName: ['Ada'] })).toEqual([])
    expect(delta({ mail: ['a@b'] }, { mail: [] })).toEqual([{ attribute: 'mail', before: ['a@b'], after: [] }])
  })

  it('modes let through what their name says', () => {
    const create = plan(desire(), none)
    const remove = plan(desire({ gone: true }), live)
    expect(modes.observe(create).kind).toBe('nothing')
    expect(modes.createOnly(create).kind).toBe('create')
    expect(modes.createOnly(plan(desire({ attributes: { displayName: ['B'] } }), live)).kind).toBe('nothing')
    expect(modes.upsertOnly(remove).kind).toBe('nothing')
    expect(modes.sync(remove).kind).toBe('delete')
  })
})
