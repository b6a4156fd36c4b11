/** Counts what a scope makes of the objects of one forest, and how many each of its clauses concerns. */
import type { change, configuration, transform } from '@canopy/proto'
import { admits, type Clause, excludes } from './clause.ts'
import type { Configured } from './configured.ts'
import { reader } from './reader.ts'
import { rulesOf } from './rules.ts'
import { type Bound, judge, protection, type Verdict } from './scope.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Count = Mutable<transform.ForestScopeCount>

/** A clause with what is counted of it. */
interface Tally {
  readonly clause: Clause
  readonly count: Mutable<transform.ScopeClauseCount>
}

/** Takes objects one after the other; keeps numbers alone. */
export class ScopeCount {
  private readonly forest: string
  private readonly config: Configured
  private readonly bound: Bound
  private readonly tallies: readonly Tally[]
  private readonly counted: Count

  constructor(of: { readonly forest: string; readonly config: Configured; readonly bound: Bound }) {
    this.forest = of.forest
    this.config = of.config
    this.bound = of.bound
    const scope = of.config.scopes.get(of.forest)
    this.tallies = scope
      ? [
          ...scope.include.map((clause, index) => tally(clause, scope.rule.includeClauses[index], index, false)),
          ...scope.exclude.map((clause, index) => tally(clause, scope.rule.excludeClauses[index], index, true)),
        ]
      : []
    this.counted = {
      forest: of.forest,
      objects: 0,
      inScope: 0,
      outOfScope: 0,
      undecided: 0,
      byGroups: 0,
      reasons: {},
      clauses: this.tallies.map(({ count }) => count),
      partial: false,
      unlessGroups: 0,
    }
  }

  /** What the configuration does not map is nobody's to count. */
  add(object: change.DirectoryObject): void {
    if (object.gone || object.forest !== this.forest || !rulesOf(this.config, object)) return
    const { readOrMark: read } = reader(object)
    const scope = this.config.scopes.get(this.forest)
    this.counted.objects++
    this.put(judge({ object, read, scope, bound: this.bound }))
    if (this.tallies.length === 0 || protection(object, read, scope?.rule)) return
    for (const { clause, count } of this.tallies) {
      count.asked++
      if (clause.holds(read) === 'absent') count.absent++
      if (count.excludes ? excludes(clause, read) : admits(clause, read)) count.applies++
    }
  }

  /** As counted so far. `partial`: there are more objects than were added. */
  result(partial: boolean): transform.ForestScopeCount {
    return { ...this.counted, partial }
  }

  private put({ scope, reason, admittingGroups, excludingGroups }: Verdict): void {
    const { counted } = this
    if (admittingGroups.length > 0) {
      counted.byGroups++
      return
    }
    switch (scope) {
      case 'in':
        counted.inScope++
        if (excludingGroups.length > 0) counted.unlessGroups++
        return
      case 'out':
        counted.outOfScope++
        break
      case 'unknown':
        counted.undecided++
        break
    }
    counted.reasons[reason] = (counted.reasons[reason] ?? 0) + 1
  }
}

function tally(
  clause: Clause,
  of: configuration.AttributeClause | undefined,
  index: number,
  isExcluding: boolean,
): Tally {
  const attributes = of?.operator === 'allOf' ? of.allOf.map((one) => one.attribute) : [of?.attribute ?? '']
  return {
    clause,
    count: {
      excludes: isExcluding,
      index,
      attributes: [...new Set(attributes)],
      asked: 0,
      applies: 0,
      absent: 0,
      admitsAbsent: !isExcluding && clause.isNegative,
    },
  }
}
