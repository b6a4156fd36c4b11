import { describe, expect, it } from 'vitest'
import { evaluateAll } from './expressions.ts'

const now = new Date('2026-11-23T15:00:00Z')
const one = (expression: string, attributes: Record<string, string[]> = {}, dialect = '') =>
  evaluateAll(
    [
      {
        expression,
        attributes: Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, { values }])),
        dialect,
      },
    ],
    now,
  )[0]

describe('expressions that somebody tries', () => {
  it.each([
    ['Trim([mail])', { Mail: [' a '] }, '"a"'],
    ['[proxyAddresses]', { proxyAddresses: ['a', 'b'] }, '["a","b"]'],
    ['[mail]', { mail: [] }, 'null'],
    ['Len([mail])', { mail: ['abc'] }, '3'],
    ['Now()', {}, '"11/23/2026 3:00:00 PM"'],
  ])('%s on %j gives %s', (expression, attributes, valueJson) => {
    expect(one(expression, attributes as Record<string, string[]>)).toMatchObject({ valueJson, error: '' })
  })
  it('tells what leaves the flow and what fails, with its place', () => {
    expect(one('IgnoreThisFlow')).toMatchObject({ valueJson: 'null', ignored: true })
    expect(one('Append("a", Trm("b"))')).toEqual({
      valueJson: '',
      ignored: false,
      error: 'there is no function Trm: was Trim meant?',
      position: 12,
    })
  })
  it('refuses more than it can answer at once, and an unknown dialect', () => {
    const many = Array.from({ length: 1_001 }, () => ({ expression: '1', attributes: {}, dialect: '' }))
    expect(() => evaluateAll(many, now)).toThrow('at most 1000')
    expect(() => one('1', {}, 'vb')).toThrow('no dialect vb')
    expect(one('Join([a], ",")', { a: ['1', '2'] }, 'connect')).toMatchObject({ valueJson: '"1,2"' })
  })
})
