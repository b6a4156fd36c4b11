/** Attribute clauses of a scope, compiled once per configuration version. */
import { boundedPattern, type Read, toTexts } from '@canopy/domain'
import type { configuration } from '@canopy/proto'

type AttributeClause = configuration.AttributeClause

/** absent: the attribute has no value, and the clause does not ask for that. */
export type Holds = 'yes' | 'no' | 'absent'

export interface Clause {
  readonly holds: (read: Read) => Holds
  /** It says what a value must not be: in an include it admits what has no value at all. */
  readonly isNegative: boolean
}

type Test = (value: string) => boolean

/** One value satisfies it. Compared with case, as Microsoft's filters do. */
const positive: Readonly<Record<string, (of: AttributeClause) => Test>> = {
  equals: (of) => (value) => value === of.value,
  in: (of) => {
    const some = new Set(of.values)
    return (value) => some.has(value)
  },
  startsWith: (of) => (value) => value.startsWith(of.value),
  endsWith: (of) => (value) => value.endsWith(of.value),
  contains: (of) => (value) => value.includes(of.value),
  matches: (of) => {
    const pattern = boundedPattern(of.value)
    return pattern.ok ? pattern.test : () => false
  },
  greaterThan: (of) => compared(of, (a, b) => a > b),
  greaterOrEqual: (of) => compared(of, (a, b) => a >= b),
  lessThan: (of) => compared(of, (a, b) => a < b),
  lessOrEqual: (of) => compared(of, (a, b) => a <= b),
  bitsSet: (of) => {
    const mask = integer(of.value) ?? 0n
    return (value) => {
      const bits = integer(value)
      return bits !== undefined && (bits & mask) === mask
    }
  },
  isTrue: () => (value) => /^(?:true|1)$/i.test(value),
  isFalse: () => (value) => /^(?:false|0)$/i.test(value),
}

/** No value satisfies the other. */
const negative: Readonly<Record<string, string>> = {
  notEquals: 'equals',
  notIn: 'in',
  notStartsWith: 'startsWith',
  notEndsWith: 'endsWith',
  notContains: 'contains',
  notMatches: 'matches',
  bitsNotSet: 'bitsSet',
}

/** Values that are no integers are neither more nor less than anything. */
function compared({ value: bound }: AttributeClause, test: (a: bigint, b: bigint) => boolean): Test {
  const limit = integer(bound)
  return (value) => {
    const number = integer(value)
    return number !== undefined && limit !== undefined && test(number, limit)
  }
}

const integer = (text: string): bigint | undefined => (/^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined)

export function compileClause(of: AttributeClause): Clause {
  if (of.operator === 'allOf') return together(of.allOf.map(compileClause))
  const name = of.attribute.toLowerCase()
  const texts = (read: Read): readonly string[] => toTexts(read(name))
  if (of.operator === 'present') return { holds: (read) => answer(texts(read).length > 0), isNegative: false }
  if (of.operator === 'absent') return { holds: (read) => answer(texts(read).length === 0), isNegative: false }
  const other = negative[of.operator]
  const test = positive[other ?? of.operator]?.(of) ?? (() => false)
  return {
    holds: (read) => {
      const values = texts(read)
      if (values.length === 0) return 'absent'
      return answer(values.some(test) === (other === undefined))
    },
    isNegative: other !== undefined,
  }
}

const answer = (is: boolean): Holds => (is ? 'yes' : 'no')

/** All must hold; one without a value leaves it open, unless it may be read as holding. */
function together(clauses: readonly Clause[]): Clause {
  return {
    holds: (read) => {
      const found = clauses.map((clause) => ({ clause, holds: clause.holds(read) }))
      if (found.some(({ holds }) => holds === 'no')) return 'no'
      if (found.every(({ holds }) => holds === 'yes')) return 'yes'
      return found.every(({ clause, holds }) => holds === 'yes' || clause.isNegative) ? 'absent' : 'no'
    },
    isNegative: clauses.some((clause) => clause.isNegative),
  }
}

/** Among what includes: an absent value is never silently left out by a clause that says what it must not be. */
export const admits = (clause: Clause, read: Read): boolean => {
  const holds = clause.holds(read)
  return holds === 'yes' || (holds === 'absent' && clause.isNegative)
}

/** Among what excludes: an absent value excludes nobody. */
export const excludes = (clause: Clause, read: Read): boolean => clause.holds(read) === 'yes'
