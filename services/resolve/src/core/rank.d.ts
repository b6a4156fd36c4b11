/** The deterministic order in which identities are decided: tier, forest order, age, GUID. */
import { type PrecedenceOrder } from '@canopy/domain'
import type { contribution } from '@canopy/proto'

type Contribution = contribution.Contribution
/** Negative where `a` is decided before `b`. */
export declare function compareRank(order: PrecedenceOrder): (a: Contribution, b: Contribution) => number
