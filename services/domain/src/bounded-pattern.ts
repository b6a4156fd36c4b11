/** Regular expressions that people may write into a configuration: only those that end in bounded time on every value. */

/** Longest value that is searched: what is behind it is not looked at. */
const maxValue = 256
const maxPattern = 512
/** Repetitions without a small bound in one pattern: each multiplies the steps by the length of the value. */
const maxRepetitions = 2
const smallBound = 16

export type BoundedPattern =
  | { readonly ok: true; readonly test: (value: string) => boolean }
  /** `position`: of the character, from 0. */
  | { readonly ok: false; readonly problem: string; readonly position: number }

/**
 * Searches anywhere in the value, case-sensitively. Refused: what JavaScript cannot read, references back, looking around, a
 * repetition of a group, and more than two repetitions without a small bound; such patterns may run for years.
 */
export function boundedPattern(pattern: string): BoundedPattern {
  if (pattern.length > maxPattern) return refused(`longer than ${maxPattern} characters`, maxPattern)
  const found = unbounded(pattern)
  if (found) return found
  try {
    const compiled = new RegExp(pattern)
    return { ok: true, test: (value) => compiled.test(value.slice(0, maxValue)) }
  } catch {
    return refused('not a regular expression', 0)
  }
}

const refused = (problem: string, position: number): BoundedPattern => ({ ok: false, problem, position })

/** Walks over atoms and what repeats them. */
function unbounded(pattern: string): BoundedPattern | undefined {
  let repetitions = 0
  let afterGroup = false
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at]!
    if (char === '\\') {
      const next = pattern[at + 1] ?? ''
      if (/[1-9k]/.test(next)) return refused('a reference back', at)
      at += 2
      afterGroup = false
    } else if (char === '[') {
      at = endOfClass(pattern, at)
      afterGroup = false
    } else if (char === '(') {
      if (/^\(\?(?:[=!]|<[=!])/.test(pattern.slice(at, at + 4))) return refused('looking ahead or behind', at)
      at += pattern.startsWith('(?:', at) ? 3 : 1
      afterGroup = false
    } else {
      const repetition = /^(?:[*+]|\{(\d+)(,?)(\d*)\})/.exec(pattern.slice(at, at + 16))
      if (repetition && isMany(repetition)) {
        if (afterGroup) return refused('a repeated group', at)
        if (++repetitions > maxRepetitions) return refused(`more than ${maxRepetitions} repetitions`, at)
      }
      at += repetition?.[0].length ?? 1
      afterGroup = char === ')'
    }
  }
  return undefined
}

function isMany([text, low, comma, high]: RegExpExecArray): boolean {
  if (text === '*' || text === '+') return true
  if (comma && !high) return true
  return Number(high || low) > smallBound
}

function endOfClass(pattern: string, from: number): number {
  for (let at = from + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++
    else if (pattern[at] === ']') return at + 1
  }
  return pattern.length
}
