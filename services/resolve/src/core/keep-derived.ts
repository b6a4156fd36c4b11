/** Keeps a value that was derived once for as long as what it was derived from stays the same. */
import type { Identity } from '../ports.ts'
import type { Merged } from './merge.ts'

/**
 * A principal name under the initial domain or a mail alias is drawn once: it must not move because something else that it
 * could be drawn from moved. Nothing is looked up where no value is of that kind.
 */
export function keepDerived(merged: Merged, before: Identity | undefined): Merged {
  if (before === undefined) return merged
  let was: ReturnType<Identity['desired']>['attributes'] | undefined
  for (const name in merged.attributes) {
    const now = merged.attributes[name]!
    if (now.basis === '') continue
    was ??= before.desired().attributes
    const kept = was[name]
    if (kept === undefined || kept.basis !== now.basis || kept.values.length === 0) continue
    merged.attributes[name] = { ...now, values: kept.values }
  }
  return merged
}
