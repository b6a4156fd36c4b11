/** Puts the counts of scope clauses where they stand in the source, and says which of them are worth a look. */
import type { control, transform } from '@canopy/proto'

type Clause = transform.ScopeClauseCount

/**
 * | warning       | what it means                                                                                   |
 * |---------------|-------------------------------------------------------------------------------------------------|
 * | dropsAll      | an exclude keeps every object out, or an include admits none                                    |
 * | dropsNothing  | an exclude keeps nobody out, or an include admits everybody                                     |
 * | allAbsent     | no object has a value: the attribute is misspelt, or is not read before this is applied         |
 *
 * None where not every object was counted.
 */
export type ScopeWarning = 'dropsAll' | 'dropsNothing' | 'allAbsent'

export interface ClauseFinding {
  /** "scope[0].exclude[1]". */
  readonly place: string
  readonly excludes: boolean
  readonly attributes: readonly string[]
  /** Objects it was asked about: all but protected ones. */
  readonly asked: number
  /** Objects that it excludes or admits, whatever the others say. */
  readonly applies: number
  /** Of those it was asked about: without a value that decides it. */
  readonly absent: number
  /** Whether it admits those; one that excludes leaves them in. */
  readonly admitsAbsent: boolean
  readonly warning: ScopeWarning | undefined
}

export interface ForestFinding extends Omit<transform.ForestScopeCount, 'clauses'> {
  readonly clauses: readonly ClauseFinding[]
}

/** In the order of the source. */
export function scopeFindings(
  counts: readonly transform.ForestScopeCount[],
  places: readonly control.ClausePlaces[],
): readonly ForestFinding[] {
  return counts.map((count) => {
    const of = places.find(({ forest }) => forest === count.forest)
    return { ...count, clauses: count.clauses.map((clause) => clauseFinding(clause, of, count.partial)) }
  })
}

function clauseFinding(clause: Clause, places: control.ClausePlaces | undefined, isPartial: boolean): ClauseFinding {
  const { excludes, index, attributes, asked, applies, absent, admitsAbsent } = clause
  const place = (excludes ? places?.exclude : places?.include)?.[index]
  return {
    place: place ?? `${excludes ? 'exclude' : 'include'} clause ${index + 1}`,
    excludes,
    attributes,
    asked,
    applies,
    absent,
    admitsAbsent,
    warning: isPartial ? undefined : warningOf(clause),
  }
}

function warningOf({ asked, applies, absent, excludes }: Clause): ScopeWarning | undefined {
  if (asked === 0) return undefined
  if (absent === asked) return 'allAbsent'
  const drops = excludes ? applies : asked - applies
  if (drops === asked) return 'dropsAll'
  return drops === 0 ? 'dropsNothing' : undefined
}
