/** Who holds which value while a batch is resolved: the incumbent keeps, the first to ask takes what is free. */
import { claimingAttributes, claimOf, splitClaim } from '@canopy/domain'
import type { desired } from '@canopy/proto'
import type { Rules } from './rules.ts'

export interface ClaimDesk {
  /** Gives up what `anchor` holds and does not want any more. */
  keepOnly(anchor: string, wanted: ReadonlySet<string>): void
  /** The holder, who is `anchor` where the claim was free. */
  take(claim: string, anchor: string): string
  /** What was given up and nobody has taken yet. */
  free(): readonly string[]
  /** What is different from the store. */
  changes(): { readonly taken: ReadonlyMap<string, string>; readonly released: ReadonlyMap<string, string> }
}

/** `held`: claim → anchor, of every claim the batch wants or holds. */
export function claimDesk(held: ReadonlyMap<string, string>): ClaimDesk {
  const now = new Map(held)
  const ofAnchor = new Map<string, Set<string>>()
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
    free: () => [...held.keys()].filter((claim) => !now.has(claim)),
    changes: () => ({
      taken: new Map([...now].filter(([claim, anchor]) => held.get(claim) !== anchor)),
      released: new Map([...held].filter(([claim, anchor]) => now.get(claim) !== anchor)),
    }),
  }
}

/** A claim that another identity holds. */
export interface LostClaim {
  readonly claim: string
  readonly attribute: string
  readonly holder: string
  readonly effect: 'hold' | 'dropValue'
}

/**
 * Takes the claims of an identity's values and does to the values what losing one says: `dropValue` moves the value to the
 * losers and leaves an attribute that had no other value out, so that nothing is cleared; `hold` leaves it and holds the
 * object. A contact without its address is nothing, so it is held in any case.
 */
export function settleClaims(of: {
  readonly anchor: string
  readonly kind: string
  readonly attributes: { [attribute: string]: desired.DesiredValue }
  readonly rules: Rules
  readonly desk: ClaimDesk
}): readonly LostClaim[] {
  const lost = new Map<string, LostClaim>()
  for (const attribute of claimingAttributes) {
    const value = of.attributes[attribute]
    if (!value) continue
    const kept: string[] = []
    const dropped: string[] = []
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

const withoutValues = (value: desired.DesiredValue, kept: string[], dropped: string[]): desired.DesiredValue => ({
  ...value,
  values: kept,
  losers: [...value.losers, { values: dropped, provenance: value.provenance, reason: 'claim' }],
})
