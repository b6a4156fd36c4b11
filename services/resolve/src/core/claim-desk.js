/** Who holds which value while a batch is resolved: the incumbent keeps, the first to ask takes what is free. */
import { claimingAttributes, claimOf, splitClaim } from '@canopy/domain'
/** `held`: claim → anchor, of every claim the batch wants or holds. */
export function claimDesk(held) {
  const now = new Map(held)
  const ofAnchor = new Map()
  for (const [claim, anchor] of held) {
    const known = ofAnchor.get(anchor)
    if (known) known.add(claim)
    else ofAnchor.set(anchor, new Set([claim]))
  }
  return {
    keepOnly: (anchor, wanted) => {
      for (const claim of ofAnchor.get(anchor) ?? []) if (!wanted.has(claim)) now.delete(claim)
    },
    take: (claim, anchor) => {
      const holder = now.get(claim)
      if (holder !== undefined) return holder
      now.set(claim, anchor)
      return anchor
    },
    changes: () => ({
      taken: new Map([...now].filter(([claim, anchor]) => held.get(claim) !== anchor)),
      released: new Map([...held].filter(([claim, anchor]) => now.get(claim) !== anchor)),
    }),
  }
}
/**
 * Takes the claims of an identity's values and does to the values what losing one says: `dropValue` moves the value to the
 * losers and leaves an attribute that had no other value out, so that nothing is cleared; `hold` leaves it and holds the
 * object. A contact without its address is nothing, so it is held in any case.
 */
export function settleClaims(of) {
  const lost = new Map()
  for (const attribute of claimingAttributes) {
    const value = of.attributes[attribute]
    if (!value) continue
    const kept = []
    const dropped = []
    for (const text of value.values) {
      const claim = claimOf(attribute, text)
      const holder = claim === undefined ? of.anchor : of.desk.take(claim, of.anchor)
      if (claim === undefined || holder === of.anchor) {
        kept.push(text)
        continue
      }
      const claimed = splitClaim(claim).attribute
      const isAddressOfContact = of.kind === 'contact' && attribute === 'mail'
      const effect = isAddressOfContact ? 'hold' : (of.rules.conflicts.get(claimed) ?? 'hold')
      if (lost.get(claim)?.effect !== 'hold') lost.set(claim, { claim, attribute: claimed, holder, effect })
      ;(effect === 'hold' ? kept : dropped).push(text)
    }
    if (dropped.length > 0) of.attributes[attribute] = withoutValues(value, kept, dropped)
    if (dropped.length > 0 && kept.length === 0) delete of.attributes[attribute]
  }
  return [...lost.values()]
}
const withoutValues = (value, kept, dropped) => ({
  ...value,
  values: kept,
  losers: [...value.losers, { values: dropped, provenance: value.provenance, reason: 'claim' }],
})
//# sourceMappingURL=claim-desk.js.map
