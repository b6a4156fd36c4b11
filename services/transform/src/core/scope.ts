/** The part of scope an object answers alone: system objects, privileged accounts, OUs, attribute clauses. */
import { type Read, toTexts } from '@canopy/domain'
import type { change, configuration } from '@canopy/proto'
import { admits, type Clause, compileClause, excludes } from './clause.ts'
import { systemObject } from './system-object.ts'

export interface Verdict {
  readonly scope: 'in' | 'out' | 'unknown'
  /** Short, without attribute values. */
  readonly reason: string
  /** GUIDs of groups whose members would be in scope. */
  readonly admittingGroups: readonly string[]
  /** GUIDs of groups whose members are out of scope. */
  readonly excludingGroups: readonly string[]
}

/** The scope of a forest, compiled. */
export interface CompiledScope {
  readonly rule: configuration.ScopeRule
  readonly include: readonly Clause[]
  readonly exclude: readonly Clause[]
}

export const compileScope = (rule: configuration.ScopeRule): CompiledScope => ({
  rule,
  include: rule.includeClauses.map(compileClause),
  exclude: rule.excludeClauses.map(compileClause),
})

/** GUID a DN was bound to, by lower-case DN; undefined while it names nothing. */
export type Bound = (dn: string) => string | undefined

const verdict = (
  scope: Verdict['scope'],
  reason: string,
  admittingGroups: readonly string[] = [],
  excludingGroups: readonly string[] = [],
): Verdict => ({
  scope,
  reason,
  admittingGroups,
  excludingGroups,
})

/** DNs a rule binds to GUIDs: containers and groups. */
export const dnsOf = (rule: configuration.ScopeRule): { readonly containers: string[]; readonly groups: string[] } => ({
  containers: [...rule.includeOus, ...rule.excludeOus],
  groups: [...rule.includeGroups, ...rule.excludeGroups],
})

/** What keeps an object out whatever the clauses and OUs say: the directory's own objects, and privileged accounts. */
export function protection(
  object: change.DirectoryObject,
  read: Read,
  rule: configuration.ScopeRule | undefined,
): string | undefined {
  const system = systemObject(object, read)
  if (system) return system
  return rule?.privileged !== 'include' && toTexts(read('admincount'))[0] === '1' ? 'privileged' : undefined
}

/**
 * | excluded (system, privileged, OU, clause) | admitted (nothing asked, OU, clause) | DN without GUID, or groups asked | verdict |
 * |-------------------------------------------|--------------------------------------|----------------------------------|---------|
 * | yes                                       | –                                    | –                                | out     |
 * | no                                        | yes                                  | no excluding OU or group is unbound | in   |
 * | no                                        | –                                    | yes                              | unknown |
 * | no                                        | no                                   | no                               | out     |
 */
export function judge(of: {
  readonly object: change.DirectoryObject
  readonly read: Read
  readonly scope: CompiledScope | undefined
  readonly bound: Bound
}): Verdict {
  const { object, read, scope: clauses, bound } = of
  const rule = clauses?.rule
  const kept = protection(object, read, rule)
  if (kept) return verdict('out', kept)
  if (!rule || !clauses) return verdict('in', '')
  const under = (dn: string): boolean | undefined => {
    const guid = bound(dn)
    return guid === undefined ? undefined : object.path.includes(guid) || object.guid === guid
  }
  const excluded = rule.excludeOus.map(under)
  if (excluded.includes(true)) return verdict('out', 'excluded OU')
  if (clauses.exclude.some((clause) => excludes(clause, read))) return verdict('out', 'excluded by attribute')
  const isExclusionKnown = !excluded.includes(undefined) && rule.excludeGroups.every((dn) => bound(dn) !== undefined)
  return admission({ scope: clauses, read, under, bound, isExclusionKnown })
}

function admission(of: {
  readonly scope: CompiledScope
  readonly read: Read
  readonly under: (dn: string) => boolean | undefined
  readonly bound: Bound
  readonly isExclusionKnown: boolean
}): Verdict {
  const { scope: clauses, read, under, bound, isExclusionKnown } = of
  const { rule } = clauses
  const isOpen = rule.includeOus.length + rule.includeGroups.length + rule.includeClauses.length === 0
  const included = rule.includeOus.map(under)
  const isAdmitted = isOpen || included.includes(true) || clauses.include.some((clause) => admits(clause, read))
  const excluding = rule.excludeGroups.map(bound).filter((guid) => guid !== undefined)
  if (isAdmitted) {
    return isExclusionKnown
      ? verdict('in', '', [], excluding)
      : verdict('unknown', 'an excluded OU or group is not found yet')
  }
  if (included.includes(undefined)) return verdict('unknown', 'an OU of the scope is not found yet')
  if (rule.includeGroups.length === 0) return verdict('out', 'not in scope')
  const groups = rule.includeGroups.map(bound)
  if (groups.includes(undefined)) return verdict('unknown', 'a group of the scope is not found yet')
  if (!isExclusionKnown) return verdict('unknown', 'an excluded OU or group is not found yet')
  return verdict(
    'unknown',
    'decided by groups',
    groups.filter((guid) => guid !== undefined),
    excluding,
  )
}
