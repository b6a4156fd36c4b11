/** What an attribute clause of a scope may ask, in the order in which messages name them. */
export const clauseOperators = [
  'equals',
  'notEquals',
  'in',
  'notIn',
  'startsWith',
  'notStartsWith',
  'endsWith',
  'notEndsWith',
  'contains',
  'notContains',
  'greaterThan',
  'greaterOrEqual',
  'lessThan',
  'lessOrEqual',
  'bitsSet',
  'bitsNotSet',
  'isTrue',
  'isFalse',
  'matches',
  'notMatches',
  'present',
  'absent',
] as const

export type ClauseOperator = (typeof clauseOperators)[number]
