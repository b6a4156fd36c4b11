/** Composes the desired object of an identity from where it stands, what its objects say and what it may hold. */
import type { contribution, desired, record } from '@canopy/proto'
import type { Identity, IdentityState } from '../ports.ts'
import type { LostClaim } from './claim-desk.ts'
import type { Merged } from './merge.ts'
import type { Standing } from './standing.ts'

type Contribution = contribution.Contribution
type DesiredObject = desired.DesiredObject

export interface Wish {
  readonly anchor: string
  readonly kind: string
  readonly sourceAnchor: string
  readonly standing: Standing
  readonly members: readonly Contribution[]
  readonly merged: Merged | undefined
  readonly lost: readonly LostClaim[]
  readonly references: Readonly<Record<string, string>>
  readonly before: Identity | undefined
  /** The identity that has the source anchor in the same forest already, where there is one. */
  readonly sourceAnchorHolder: string | undefined
  /** When what makes it differ was seen; undefined where no source says so. */
  readonly seenAt: Date | undefined
}

export interface Desire {
  readonly state: IdentityState
  /** Undefined: it never was desired, or stays exactly what it was. Version, steps and time are still to be filled in. */
  readonly desired: DesiredObject | undefined
}

export function desire(wish: Wish): Desire {
  const { standing } = wish
  switch (standing.kind) {
    case 'live':
    case 'held':
      return { state: standing.kind, desired: present(wish) }
    case 'kept':
      return { state: wish.before?.state ?? 'never', desired: undefined }
    case 'left':
      return { state: 'left', desired: left(wish, standing.leaving) }
    case 'gone':
      return { state: 'gone', desired: { ...blank(wish), gone: true, members: [] } }
    case 'never':
      return { state: 'never', desired: undefined }
    default:
      return standing satisfies never
  }
}

function present(wish: Wish): DesiredObject {
  const object = blank(wish)
  object.attributes = { ...wish.merged?.attributes }
  object.references = { ...wish.references }
  object.holds = holds(wish)
  object.sourceDisabled = object.attributes.accountEnabled?.values[0] === 'false'
  object.notCreated = notCreated(wish, object.sourceDisabled)
  return object
}

function notCreated({ standing }: Wish, isDisabled: boolean): string {
  if (!isDisabled || (standing.kind !== 'live' && standing.kind !== 'held')) return ''
  return standing.contributors.every((one) => one.skipDisabled) ? 'the account was disabled before it was created' : ''
}

/** Says nothing of values, so that none is touched. The day of its deletion stays the one it was. */
function left(wish: Wish, leaving: Contribution): DesiredObject {
  const was = wish.before?.desired()
  const deleteAt = wish.seenAt && new Date(wish.seenAt.getTime() + leaving.deleteAfterSeconds * 1000)
  const object = blank(wish)
  object.leftScope = true
  object.onLeave = leaving.onLeave
  const known = was?.leftScope ? was.deleteAt : undefined
  object.deleteAt = leaving.onLeave === 'keep' ? undefined : (known ?? deleteAt)
  return object
}

function holds(wish: Wish): desired.Hold[] {
  const found: desired.Hold[] = []
  if (wish.standing.kind === 'held') {
    const message =
      wish.standing.contributors.find((one) => one.scopeReason)?.scopeReason ?? 'its scope is not known yet'
    found.push({ reason: 'scopeUnknown', attribute: '', anchor: '', message })
  }
  if (wish.sourceAnchorHolder !== undefined) {
    const message = 'another object of the same forest has the same source anchor'
    found.push({ reason: 'conflict', attribute: 'sourceAnchor', anchor: wish.sourceAnchorHolder, message })
  }
  for (const { effect, attribute, holder } of wish.lost) {
    if (effect !== 'hold') continue
    const message = 'another identity has the value already'
    found.push({ reason: 'conflict', attribute, anchor: holder, message })
  }
  return [...found, ...mappedHolds(wish)]
}

/** A linked mailbox's account holds nobody but itself; a hold of an attribute counts where its value is the one that won. */
function mappedHolds({ standing, merged }: Wish): desired.Hold[] {
  const contributors = standing.kind === 'live' || standing.kind === 'held' ? standing.contributors : []
  const isAlone = contributors.every((one) => one.recipientClass === 'linked')
  const seen = new Set<string>()
  const found: desired.Hold[] = []
  for (const one of contributors) {
    for (const { reason, attribute, message } of one.holds) {
      const from = merged?.attributes[attribute]?.provenance
      const isOther = from !== undefined && (from.guid !== one.guid || from.forest !== one.forest)
      if (isOther || (reason === 'linked' && !isAlone) || seen.has(`${reason}/${attribute}`)) continue
      seen.add(`${reason}/${attribute}`)
      found.push({ reason, attribute, anchor: '', message })
    }
  }
  return found
}

/** The first class that says something; "none" where all objects say that. */
const recipientClassOf = (members: readonly Contribution[]): string => {
  const there = members.filter((one) => !one.gone && one.recipientClass !== '')
  const telling = there.find((one) => one.recipientClass !== 'none' && one.recipientClass !== 'linked')
  return (telling ?? there[0])?.recipientClass ?? ''
}

function blank(wish: Wish): DesiredObject {
  return {
    anchor: wish.anchor,
    version: 0n,
    gone: false,
    mergedInto: '',
    kind: wish.kind,
    attributes: {},
    references: {},
    holds: [],
    leftScope: false,
    onLeave: '',
    deleteAt: undefined,
    incarnation: incarnation(wish),
    sourceAnchor: wish.sourceAnchor,
    members: wish.members.filter((one) => !one.gone).map((one) => `${one.forest}/${one.guid}`),
    steps: [],
    observedAt: undefined,
    sourceDisabled: false,
    recipientClass: recipientClassOf(wish.members),
    notCreated: '',
  }
}

/** Raised when a live group goes: what belonged to the older one is void. */
function incarnation({ before, kind, standing }: Wish): bigint {
  if (!before) return 1n
  const goes = before.state === 'live' && (standing.kind === 'left' || standing.kind === 'gone')
  return goes && kind === 'group' ? before.incarnation + 1n : before.incarnation
}

/** Steps of the newest of its objects, and when that was observed. */
export function newestOf(members: readonly Contribution[]): { observedAt: Date | undefined; steps: record.Step[] } {
  let newest: Contribution | undefined
  for (const member of members) if (!newest || seenMs(member) > seenMs(newest)) newest = member
  return { observedAt: newest?.source?.observedAt, steps: newest?.steps ?? [] }
}

const seenMs = (of: Contribution): number => of.source?.observedAt?.getTime() ?? 0
