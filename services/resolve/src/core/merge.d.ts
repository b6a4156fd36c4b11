import type { contribution, desired } from '@canopy/proto'
import type { Rules } from './rules.ts'

type Contribution = contribution.Contribution
export interface Merged {
  readonly attributes: {
    [attribute: string]: desired.DesiredValue
  }
  /** Attribute → the object it refers to. */
  readonly references: ReadonlyMap<
    string,
    {
      readonly forest: string
      readonly guid: string
    }
  >
}
/** One object's value of one attribute. */
export interface Said {
  readonly by: Contribution
  readonly value: contribution.MappedValue
}
/** Contributors come in the configuration's order of forests; equal values of others are no losers. */
export declare function merge(contributors: readonly Contribution[], rules: Rules): Merged
/** The winner's value; everyone else's other value is a loser. */
export declare function chosen(winner: Said, all: readonly Said[], reason: string): desired.DesiredValue
/** Puts the versions of the contributions that say the values now into their provenance. */
export declare function stampVersions(attributes: Merged['attributes'], contributions: readonly Contribution[]): void
