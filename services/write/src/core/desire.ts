/** From a published desired object to what the plan compares. */
import type { PlannedDesire } from '@canopy/domain'
import type { desired } from '@canopy/proto'
import type { Kind, Values } from '../ports.ts'
import { canonical } from './attributes.ts'

/** Attributes as the target would hold them. */
export function canonicalAttributes(object: desired.DesiredObject): Record<string, Values> {
  const attributes: Record<string, Values> = {}
  for (const [name, value] of Object.entries(object.attributes)) {
    const values = canonical(object.kind as Kind, name, value.values)
    if (values) attributes[name] = values
  }
  return attributes
}

export function plannedDesire(object: desired.DesiredObject, now: Date): PlannedDesire {
  const onCreate = new Set<string>()
  for (const [name, value] of Object.entries(object.attributes)) if (value.onCreate) onCreate.add(name)
  return {
    gone: object.gone,
    leftScope: object.leftScope ? (object.onLeave === 'keep' ? 'keep' : 'disable') : 'no',
    deleteDue: object.deleteAt !== undefined && object.deleteAt <= now,
    held: object.holds.length > 0 || object.mergedInto !== '',
    attributes: canonicalAttributes(object),
    onCreate,
  }
}

/** Lanes, first to last: who loses access comes first, everywhere. */
export const lanes = { leavers: 0, creates: 1, attributes: 2, members: 3 } as const
export type Lane = keyof typeof lanes

/** The lane of a desired object, from what intake knows without planning. */
export function laneOf(object: desired.DesiredObject, linked: boolean): number {
  const leaves = object.gone || object.leftScope || object.attributes.accountEnabled?.values[0] === 'false'
  if (leaves && linked) return lanes.leavers
  return linked ? lanes.attributes : lanes.creates
}
