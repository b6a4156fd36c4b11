import { control, transform } from '@canopy/proto'
import { expect, it } from 'vitest'
import { scopeFindings } from './scope-findings.ts'

const places = [
  control.ClausePlaces.fromPartial({
    forest: 'contoso',
    include: ['scope[1].include.anyOf[2]'],
    exclude: ['scope[1].exclude[0]', 'scope[1].exclude[4]'],
  }),
]
const clause = (over: Partial<transform.ScopeClauseCount>) =>
  transform.ScopeClauseCount.fromPartial({ attributes: ['title'], asked: 10, applies: 4, ...over })
const found = (clauses: transform.ScopeClauseCount[], partial = false) => {
  const count = transform.ForestScopeCount.fromPartial({ forest: 'contoso', objects: 12, partial })
  return scopeFindings([{ ...count, clauses }], places)[0]!.clauses
}

it('a clause stands where the source has it', () => {
  const clauses = [clause({}), clause({ excludes: true }), clause({ excludes: true, index: 1 })]
  expect(found(clauses).map(({ place }) => place)).toEqual([
    'scope[1].include.anyOf[2]',
    'scope[1].exclude[0]',
    'scope[1].exclude[4]',
  ])
})

it.each([
  ['an exclude that keeps everybody out', { excludes: true, applies: 10 }, 'dropsAll'],
  ['an exclude that keeps nobody out', { excludes: true, applies: 0, absent: 9 }, 'dropsNothing'],
  ['an include that admits nobody', { applies: 0 }, 'dropsAll'],
  ['an include that admits everybody', { applies: 10 }, 'dropsNothing'],
  ['an attribute nobody has', { excludes: true, applies: 0, absent: 10 }, 'allAbsent'],
  ['one that drops some', { excludes: true }, undefined],
  ['one that nobody was there for', { asked: 0, applies: 0 }, undefined],
])('warns of %s', (_, over, warning) => {
  expect(found([clause(over)])[0]?.warning).toBe(warning)
  expect(found([clause(over)], true)[0]?.warning).toBeUndefined()
})
