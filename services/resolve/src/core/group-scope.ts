/** The part of scope that groups decide, once it is known who is in them. */
import type { contribution } from '@canopy/proto'

type Contribution = contribution.Contribution

/** Whether groups have a say in the scope of this object. */
export const isGrouped = (of: Contribution): boolean =>
  !of.gone && (of.admittingGroups.length > 0 || of.excludingGroups.length > 0)

/**
 * | scope said by transform | memberships of the forest | in an excluding group | in an admitting group | scope   |
 * |-------------------------|---------------------------|-----------------------|-----------------------|---------|
 * | out                     | –                         | –                     | –                     | out     |
 * | any other               | not all known             | –                     | –                     | unknown |
 * | any other               | known                     | yes                   | –                     | out     |
 * | in                      | known                     | no                    | –                     | in      |
 * | unknown                 | known                     | no                    | yes                   | in      |
 * | unknown, groups named   | known                     | no                    | no                    | out     |
 * | unknown, none named     | known                     | no                    | –                     | unknown |
 */
export function decidedByGroups(
  of: Contribution,
  known: { readonly isForestKnown: boolean; readonly groups: ReadonlySet<string> },
): Contribution {
  if (!isGrouped(of) || of.scope === 'SCOPE_OUT') return of
  if (!known.isForestKnown) {
    return { ...of, scope: 'SCOPE_UNKNOWN', scopeReason: `not all memberships of ${of.forest} are known yet` }
  }
  const isIn = (guid: string): boolean => known.groups.has(guid)
  if (of.excludingGroups.some(isIn)) return { ...of, scope: 'SCOPE_OUT', scopeReason: 'in an excluded group' }
  if (of.scope === 'SCOPE_IN' || of.admittingGroups.length === 0) return of
  if (of.admittingGroups.some(isIn)) return { ...of, scope: 'SCOPE_IN', scopeReason: '' }
  return { ...of, scope: 'SCOPE_OUT', scopeReason: 'in no group of the scope' }
}
