/** The part of scope an object answers alone: system objects, privileged accounts, OUs, attribute clauses. */
import { type Read, toTexts } from '@canopy/domain'
import type { change, configuration } from '@canopy/proto'

export interface Verdict {
  readonly scope: 'in' | 'out' | 'unknown'
  /** Short, without attribute values. */
  readonly reason: string
  /** GUIDs of groups whose members would be in scope. */
  readonly admittingGroups: readonly string[]
  /** GUIDs of groups whose members are out of scope. */
  readonly excludingGroups: readonly string[]
}

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

const systemNames: ReadonlySet<string> = new Set([
  'krbtgt',
  'guest',
  'defaultaccount',
  'wdagutilityaccount',
  'support_388945a0',
  'msol_ad_sync_richcoexistence',
])

const systemName = /^(?:krbtgt_\d|aad_|msol_|cas_.*\})/
/** In a replication victim's name a line feed stands before this mark. */
const replicationVictim = /[\n\0]CNF:/

/** Objects of the directory's own that no rule can bring into scope. */
export function systemObject(object: change.DirectoryObject, read: Read): string | undefined {
  if (toTexts(read('iscriticalsystemobject'))[0]?.toUpperCase() === 'TRUE') return 'critical system object'
  if (replicationVictim.test(object.name)) return 'replication conflict'
  const account = toTexts(read('samaccountname'))[0]?.toLowerCase() ?? ''
  if (systemNames.has(account) || systemName.test(account)) return 'system account'
  if (toTexts(read('mailnickname'))[0]?.startsWith('SystemMailbox{')) return 'system mailbox'
  return undefined
}

function clauseHolds(clause: configuration.AttributeClause, read: Read): boolean {
  const values = toTexts(read(clause.attribute.toLowerCase()))
  switch (clause.operator) {
    case 'equals':
      return values.includes(clause.value)
    case 'notEquals':
      return values.length > 0 && !values.includes(clause.value)
    case 'present':
      return values.length > 0
    case 'absent':
      return values.length === 0
    case 'startsWith':
      return values.some((value) => value.startsWith(clause.value))
    default:
      return false
  }
}

/** DNs a rule binds to GUIDs: containers and groups. */
export const dnsOf = (rule: configuration.ScopeRule): { readonly containers: string[]; readonly groups: string[] } => ({
  containers: [...rule.includeOus, ...rule.excludeOus],
  groups: [...rule.includeGroups, ...rule.excludeGroups],
})

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
  readonly rule: configuration.ScopeRule | undefined
  readonly bound: Bound
}): Verdict {
  const { object, read, rule, bound } = of
  const system = systemObject(object, read)
  if (system) return verdict('out', system)
  if (rule?.privileged !== 'include' && toTexts(read('admincount'))[0] === '1') return verdict('out', 'privileged')
  if (!rule) return verdict('in', '')
  const under = (dn: string): boolean | undefined => {
    const guid = bound(dn)
    return guid === undefined ? undefined : object.path.includes(guid) || object.guid === guid
  }
  const excluded = rule.excludeOus.map(under)
  if (excluded.includes(true)) return verdict('out', 'excluded OU')
  if (rule.excludeClauses.some((clause) => clauseHolds(clause, read))) return verdict('out', 'excluded by attribute')
  const isExclusionKnown = !excluded.includes(undefined) && rule.excludeGroups.every((dn) => bound(dn) !== undefined)
  return admission({ rule, read, under, bound, isExclusionKnown })
}

function admission(of: {
  readonly rule: configuration.ScopeRule
  readonly read: Read
  readonly under: (dn: string) => boolean | undefined
  readonly bound: Bound
  readonly isExclusionKnown: boolean
}): Verdict {
  const { rule, read, under, bound, isExclusionKnown } = of
  const isOpen = rule.includeOus.length + rule.includeGroups.length + rule.includeClauses.length === 0
  const included = rule.includeOus.map(under)
  const isAdmitted =
    isOpen || included.includes(true) || rule.includeClauses.some((clause) => clauseHolds(clause, read))
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
