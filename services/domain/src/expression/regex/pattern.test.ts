/** Patterns do what .NET documents, and where the platform's engine has the same rules, what it does. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { begin } from '../budget.ts'
import { PatternProblem } from './node.ts'
import { pattern, replaceMatches, replacementBy } from './pattern.ts'

beforeEach(() => begin())

function replaced(text: string, source: string, template: string): string {
  const of = pattern(source)
  return replaceMatches({ text, pattern: of, by: replacementBy(of, template) })
}

describe('a pattern of .NET', () => {
  it.each([
    ['abc', 'b', 'X', 'aXc'],
    ['abc', '[a-c]*', 'X', 'XX'],
    ['john_doe72', '[a-zA-Z_]*', '', '72'],
    ['aAbB', '(?i)ab', 'X', 'aXB'],
    ['aAbB', '(?i:a)A', 'X', 'XbB'],
    ['١٢x', '\\d', '#', '##x'],
    ['ß é_-', '\\w', '#', '# ##-'],
    ['a\n', 'a$', 'X', 'X\n'],
    ['a\nb', '^b', 'X', 'a\nb'],
    ['a\nb', '(?m)^b', 'X', 'a\nX'],
    ['a\nb', '\\Ab', 'X', 'a\nb'],
    ['a\r\nb', '.', '#', '##\n#'],
    ['a\nb', '(?s).', '#', '###'],
    ['2024-03', '(?<y>\\d{4})-(?<m>\\d\\d)', '${m}/${y}', '03/2024'],
    ['ab', '(?<n>a)(b)', '$1$2', 'ba'],
    ['ab', '(?n)(a)(?<x>b)', '$1', 'b'],
    ['abc', 'b', "[$&|$`|$'|$$|$_]", 'a[b|a|c|$|abc]c'],
    ['abc', 'b', '$9${zz}', 'a$9${zz}c'],
    ['aab', 'a+?', 'X', 'XXb'],
    ['aaab', 'a{2}', 'X', 'Xab'],
    ['aaab', 'a{2,}', 'X', 'Xb'],
    ['a{x', '{x', 'X', 'aX'],
    ['abab', '(ab)\\1', 'X', 'X'],
    ['aXbxB', '(?i)(x)b\\1', '#', 'a#B'],
    ['price 12', '(?<=price )\\d+', 'X', 'price X'],
    ['foobar foobaz', 'foo(?!bar)', 'X', 'foobar Xbaz'],
    ['xfoo foo', '(?<!x)foo', 'Y', 'xfoo Y'],
    ['aaab', '(?>a+)ab', 'X', 'aaab'],
    ['bcd', '[a-z-[aeiou]]', '#', '###'],
    ['aei', '[a-z-[aeiou]]', '#', 'aei'],
    ['a]b', '[]]', '#', 'a#b'],
    ['a-b', '[a-]', '#', '##b'],
    ['áb', '[\\p{Ll}-[b]]', '#', '#b'],
    ['a b', 'a\\x20\\u0062', '#', '#'],
    ['ab', '(?x) a  b # both', '#', '#'],
    ['ab', 'a(?#nothing)b', '#', '#'],
    ['aaa', '\\Ga', '#', '###'],
    ['baa', '\\Ga', '#', 'baa'],
    ['one two', '\\b', '|', '|one| |two|'],
    ['(a*)*', '(\\(a\\*\\))\\*', '$1', '(a*)'],
    ['aaa', '(a*)*', 'X', 'XX'],
  ])('%j by %s → %s gives %j', (text, source, template, expected) => {
    expect(replaced(text, source, template)).toBe(expected)
  })
  it.each([
    ['(a', 0, '( is not closed'],
    ['a)', 1, ') closes nothing'],
    ['[a', 0, '[ is not closed'],
    ['*a', 0, 'repeats nothing'],
    ['a**', 2, 'two repetitions'],
    ['a{3,2}', 1, 'reverse order'],
    ['[z-a]', 2, 'reverse order'],
    ['\\p{Nope}', 1, 'category'],
    ['\\q', 0, 'no escape'],
    ['\\2(a)', 0, 'no group 2'],
    ['\\k<x>', 0, 'no group x'],
    ['(?<1>a)', 5, 'named by a word'],
    ['(?(a)b|c)', 0, 'not known'],
    ['((((a{100}){100}){100}){100})', 0, 'too large'],
    ['('.repeat(60), 50, 'nested too deeply'],
    ['a'.repeat(1_001), 1_000, 'at most 1000'],
  ])('that is wrong says so: %s', (source, position, message) => {
    expect(() => pattern(source)).toThrow(
      expect.objectContaining({ position, message: expect.stringContaining(message) }),
    )
  })
  it('is parsed or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab()[]{}*+?|^$.\\-,:<>=!12pdwsk') }),
        fc.string(),
        (source, text) => {
          begin()
          try {
            replaced(text, source, '$1')
          } catch (error) {
            if (!(error instanceof PatternProblem)) throw error
          }
        },
      ),
      { numRuns: 5_000 },
    )
  })
  it('finds what the platform finds where both have the same rules', () => {
    const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '(?:ab)', '(a|ab)', '(b|c)', '(?:(a)?)', '\\b')
    const piece = fc
      .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '{1,2}'))
      .map(([a, b]) => (a === '\\b' ? a : a + b))
    const source = fc.oneof(
      fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join('')),
      fc.tuple(piece, piece, piece).map(([a, b, c]) => `${a}${b}|${c}`),
      fc.tuple(piece, piece).map(([a, b]) => `(?=${a})${b}`),
    )
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 12 })
    fc.assert(
      fc.property(source, word, (one, text) => {
        begin()
        expect(replaced(text, one, '<$&>')).toBe(text.replace(new RegExp(one, 'g'), '<$&>'))
      }),
      { numRuns: 5_000 },
    )
  })
})
