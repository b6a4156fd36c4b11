/** The deterministic order in which identities are decided: tier, forest order, age, GUID. */
import { decisionTiers, type PrecedenceOrder, precedenceOf } from '@canopy/domain'
import type { contribution } from '@canopy/proto'

type Contribution = contribution.Contribution

/** Negative where `a` is decided before `b`. */
export function compareRank(order: PrecedenceOrder): (a: Contribution, b: Contribution) => number {
  return (a, b) =>
    tier(a.kind) - tier(b.kind) ||
    precedenceOf(order, '', a.forest) - precedenceOf(order, '', b.forest) ||
    compareText(a.forest, b.forest) ||
    (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0) ||
    compareText(a.guid, b.guid)
}

function tier(kind: string): number {
  const place = decisionTiers.indexOf(kind)
  return place < 0 ? decisionTiers.length : place
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
