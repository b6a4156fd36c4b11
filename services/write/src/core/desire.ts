/** From a published desired object to what the plan compares. */
import type { PlannedDesire } from '@canopy/domain'
import type { desired } from '@canopy/proto'
import type { Kind, Values } from '../ports.ts'
import { canonical, writtenAttribute } from './attributes.ts'

export interface TooLong {
  readonly attribute: string
  readonly limit: number
}

/** Attributes as the target would hold them, and those that keep the object waiting because they are too long. */
export function canonicalAttributes(object: desired.DesiredObject): {
  readonly attributes: Record<string, Values>
  readonly tooLong: readonly TooLong[]
} {
  const attributes: Record<string, Values> = {}
  const tooLong: TooLong[] = []
  for (const [attribute, value] of Object.entries(object.attributes)) {
    const found = canonical(object.kind as Kind, attribute, value)
    if (found.is === 'values') attributes[attribute] = found.values
    else if (found.is === 'tooLong') tooLong.push({ attribute, limit: found.limit })
  }
  return { attributes, tooLong }
}

/** What holds an object: what resolve said first, then what the target could not take. */
export interface WriteHold {
  readonly code: string
  readonly reason: string
}

/** Code of what is left out on purpose: nothing waits for anybody. */
export const notCreated = 'notCreated'

/** `hold` is undefined where nothing holds it. Attributes written at creation only hold no object that exists. */
export function plannedDesire(
  object: desired.DesiredObject,
  now: Date,
  exists: boolean,
): { readonly desire: PlannedDesire; readonly hold: WriteHold | undefined } {
  const onCreate = new Set<string>()
  for (const [name, value] of Object.entries(object.attributes)) if (value.onCreate) onCreate.add(name)
  const { attributes, tooLong } = canonicalAttributes(object)
  const [first] = object.holds
  const [long] = tooLong.filter(({ attribute }) => !exists || !onCreate.has(attribute))
  const hold = first
    ? { code: first.reason, reason: first.message }
    : object.notCreated && !exists
      ? { code: notCreated, reason: object.notCreated }
      : long && { code: 'tooLong', reason: `${long.attribute} is longer than the ${long.limit} characters it may have` }
  const desire = {
    gone: object.gone,
    leftScope: object.leftScope ? (object.onLeave === 'keep' ? 'keep' : 'disable') : 'no',
    deleteDue: object.deleteAt !== undefined && object.deleteAt <= now,
    canDisable: object.kind === 'user',
    held: hold !== undefined || object.mergedInto !== '',
    attributes,
    onCreate,
  } as const
  return { desire, hold }
}

/** A value that is gone from the source and that the target refuses to empty: reported, not sent. Undefined without one. */
export function refusedEmpty(
  object: desired.DesiredObject,
  applied: Readonly<Record<string, Values>>,
): WriteHold | undefined {
  for (const [name, { values, onCreate }] of Object.entries(object.attributes)) {
    const isEmpty = values.every((value) => value === '')
    if (!isEmpty || onCreate || (applied[name]?.length ?? 0) === 0) continue
    if (writtenAttribute(object.kind as Kind, name)?.clearable === false) {
      return { code: 'notClearable', reason: `the target cannot empty ${name}: it keeps the value it has` }
    }
  }
  return undefined
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
