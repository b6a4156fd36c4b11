/** The target attributes that Canopy writes, and what a value becomes before it is compared or sent. */
import { type OnTooLong, type TargetAttribute, targetAttribute, targetAttributes } from '@canopy/domain'
import type { Kind, Values } from '../ports.ts'

/** Undefined: nobody can be given it. */
export function writtenAttribute(kind: Kind, name: string): TargetAttribute | undefined {
  const attribute = targetAttribute(kind, name)
  return attribute && attribute.carriers.length > 0 ? attribute : undefined
}

/** Names of the attributes of a kind that are written, without directory extensions. */
export const writtenNames = (kind: Kind): readonly string[] =>
  Object.entries(targetAttributes[kind]).flatMap(([name, { carriers }]) => (carriers.length > 0 ? [name] : []))

export type Canonical =
  | { readonly is: 'values'; readonly values: Values }
  /** Nothing is written: no target takes the attribute, or it cannot be emptied. */
  | { readonly is: 'nothing' }
  /** The object waits until the value is shorter. */
  | { readonly is: 'tooLong'; readonly limit: number }

/** Equal things compare equal. `onTooLong` as the mapping says it; empty: as the catalogue does. */
export function canonical(kind: Kind, name: string, given: { values: Values; onTooLong?: string }): Canonical {
  const attribute = writtenAttribute(kind, name)
  if (!attribute) return { is: 'nothing' }
  const kept = given.values.filter((value) => value !== '')
  if (kept.length === 0) return attribute.clearable ? { is: 'values', values: [] } : { is: 'nothing' }
  const taken = attribute.type === 'strings' ? kept : kept.slice(0, 1)
  const limit = attribute.maxLength ?? Number.MAX_SAFE_INTEGER
  if (!taken.some((value) => value.length > limit)) return { is: 'values', values: taken }
  const policy = (given.onTooLong || attribute.onTooLong) as OnTooLong
  if (policy === 'hold') return { is: 'tooLong', limit }
  return { is: 'values', values: taken.map((value) => cutAt(value, limit)) }
}

/** Never cuts through a surrogate pair. */
function cutAt(value: string, limit: number): string {
  if (value.length <= limit) return value
  const code = value.charCodeAt(limit - 1)
  return value.slice(0, code >= 0xd800 && code <= 0xdbff ? limit - 1 : limit)
}
