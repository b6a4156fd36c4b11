/** Where an identity stands by the scope of the objects it is made of. */
import type { contribution } from '@canopy/proto'
import type { IdentityState } from '../ports.ts'

type Contribution = contribution.Contribution
export type Standing =
  /** Desired, made of these. */
  | {
      readonly kind: 'live'
      readonly contributors: readonly Contribution[]
    }
  /** Desired but not to be written: whether it is in scope is not known, and it never was desired. */
  | {
      readonly kind: 'held'
      readonly contributors: readonly Contribution[]
    }
  /** Nothing changes. */
  | {
      readonly kind: 'kept'
    }
  | {
      readonly kind: 'left'
      readonly leaving: Contribution
    }
  | {
      readonly kind: 'gone'
    }
  | {
      readonly kind: 'never'
    }
/**
 * | members not gone               | before                | standing |
 * |--------------------------------|-----------------------|----------|
 * | one is in                      | –                     | live     |
 * | none in, one unknown           | never desired, held   | held     |
 * | none in, one unknown           | live, left            | kept     |
 * | none in, one unknown           | gone                  | held     |
 * | all out                        | live, held, left      | left     |
 * | all out                        | never, gone           | as it was |
 * | none                           | live, held, left      | gone     |
 * | none                           | never, gone           | as it was |
 *
 * Members come in order of precedence. Where one is in, those that are unknown go on saying what they say: nothing is
 * done about them.
 */
export declare function standing(members: readonly Contribution[], before: IdentityState): Standing
