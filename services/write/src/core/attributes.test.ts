/** What becomes of values before they are written: limits, what cannot be emptied, what holds an object. */
import { desired } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { attributesBody, parseObject, userCreateBody } from '../adapters/graph/body.ts'
import { canonical } from './attributes.ts'
import { plannedDesire, refusedEmpty } from './desire.ts'

const now = new Date('2026-11-22T20:00:00Z')

describe('a value', () => {
  it.each([
    ['department', ['x'.repeat(65)], '', { is: 'values', values: ['x'.repeat(64)] }],
    ['department', ['x'.repeat(65)], 'hold', { is: 'tooLong', limit: 64 }],
    ['department', [`${'x'.repeat(63)}😀`], '', { is: 'values', values: ['x'.repeat(63)] }],
    ['department', [], '', { is: 'values', values: [] }],
    ['mail', ['x'.repeat(321)], '', { is: 'tooLong', limit: 320 }],
    ['mail', [], '', { is: 'nothing' }],
    ['usageLocation', [''], '', { is: 'nothing' }],
    ['proxyAddresses', ['SMTP:a@x'], '', { is: 'nothing' }],
    ['displayName', ['a', 'b'], '', { is: 'values', values: ['a'] }],
    ['otherMails', ['a', '', 'b'], '', { is: 'values', values: ['a', 'b'] }],
  ] as const)('%s %j (%s)', (name, values, onTooLong, expected) => {
    expect(canonical('user', name, { values: [...values], onTooLong })).toEqual(expected)
  })
})

describe('an object with a value that is too long', () => {
  const object = (employeeId: desired.DeepPartial<desired.DesiredValue>) =>
    desired.DesiredObject.fromPartial({
      kind: 'user',
      attributes: { displayName: { values: ['Ada'] }, employeeId: { values: ['x'.repeat(17)], ...employeeId } },
    })
  it('is held with the attribute and its limit', () => {
    const { desire, hold } = plannedDesire(object({}), now, true)
    expect(desire.held).toBe(true)
    expect(hold).toEqual({ code: 'tooLong', reason: 'employeeId is longer than the 16 characters it may have' })
  })
  it('is not where the mapping cuts it, or where it is only written at creation and the object exists', () => {
    expect(plannedDesire(object({ onTooLong: 'truncate' }), now, true).hold).toBeUndefined()
    expect(plannedDesire(object({ onCreate: true }), now, true).hold).toBeUndefined()
    expect(plannedDesire(object({ onCreate: true }), now, false).hold?.code).toBe('tooLong')
  })
})

describe('a value that is gone and cannot be emptied', () => {
  const object = (mail: string[], more: object = {}) =>
    desired.DesiredObject.fromPartial({
      kind: 'user',
      attributes: { mail: { values: mail, ...more }, city: { values: [] } },
    })
  it('is reported where the target has one', () => {
    expect(refusedEmpty(object([]), { mail: ['a@x'], city: ['Ulm'] })).toEqual({
      code: 'notClearable',
      reason: 'the target cannot empty mail: it keeps the value it has',
    })
  })
  it('is nothing where it is there, was never written, or is written at creation only', () => {
    expect(refusedEmpty(object(['b@x']), { mail: ['a@x'] })).toBeUndefined()
    expect(refusedEmpty(object([]), {})).toBeUndefined()
    expect(refusedEmpty(object([], { onCreate: true }), { mail: ['a@x'] })).toBeUndefined()
  })
})

describe('extension attributes', () => {
  const extension = 'extension_0123456789abcdef0123456789abcdef_costCenter'
  const attributes = {
    displayName: ['Ada'],
    extensionAttribute1: ['x'],
    extensionAttribute2: [],
    [extension]: ['4711'],
  }
  it('go below one property, directory extensions beside the others', () => {
    expect(attributesBody('user', attributes)).toEqual({
      displayName: 'Ada',
      [extension]: '4711',
      onPremisesExtensionAttributes: { extensionAttribute1: 'x', extensionAttribute2: null },
    })
  })
  it('are left out of a creation, which refuses them', () => {
    expect(userCreateBody(attributes, 'anchor')).not.toHaveProperty('onPremisesExtensionAttributes')
    expect(userCreateBody(attributes, 'anchor')).toMatchObject({ [extension]: '4711' })
  })
  it('are read back under their own names', () => {
    const body = { id: '1', onPremisesExtensionAttributes: { extensionAttribute1: 'x', extensionAttribute2: null } }
    expect(parseObject('user', { ...body, [extension]: '4711' }).attributes).toMatchObject({
      extensionAttribute1: ['x'],
      extensionAttribute2: [],
      [extension]: ['4711'],
    })
  })
})
