/** The shape of `scope` in a sync configuration: what of each forest is synchronized. */
import { z } from 'zod'
import type { ClauseOperator } from './core/clause-operators.ts'
import { durationMs } from './core/duration.ts'

const forest = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'lower-case letters, digits, dots and dashes, at most 63')
const dn = z.string().regex(/^\s*[A-Za-z][\w.-]*\s*=/, 'not a distinguished name')
const duration = z.string().refine((text) => durationMs(text) !== undefined, {
  message: 'not a duration',
  params: { mend: 'a whole number and a unit: 90s, 15m, 24h, 30d' },
})

const text = (description: string) => z.string().optional().meta({ description })
const texts = (description: string) => z.array(z.string()).min(1).optional().meta({ description })
const number = (description: string) => z.number().int().optional().meta({ description })
const flag = (description: string) => z.literal(true).optional().meta({ description })

const operators = {
  equals: text('One of its values is exactly this one; case matters.'),
  notEquals: text('None of its values is this one.'),
  in: texts('One of its values is one of these.'),
  notIn: texts('None of its values is one of these.'),
  startsWith: text('One of its values begins so.'),
  notStartsWith: text('None begins so.'),
  endsWith: text('One of its values ends so.'),
  notEndsWith: text('None ends so.'),
  contains: text('One of its values has this in it.'),
  notContains: text('None has this in it.'),
  greaterThan: number('One of its values is an integer above this one.'),
  greaterOrEqual: number('One of its values is this integer or above it.'),
  lessThan: number('One of its values is an integer below this one.'),
  lessOrEqual: number('One of its values is this integer or below it.'),
  bitsSet: number('All these bits are set in one of its values.'),
  bitsNotSet: number('Not all these bits are set in any of its values.'),
  isTrue: flag('It is true.'),
  isFalse: flag('It is false.'),
  matches: text('A regular expression is found in one of its values; without repeated groups.'),
  notMatches: text('It is found in none.'),
  present: flag('It has a value.'),
  absent: flag('It has none.'),
} satisfies Record<ClauseOperator, z.ZodType>

const Clause = z.strictObject({
  attribute: z.string().min(1).meta({ description: 'Attribute of the directory; several values are each compared.' }),
  ...operators,
})

const ScopeEntry = z.union([
  z.strictObject({ ou: dn.meta({ description: 'Everything below an organizational unit; renames are followed.' }) }),
  z.strictObject({ group: dn.meta({ description: 'Members of a group, nested ones too; renames are followed.' }) }),
  z.strictObject({
    allOf: z.array(Clause).min(1).meta({ description: 'Clauses that must hold together.' }),
  }),
  Clause,
])

export const Scope = z.strictObject({
  forest: forest.meta({ description: 'The forest this is about; at most one entry each.' }),
  include: z
    .strictObject({ anyOf: z.array(ScopeEntry).min(1).meta({ description: 'At least one.' }) })
    .optional()
    .meta({ description: 'Any of these admits; none: everything. A clause that says “not” admits an absent value.' }),
  exclude: z
    .array(ScopeEntry)
    .default([])
    .meta({ description: 'Any of these keeps out, whatever admits. An absent value excludes nobody.' }),
  onLeave: z
    .strictObject({
      // biome-ignore lint/suspicious/noThenProperty: the word people write; its value is never callable.
      then: z
        .enum(['disable', 'keep'])
        .default('disable')
        .meta({ description: 'What happens in the cloud to what leaves scope.' }),
      deleteAfter: duration.optional().meta({ description: 'When a disabled object is deleted; default 30d.' }),
    })
    .prefault({})
    .meta({ description: 'What happens to what is no longer in scope.' }),
  privileged: z.enum(['exclude', 'include']).default('exclude').meta({ description: 'Accounts with adminCount=1.' }),
  createDisabled: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether accounts that are disabled before they ever were in the cloud are created.' }),
})
