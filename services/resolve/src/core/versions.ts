/** Which version's rules an identity is resolved by, while a newer one is being evaluated. */
import type { contribution } from '@canopy/proto'
import type { Rules } from './rules.ts'

type Contribution = contribution.Contribution

export interface Versions {
  readonly used: Rules
  /** The version that is being evaluated. */
  readonly next?: {
    readonly rules: Rules
    /** Whether an object was evaluated under it although its contribution says nothing new. */
    readonly isEvaluated: (of: Contribution) => boolean
  }
}

/**
 * | objects of the identity                                | rules                                        |
 * |--------------------------------------------------------|----------------------------------------------|
 * | no newer version is being evaluated                    | those in use                                 |
 * | each evaluated under the newer one, or there is only one | the newer one's, once it says so itself    |
 * | none says anything under a newer one                   | those in use                                 |
 * | some do                                                | undefined: it stays as it is until all do    |
 */
export function rulesFor(members: readonly Contribution[], { used, next }: Versions): Rules | undefined {
  if (!next) return used
  const there = members.filter((one) => !one.gone)
  const isNewer = (one: Contribution): boolean => one.configurationVersion > used.version
  if (there.every((one) => one.configurationVersion >= next.rules.version || next.isEvaluated(one))) return next.rules
  if (!there.some(isNewer)) return used
  return there.length === 1 ? next.rules : undefined
}
