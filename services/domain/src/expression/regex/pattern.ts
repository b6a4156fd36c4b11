/**
 * Regular expressions as .NET has them. The engine is our own, because the platform's cannot be interrupted, knows other
 * rules (`\d`, `$`, group numbers, replacement signs), and a linear-time library would lack looking around and `\1`.
 */
import { checkLength, spend } from '../budget.ts'
import { search } from './match.ts'
import { parsePattern } from './parse-pattern.ts'
import { program } from './program.ts'
import { type ReplacementPart, replacementParts } from './replacement.ts'

export interface Pattern {
  /** Numbers of named groups. */
  readonly names: ReadonlyMap<string, number>
  readonly groups: number
  /** Slots as of `search`. */
  readonly search: (text: string, from: number) => Int32Array | undefined
}

/** Throws PatternProblem. */
export function pattern(source: string): Pattern {
  const { tree, groups } = parsePattern(source)
  const built = program(tree, groups.length)
  const names = new Map<string, number>()
  for (const { name, index } of groups) if (name !== undefined) names.set(name, index)
  return {
    names,
    groups: groups.length,
    search: (text, from) => search({ program: built, text, from }),
  }
}

const kept = new Map<string, Pattern>()
const maxKept = 200

/** For patterns that are values of an object: the last ones are kept. Throws PatternProblem. */
export function keptPattern(source: string): Pattern {
  const known = kept.get(source)
  if (known) return known
  const made = pattern(source)
  if (kept.size >= maxKept) kept.clear()
  kept.set(source, made)
  return made
}

export interface Replacing {
  readonly text: string
  readonly pattern: Pattern
  /** What stands for a match. */
  readonly by: (slots: Int32Array, text: string) => string
}

/** Every match, left to right; one that is empty moves on by a character. Failure: it takes too long, or grows too long. */
export function replaceMatches({ text, pattern: of, by }: Replacing): string {
  let made = ''
  let copied = 0
  for (let from = 0; from <= text.length; ) {
    spend(1)
    const slots = of.search(text, from)
    if (!slots) break
    const [start, end] = [slots[0]!, slots[1]!]
    made += text.slice(copied, start) + by(slots, text)
    checkLength(made.length)
    copied = end
    from = end > start ? end : end + 1
  }
  return copied === 0 && made === '' ? text : made + text.slice(copied)
}

/** "${name}", "$1" and their like, filled from a match. */
export function replacementBy(of: Pattern, template: string): Replacing['by'] {
  const parts = replacementParts(template, of)
  return (slots, text) => parts.map((part) => filled(part, slots, text)).join('')
}

function filled(part: ReplacementPart, slots: Int32Array, text: string): string {
  switch (part.type) {
    case 'literal':
      return part.text
    case 'group':
      return groupText(slots, part.index, text) ?? ''
    case 'before':
      return text.slice(0, slots[0])
    case 'after':
      return text.slice(slots[1])
    case 'all':
      return text
    default:
      return part satisfies never
  }
}

/** Undefined where the group took no part. */
export function groupText(slots: Int32Array, index: number, text: string): string | undefined {
  const [start, end] = [slots[index * 2]!, slots[index * 2 + 1]!]
  return start < 0 || end < 0 ? undefined : text.slice(start, end)
}
