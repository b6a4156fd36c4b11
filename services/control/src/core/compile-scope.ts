/** Compiles the scope of a forest. */
import type { configuration } from '@canopy/proto'
import type { Path, Source } from '../ports.ts'
import { clauseOperators } from './clause-operators.ts'
import { durationMs } from './duration.ts'

const defaultDeleteAfter = '30d'

type ScopeEntry = Source['scope'][number]['exclude'][number]
type Clause = Extract<ScopeEntry, { attribute: string }>

/** Every forest has a rule; one that was given none admits everything and has the same protections. */
export function compileScope(source: Source, forest: string): configuration.ScopeRule {
  const scope = source.scope.find((one) => one.forest === forest)
  const include = scope?.include?.anyOf ?? []
  const exclude = scope?.exclude ?? []
  const onLeave = scope?.onLeave.then ?? 'disable'
  const deleteAfter = scope?.onLeave.deleteAfter ?? defaultDeleteAfter
  return {
    forest,
    includeOus: include.flatMap((entry) => ('ou' in entry ? [entry.ou] : [])),
    includeGroups: include.flatMap((entry) => ('group' in entry ? [entry.group] : [])),
    includeClauses: include.flatMap(compileEntry),
    excludeOus: exclude.flatMap((entry) => ('ou' in entry ? [entry.ou] : [])),
    excludeGroups: exclude.flatMap((entry) => ('group' in entry ? [entry.group] : [])),
    excludeClauses: exclude.flatMap(compileEntry),
    onLeave,
    deleteAfterSeconds: onLeave === 'keep' ? 0 : Math.ceil((durationMs(deleteAfter) ?? 0) / 1_000),
    privileged: scope?.privileged ?? 'exclude',
    createDisabled: scope?.createDisabled ?? false,
  }
}

/** Where the clauses of a forest's rule stand, in its order. */
export interface ClausePaths {
  readonly forest: string
  readonly include: readonly Path[]
  readonly exclude: readonly Path[]
}

export function clausePaths(source: Source): readonly ClausePaths[] {
  return source.scope.map(({ forest, include, exclude }, index) => ({
    forest,
    include: (include?.anyOf ?? []).flatMap((entry, at) =>
      isClause(entry) ? [['scope', index, 'include', 'anyOf', at]] : [],
    ),
    exclude: exclude.flatMap((entry, at) => (isClause(entry) ? [['scope', index, 'exclude', at]] : [])),
  }))
}

const isClause = (entry: ScopeEntry): boolean => 'attribute' in entry || 'allOf' in entry

function compileEntry(entry: ScopeEntry): configuration.AttributeClause[] {
  if ('attribute' in entry) return [compileClause(entry)]
  if (!('allOf' in entry)) return []
  return [{ attribute: '', operator: 'allOf', value: '', values: [], allOf: entry.allOf.map(compileClause) }]
}

function compileClause(entry: Clause): configuration.AttributeClause {
  const operator = clauseOperators.find((name) => entry[name] !== undefined) ?? 'present'
  const value = entry[operator]
  return {
    attribute: entry.attribute,
    operator,
    value: typeof value === 'string' || typeof value === 'number' ? String(value) : '',
    values: Array.isArray(value) ? [...value] : [],
    allOf: [],
  }
}
