import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundedPattern } from './bounded-pattern.ts'

describe('a pattern of a configuration', () => {
  it.each([
    ['(1[0-9][0-9][0-9][0-9][0-9][0-9])', '1234567', true],
    ['(1[0-9][0-9][0-9][0-9][0-9][0-9])', '2234567', false],
    ['(?:^|\\W)Sales|Marketing|Operations(?:$|\\W)', 'Contoso-Sales-US', true],
    ['(?:^|\\W)Sales|Marketing|Operations(?:$|\\W)', 'Contoso-LT-US', false],
    ['^svc-[a-z]{3,12}$', 'svc-backup', true],
    ['.*', '', true],
  ])('%s on %s: %s', (pattern, value, expected) => {
    const found = boundedPattern(pattern)
    expect(found.ok && found.test(value)).toBe(expected)
  })
  it.each([
    ['(a+)+$', 'a repeated group', 4],
    ['(a|a)*b', 'a repeated group', 5],
    ['(a){1,99}', 'a repeated group', 3],
    ['.*.*.*x', 'more than 2 repetitions', 5],
    ['(a)\\1', 'a reference back', 3],
    ['(?=a)b', 'looking ahead or behind', 0],
    ['(?<!a)b', 'looking ahead or behind', 0],
    ['[a', 'not a regular expression', 0],
    ['a'.repeat(600), 'longer than 512 characters', 512],
  ])('%s is refused: %s', (pattern, problem, position) => {
    expect(boundedPattern(pattern)).toEqual({ ok: false, problem, position })
  })
  it('never takes long, whatever it is', () => {
    const piece = fc.constantFrom('a', 'b', '.', '*', '+', '?', '(', ')', '|', '[ab]', '{2,}', '{1,9}', '\\w', '^', '$')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const found = boundedPattern(pieces.join(''))
        const startedMs = performance.now()
        if (found.ok) found.test(`${'ab'.repeat(200)}!`)
        expect(performance.now() - startedMs).toBeLessThan(500)
      }),
      { numRuns: 500 },
    )
  })
})
