/** Every documented example, from the folder of reference data; it is the measure, so its absence is told. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import type { Dialect } from './declare.ts'
import { ExpressionFailure } from './failure.ts'
import { ignored, toText, type Value } from './value.ts'

interface Example {
  readonly id: string
  readonly dialect: Dialect | 'both'
  readonly expression: string
  readonly inputs: Readonly<Record<string, string | readonly string[] | null>>
  readonly expected: unknown
  readonly expectedByRegex?: string
  readonly status: 'ok' | 'nondeterministic' | 'doc-inconsistent'
  readonly context?: { readonly existingTargetValues?: readonly string[] }
}

const folder = process.env.TEST_SHARED_DATA
const file = `${folder}/expression-examples.json`
const isThere = folder !== undefined && existsSync(file)
if (!isThere) console.log('Skipped: TEST_SHARED_DATA does not name a folder with expression-examples.json')
const examples: readonly Example[] = isThere ? (JSON.parse(readFileSync(file, 'utf8')) as Example[]) : []

const dialects = ({ dialect }: Example): readonly Dialect[] =>
  dialect === 'both' ? ['provisioning', 'connect'] : [dialect]

/** As the data file writes results: {"$error"}, {"$flow"}, or the value, times as text. */
function outcome(example: Example, dialect: Dialect): unknown {
  const attributes = new Map<string, Value>()
  for (const [name, value] of Object.entries(example.inputs)) attributes.set(name.toLowerCase(), value ?? undefined)
  const taken = (value: string): boolean => example.context?.existingTargetValues?.includes(value) ?? false
  const inputs = { nowMs: Date.UTC(2021, 6, 2, 15, 33, 38), random: Math.random, taken }
  try {
    const value = compile(example.expression, { dialect }).evaluate((name) => attributes.get(name), inputs)
    if (value === ignored) return { $flow: 'ignored' }
    return typeof value === 'object' && 'type' in value ? toText(value) : value
  } catch (error) {
    if (!(error instanceof ExpressionFailure)) throw error
    return { $error: error.message }
  }
}

const matches = (expected: unknown): RegExp | undefined =>
  typeof expected === 'object' && expected !== null && '$match' in expected
    ? new RegExp(String(expected.$match))
    : undefined

/** Whether the example holds: what the mutation below turns round. */
function holds(example: Example, dialect: Dialect): boolean {
  const got = outcome(example, dialect)
  const pattern = matches(example.expected)
  if (pattern) return typeof got === 'string' && pattern.test(got)
  return JSON.stringify(got) === JSON.stringify(example.expected)
}

/** A wrong expectation near the right one. */
function mutated(expected: unknown): unknown {
  if (typeof expected === 'string') return expected === '' ? ' ' : expected.slice(1)
  if (typeof expected === 'number') return expected * 2 + 1
  if (typeof expected === 'boolean') return !expected
  if (Array.isArray(expected)) return expected.slice(1)
  if (matches(expected)) return { $match: '^$' }
  return { $error: 'another one' }
}

const rows = examples.flatMap((example) => dialects(example).map((dialect) => ({ example, dialect })))
const decided = rows.filter(({ example }) => example.status !== 'doc-inconsistent')

describe.skipIf(!isThere)('documented examples', () => {
  it.each(decided.map((row) => [row.example.id, row.dialect, row] as const))(
    '%s (%s)',
    (_, __, { example, dialect }) => {
      const pattern = matches(example.expected)
      if (pattern) expect(outcome(example, dialect)).toMatch(pattern)
      else expect(outcome(example, dialect)).toEqual(example.expected)
    },
  )
  it('fail once their expectation is changed', () => {
    const blind = decided.filter(({ example, dialect }) =>
      holds({ ...example, expected: mutated(example.expected) }, dialect),
    )
    expect(blind.map(({ example }) => example.id)).toEqual([])
  })
  it('that contradict themselves are decided: a pattern does what .NET does with it', () => {
    const odd = examples.filter(({ status }) => status === 'doc-inconsistent')
    expect(odd.length).toBeGreaterThan(0)
    for (const example of odd) {
      const got = outcome(example, 'provisioning')
      if (example.expectedByRegex !== undefined) expect(got).toBe(example.expectedByRegex)
      else expect(got).not.toEqual(example.expected)
    }
  })
  it('are as many as the file is known to have', () => {
    expect(examples.filter(({ status }) => status === 'ok').length).toBeGreaterThanOrEqual(366)
  })
})
