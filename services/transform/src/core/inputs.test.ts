import { change, configuration } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { chanceOf } from '../adapters/chance.sql.ts'
import { configured } from './configured.ts'
import { contribute } from './contribute.ts'
import { movesOf, nextMove } from './inputs.ts'

const now = new Date('2026-11-23T15:04:05Z')
const observedAt = new Date('2026-11-23T14:00:00Z')

const object = (guid: string): change.DirectoryObject =>
  change.DirectoryObject.fromPartial({
    forest: 'contoso',
    guid,
    kind: 'user',
    version: 1n,
    name: 'Ada',
    dn: 'CN=Ada,OU=Staff,DC=corp,DC=contoso,DC=com',
    attributes: { department: { values: [Buffer.from('Sales')] } },
    source: { observedAt },
  })

const one = '00000000-0000-4000-8000-000000000001'
const two = '00000000-0000-4000-8000-000000000002'

function made(rule: configuration.DeepPartial<configuration.MappingRule>, at = now, guid = one) {
  const config = configured(
    configuration.Configuration.fromPartial({
      name: 'test',
      version: 1n,
      forests: [{ name: 'contoso' }],
      mappings: [{ kind: 'user', target: 'department', ...rule }],
    }),
  )
  const chance = chanceOf(Buffer.alloc(32, 7))
  const { contribution } = contribute({ object: object(guid), config, bound: () => undefined, now: at, chance })!
  return {
    values: contribution.attributes.department?.values,
    changesAt: contribution.changesAt,
    steps: contribution.steps,
  }
}
const expression = (value: string) => ({ source: { $case: 'expression' as const, value } })

describe('chance', () => {
  it('draws the same for the same object, another for another object, rule and installation', () => {
    const rule = { ...expression('RandomString(12, 2, 2, 2, 2)'), onCreate: true }
    const [first] = made(rule).values!
    expect(first).toHaveLength(12)
    expect(made(rule, new Date('2027-01-01T00:00:00Z')).values).toEqual([first])
    expect(made(rule, now, two).values).not.toEqual([first])
    const draws = (seed: number, key: string) => Array.from({ length: 20 }, chanceOf(Buffer.alloc(32, seed))(key))
    expect(draws(7, 'a')).toEqual(draws(7, 'a'))
    expect(draws(7, 'a')).not.toEqual(draws(7, 'b'))
    expect(draws(7, 'a')).not.toEqual(draws(8, 'a'))
    expect(new Set(draws(7, 'a')).size).toBe(20)
    expect(draws(7, 'a').every((draw) => draw >= 0 && draw < 1)).toBe(true)
  })
})

describe('Now()', () => {
  it('is the time of observation', () => {
    expect(made({ ...expression('Now()'), onCreate: true })).toMatchObject({
      values: ['11/23/2026 2:00:00 PM'],
      changesAt: undefined,
    })
  })
  it('with a plan is the last time of the plan, and moves on at the next', () => {
    const rule = { ...expression('Now()'), reevaluate: '02:00,14:30' }
    const noon = '2026-11-24T02:00:00.000Z'
    expect(made(rule)).toMatchObject({ values: ['11/23/2026 2:30:00 PM'], changesAt: new Date(noon) })
    expect(made(rule, new Date('2026-11-23T02:00:00Z'))).toMatchObject({
      values: ['11/23/2026 2:00:00 AM'],
      changesAt: new Date('2026-11-23T14:30:00Z'),
    })
    expect(made(rule, new Date('2026-11-23T01:59:59Z')).values).toEqual(['11/22/2026 2:30:00 PM'])
  })
  it('has no next time without a plan', () => {
    expect(nextMove(movesOf(''), now)).toBeUndefined()
    expect(movesOf('14:30,02:00')).toEqual([120, 870])
  })
})

describe('an expression', () => {
  it('that ignores the flow leaves the attribute alone, without a note; one without a value empties it', () => {
    const left = made(expression('IgnoreFlowIfNullOrEmpty([title])'))
    expect(left.values).toBeUndefined()
    expect(left.steps.at(-1)?.note).toBe('')
    expect(made(expression('[title]')).values).toEqual([])
    expect(made(expression('IgnoreFlowIfNullOrEmpty([department])')).values).toEqual(['Sales'])
  })
  it('that fails leaves it alone and says why and where', () => {
    const failed = made(expression('Item([title] & "a", 2)'))
    expect(failed.values).toBeUndefined()
    expect(failed.steps.at(-1)?.note).toBe('user.department: the index of Item is out of range')
  })
  it('knows the domain of the object as parameter, and no other', () => {
    expect(made(expression('"ada@" & %Domain.FQDN%')).values).toEqual(['ada@corp.contoso.com'])
    expect(made(expression('%Domain.LDAP%')).values).toEqual(['DC=corp,DC=contoso,DC=com'])
    expect(made(expression('%Forest.Netbios%')).steps.at(-1)?.note).toContain('the parameter is not known here')
  })
})
