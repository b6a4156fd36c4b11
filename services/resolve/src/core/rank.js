/** The deterministic order in which identities are decided: tier, forest order, age, GUID. */
import { decisionTiers, precedenceOf } from '@canopy/domain'
/** Negative where `a` is decided before `b`. */
export function compareRank(order) {
  return (a, b) =>
    tier(a.kind) - tier(b.kind) ||
    precedenceOf(order, '', a.forest) - precedenceOf(order, '', b.forest) ||
    compareText(a.forest, b.forest) ||
    (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0) ||
    compareText(a.guid, b.guid)
}
function tier(kind) {
  const place = decisionTiers.indexOf(kind)
  return place < 0 ? decisionTiers.length : place
}
const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
//# sourceMappingURL=rank.js.map
