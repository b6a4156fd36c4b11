/** What a well-formed scope gets wrong. */
import { boundedPattern } from '@canopy/domain'
import type { Finding, Path, Source } from '../ports.ts'
import { clauseOperators } from './clause-operators.ts'
import { refuse, twice } from './finding.ts'

type Scope = Source['scope'][number]
type ScopeEntry = Scope['exclude'][number]
type Clause = Extract<ScopeEntry, { attribute: string }>

/** `forestMissing`: says that there is no such forest. */
export function reviewScope(
  source: Source,
  forestMissing: (forest: string, path: Path) => readonly Finding[],
): readonly Finding[] {
  return [
    ...twice(
      source.scope.map((scope) => scope.forest),
      (index) => ['scope', index, 'forest'],
      'scope of forest',
    ),
    ...source.scope.flatMap((scope, index) => [
      ...forestMissing(scope.forest, ['scope', index, 'forest']),
      ...(scope.include?.anyOf ?? []).flatMap((entry, at) =>
        reviewEntry(entry, ['scope', index, 'include', 'anyOf', at]),
      ),
      ...scope.exclude.flatMap((entry, at) => reviewEntry(entry, ['scope', index, 'exclude', at])),
      ...reviewLeaving(scope, ['scope', index, 'onLeave', 'deleteAfter']),
    ]),
  ]
}

function reviewLeaving({ onLeave }: Scope, path: Path): readonly Finding[] {
  if (onLeave.then !== 'keep' || onLeave.deleteAfter === undefined) return []
  const mend = 'then: disable, or no deleteAfter'
  return [refuse('CANOPY-CONFIG-0013', path, 'what is kept is not deleted either', mend)]
}

function reviewEntry(entry: ScopeEntry, path: Path): readonly Finding[] {
  if ('allOf' in entry) return entry.allOf.flatMap((clause, at) => reviewClause(clause, [...path, 'allOf', at]))
  return 'attribute' in entry ? reviewClause(entry, path) : []
}

function reviewClause(clause: Clause, path: Path): readonly Finding[] {
  const given = clauseOperators.filter((name) => clause[name] !== undefined)
  if (given.length !== 1) {
    const message =
      given.length === 0 ? 'a clause needs an operator' : `a clause has one operator, not ${given.join(' and ')}`
    return [refuse('CANOPY-CONFIG-0013', path, message, `one of ${clauseOperators.join(', ')}; several: allOf`)]
  }
  const name = given[0] === 'matches' || given[0] === 'notMatches' ? given[0] : undefined
  const pattern = name && boundedPattern(clause[name] ?? '')
  if (!name || !pattern || pattern.ok) return []
  const message = `${pattern.problem} (at character ${pattern.position + 1})`
  const mend = 'a pattern that ends in bounded time: no repeated group, at most two repetitions without a small bound'
  return [refuse('CANOPY-CONFIG-0014', [...path, name], message, mend)]
}
