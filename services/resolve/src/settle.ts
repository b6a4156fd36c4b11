/** Resolves identities from what is stored about them: the one place where desired objects are made. */
import type { Out, Tx } from '@canopy/chassis'
import { claimsOf } from '@canopy/domain'
import { type contribution, type desired, topics } from '@canopy/proto'
import { heldClaims, type Loss, waitingFor, writeClaims, writeConflicts } from './adapters/claims.sql.ts'
import { members } from './adapters/contributions.sql.ts'
import { decidedClaims, type NewDecision, putAnchor, writeDecisions } from './adapters/decisions.sql.ts'
import { encodeDesired } from './adapters/encode.ts'
import { deriveAnchor, digestOf } from './adapters/hash.ts'
import { type Decided, identities, writeIdentities } from './adapters/identities.sql.ts'
import { type Reference, targets, writeReferences } from './adapters/references.sql.ts'
import { addTally, askRework, defer, type Tally } from './adapters/work.sql.ts'
import { type ClaimDesk, claimDesk, type LostClaim, settleClaims } from './core/claim-desk.ts'
import { desire, newestOf } from './core/desire.ts'
import { keepDerived } from './core/keep-derived.ts'
import { type Merged, merge, stampVersions } from './core/merge.ts'
import { compareRank } from './core/rank.ts'
import type { Rules } from './core/rules.ts'
import { type Standing, standing } from './core/standing.ts'
import { rulesFor, type Versions } from './core/versions.ts'
import { scopedByGroups } from './group-scope.ts'
import type { Identity, IdentityState, Member } from './ports.ts'

type Contribution = contribution.Contribution
type Headers = Readonly<Record<string, string>>

export interface SettleRequest {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  /** Where a newer version is being evaluated. */
  readonly versions?: Versions
  readonly now: Date
  /** Every member of every identity that is to be resolved, as it is now. */
  readonly members: readonly Member[]
  /** Identities without any member left among those to be resolved. */
  readonly anchors: readonly string[]
  /** Everything is decided for the first time: nothing can wait for these identities yet. */
  readonly isDeciding: boolean
  readonly headers?: ReadonlyMap<string, Headers>
}

/** An identity that became live, or stopped being it. */
export interface Flip {
  readonly anchor: string
  readonly kind: string
  readonly isLive: boolean
}

/** One identity on its way from its members to its desired object. */
interface Draft {
  readonly anchor: string
  readonly kind: string
  readonly sourceAnchor: string
  readonly members: readonly Contribution[]
  readonly before: Identity | undefined
  readonly standing: Standing
  readonly merged: Merged | undefined
  readonly rules: Rules
  /** It stays as it is until all its objects were evaluated under the newer version. */
  readonly isDeferred: boolean
  lost: readonly LostClaim[]
}

const firstVersion = 1n << 40n

export interface Settled {
  /** Who came alive and who did not stay it. */
  readonly flips: readonly Flip[]
  /** Other identities are to be resolved again. */
  readonly isWorkLeft: boolean
}

/** The caller holds the locks of all members. */
export async function settle(request: SettleRequest): Promise<Settled> {
  const { tx } = request
  const anchors = [...new Set([...request.anchors, ...request.members.map((member) => member.anchor)])]
  if (anchors.length === 0) return { flips: [], isWorkLeft: false }
  const known = await identities(tx, anchors)
  const drafts = draftsOf(request, await scopedByGroups(request, request.members), known)
  await defer(
    tx,
    drafts.filter((draft) => draft.isDeferred).map((draft) => draft.anchor),
  )
  const desk = await settleAllClaims(request, drafts)
  const referenced = await resolvedReferences(request, drafts)
  const outcome: Outcome = { decided: [], references: [], flips: [], decisions: [], tally: { ...noTally } }
  for (const draft of drafts) conclude({ request, draft, referenced, outcome })
  await writeIdentities(tx, outcome.decided)
  await writeReferences(tx, anchors, outcome.references, request.isDeciding)
  const isWorkLeft = await finishClaims({ request, drafts, desk, outcome })
  await writeDecisions(tx, request.out, outcome.decisions, request.now)
  await addTally(tx, outcome.tally)
  return { flips: outcome.flips, isWorkLeft }
}

const noTally: Tally = { users: 0, groups: 0, contacts: 0, joined: 0, edges: 0 }

interface Outcome {
  readonly decided: Decided[]
  readonly references: Reference[]
  readonly flips: Flip[]
  readonly decisions: NewDecision[]
  readonly tally: { -readonly [K in keyof Tally]: Tally[K] }
}

/** In the order in which identities are decided, so that the first of a batch keeps a value both want. */
function draftsOf(request: SettleRequest, scoped: readonly Member[], known: ReadonlyMap<string, Identity>): Draft[] {
  const { rules } = request
  const compare = compareRank(rules.order)
  const members = new Map<string, Contribution[]>()
  for (const { anchor, contribution } of scoped) {
    const others = members.get(anchor)
    if (others) others.push(contribution)
    else members.set(anchor, [contribution])
  }
  for (const anchor of request.anchors) if (!members.has(anchor) && known.has(anchor)) members.set(anchor, [])
  const drafts: Draft[] = []
  for (const [anchor, some] of members) {
    if (some.length > 1) some.sort(compare)
    const before = known.get(anchor)
    const own = rulesFor(some, request.versions ?? { used: rules })
    const applied = own ?? request.versions?.next?.rules ?? rules
    const wanted = standing(some, before?.state ?? 'never')
    const contributors = wanted.kind === 'live' || wanted.kind === 'held' ? wanted.contributors : undefined
    const merged = contributors && keepDerived(merge(contributors, applied), before)
    const isDeferred = own === undefined && !takesAway(wanted, merged, before)
    const stands: Standing = isDeferred ? { kind: 'kept' } : wanted
    drafts.push({
      anchor,
      kind: before?.kind ?? some[0]!.kind,
      sourceAnchor: before?.sourceAnchor ?? some[0]!.sourceAnchor,
      members: some,
      before,
      standing: stands,
      merged: isDeferred ? undefined : merged,
      rules: applied,
      isDeferred,
      lost: [],
    })
  }
  return drafts.sort((a, b) => {
    const [x] = a.members
    const [y] = b.members
    return x && y ? compare(x, y) : (x ? 0 : 1) - (y ? 0 : 1)
  })
}

/** Who loses access never waits for a version. */
function takesAway(wanted: Standing, merged: Merged | undefined, before: Identity | undefined): boolean {
  if (wanted.kind === 'gone' || wanted.kind === 'left') return true
  const isDisabled = (values: readonly string[] | undefined): boolean => values?.[0] === 'false'
  return (
    isDisabled(merged?.attributes.accountEnabled?.values) &&
    before?.state === 'live' &&
    !isDisabled(before.desired().attributes.accountEnabled?.values)
  )
}

/**
 * First everyone gives up what it does not want any more, then who waits elsewhere and comes before everyone here gets
 * it, then everyone takes what is free. A value that somebody waits for is therefore never free, and who of several gets
 * it does not depend on who is looked at first.
 */
async function settleAllClaims(request: SettleRequest, drafts: readonly Draft[]): Promise<ClaimDesk> {
  const wanted = new Map<string, ReadonlySet<string>>()
  for (const draft of drafts) {
    if (draft.merged) wanted.set(draft.anchor, new Set(claimsOf(draft.merged.attributes)))
    else if (draft.standing.kind === 'gone' || draft.standing.kind === 'never') wanted.set(draft.anchor, new Set())
  }
  const claims = [...new Set([...wanted.values()].flatMap((some) => [...some]))]
  const desk = claimDesk(await heldClaims(request.tx, claims, request.isDeciding ? [] : [...wanted.keys()]))
  for (const [anchor, some] of wanted) desk.keepOnly(anchor, some)
  await handOver({ request, drafts, wanted, desk })
  for (const draft of drafts) {
    if (!draft.merged) continue
    const { anchor, kind, merged } = draft
    draft.lost = settleClaims({ anchor, kind, attributes: merged.attributes, rules: draft.rules, desk })
  }
  return desk
}

/** Gives each value that was given up to who waits for it elsewhere, unless somebody here comes before. */
async function handOver(of: {
  readonly request: SettleRequest
  readonly drafts: readonly Draft[]
  readonly wanted: ReadonlyMap<string, ReadonlySet<string>>
  readonly desk: ClaimDesk
}): Promise<void> {
  const { request, wanted, desk } = of
  const free = desk.free()
  if (free.length === 0) return
  const waiting = await waitingFor(request.tx, free, [...wanted.keys()])
  if (waiting.length === 0) return
  const compare = compareRank(request.rules.order)
  const first = new Map<string, Contribution>()
  const said = await members(request.tx, [...new Set(waiting.map((one) => one.loser))])
  for (const { anchor, contribution } of said) {
    const known = first.get(anchor)
    if (!known || compare(contribution, known) < 0) first.set(anchor, contribution)
  }
  const best = new Map<string, string>()
  for (const { claim, loser } of waiting) {
    const rank = first.get(loser)
    const known = best.get(claim)
    if (rank && (known === undefined || compare(rank, first.get(known)!) < 0)) best.set(claim, loser)
  }
  for (const [claim, anchor] of best) {
    const here = of.drafts.find((draft) => draft.merged && wanted.get(draft.anchor)?.has(claim))
    if (here && compare(here.members[0]!, first.get(anchor)!) < 0) continue
    desk.take(claim, anchor)
  }
}

type Referenced = (forest: string, guid: string) => string | undefined

/** An object that is resolved in this very batch counts as it comes out of it. */
async function resolvedReferences(request: SettleRequest, drafts: readonly Draft[]): Promise<Referenced> {
  const wanted = new Map<string, { forest: string; guid: string }>()
  const here = new Map<string, string | undefined>()
  for (const draft of drafts) {
    for (const one of draft.merged?.references.values() ?? []) wanted.set(`${one.forest}/${one.guid}`, one)
    const state = draft.standing.kind === 'kept' ? draft.before?.state : draft.standing.kind
    for (const { forest, guid } of draft.members)
      here.set(`${forest}/${guid}`, state === 'live' ? draft.anchor : undefined)
  }
  const elsewhere = [...wanted].filter(([key]) => !here.has(key)).map(([, one]) => one)
  const found = await targets(request.tx, {
    forests: elsewhere.map((one) => one.forest),
    guids: elsewhere.map((one) => one.guid),
    isDeciding: request.isDeciding,
  })
  const undecided = [...found.values()].filter((one) => one.isGrouped && !one.isLive).map((one) => one.anchor)
  const coming = await liveByGroups(request, [...new Set(undecided)])
  return (forest, guid) => {
    const key = `${forest}/${guid}`
    if (here.has(key)) return here.get(key)
    const target = found.get(key)
    return target && (target.isLive || coming.has(target.anchor)) ? target.anchor : undefined
  }
}

/** Of identities that are not decided yet those that groups bring into scope. */
async function liveByGroups(request: SettleRequest, anchors: readonly string[]): Promise<ReadonlySet<string>> {
  if (anchors.length === 0) return new Set()
  const scoped = await scopedByGroups(request, await members(request.tx, anchors))
  return new Set(
    scoped.filter(({ contribution: one }) => !one.gone && one.scope === 'SCOPE_IN').map((one) => one.anchor),
  )
}

function conclude(of: { request: SettleRequest; draft: Draft; referenced: Referenced; outcome: Outcome }): void {
  const { request, draft, outcome } = of
  const { anchor, before } = draft
  const references: Record<string, string> = {}
  for (const [attribute, { forest, guid }] of draft.merged?.references ?? []) {
    outcome.references.push({ anchor, attribute, forest, guid })
    const target = of.referenced(forest, guid)
    if (target !== undefined && target !== anchor) references[attribute] = target
  }
  const derived = deriveAnchor(draft.kind, draft.sourceAnchor)
  const seenAt = seen(request, draft)
  const sourceAnchorHolder = derived === anchor ? undefined : derived
  const made = desire({ ...draft, references, sourceAnchorHolder, seenAt })
  count(draft, made.state, outcome.tally)
  const wasLive = before?.state === 'live'
  const isLive = made.state === 'live'
  if (wasLive !== isLive) outcome.flips.push({ anchor, kind: draft.kind, isLive })
  if (made.desired) publish({ request, draft, state: made.state, object: made.desired, seenAt, outcome })
}

/**
 * A change of its own objects was seen when the directory was read. What another object's change does to an identity, such as
 * a manager who left or a value that was freed, was seen just now.
 */
function seen(request: SettleRequest, { before, members }: Draft): Date | undefined {
  const isOwn = members.some(({ forest, guid }) => request.headers?.has(`${forest}/${guid}`))
  return before === undefined || isOwn ? newestOf(members).observedAt : request.now
}

function publish(of: {
  request: SettleRequest
  draft: Draft
  state: IdentityState
  object: desired.DesiredObject
  seenAt: Date | undefined
  outcome: Outcome
}): void {
  const { request, draft, object, state, seenAt, outcome } = of
  const { before, anchor, kind, sourceAnchor, members } = draft
  const body = encodeDesired(object)
  const digest = digestOf(body)
  const isEqual = before !== undefined && Buffer.compare(before.digest, digest) === 0
  const there = members.filter((one) => !one.gone)
  if (isEqual && before.state === state) return
  const version = before ? before.version + (isEqual ? 0n : 1n) : firstVersion
  const { incarnation } = object
  outcome.decided.push({ anchor, kind, sourceAnchor, version, incarnation, state, members: there.length, digest, body })
  if (!before) {
    putAnchor(request.out, { anchor, kind, sourceAnchor }, request.now)
  }
  joined(draft, there, outcome)
  if (isEqual) return
  const { steps } = newestOf(members)
  stampVersions(object.attributes, members)
  object.version = version
  object.observedAt = seenAt
  object.steps = [...steps, { stage: 'resolve', at: request.now, version, note: noteOf(draft, there) }]
  request.out.put(topics.desired, anchor, object, headersOf(request, members))
}

const noteOf = (draft: Draft, there: readonly Contribution[]): string => {
  const from = there.length > 1 ? `made of ${there.length} objects` : ''
  return [from, draft.lost.length > 0 ? `${draft.lost.length} values held by others` : ''].filter(Boolean).join(', ')
}

function headersOf(request: SettleRequest, members: readonly Contribution[]): Headers | undefined {
  for (const { forest, guid } of members) {
    const headers = request.headers?.get(`${forest}/${guid}`)
    if (headers) return headers
  }
  return undefined
}

/** The first object of an identity is its anchor decision; each further one is a decision of its own. */
function joined(draft: Draft, there: readonly Contribution[], outcome: Outcome): void {
  if (there.length < 2) return
  const known = draft.before ? draft.before.desired().members : [`${there[0]!.forest}/${there[0]!.guid}`]
  for (const { forest, guid } of there) {
    if (known.includes(`${forest}/${guid}`)) continue
    const value = { forest, guid, anchor: draft.anchor, rule: 'sourceAnchor' }
    const body: NewDecision['body'] = { $case: 'memberJoined', value }
    outcome.decisions.push({ id: `member/${forest}/${guid}`, body, reason: 'equal source anchor' })
  }
}

const countedAs: Readonly<Record<string, 'users' | 'groups' | 'contacts'>> = {
  user: 'users',
  group: 'groups',
  contact: 'contacts',
}

const isCounted = (state: IdentityState): boolean => state === 'live' || state === 'held'

function count(draft: Draft, state: IdentityState, tally: Outcome['tally']): void {
  const { before } = draft
  const kind = countedAs[draft.kind]
  const was = before !== undefined && isCounted(before.state)
  const is = isCounted(state)
  if (kind && was !== is) tally[kind] += is ? 1 : -1
  const wasJoined = was && before.members > 1
  const there = draft.members.filter((one) => !one.gone).length
  const isJoined = is && (draft.standing.kind === 'kept' ? wasJoined : there > 1)
  if (wasJoined !== isJoined) tally.joined += isJoined ? 1 : -1
}

/** Writes who holds what. A contested value makes its holder a decision; a released one is offered to who waits for it: true. */
async function finishClaims(of: {
  request: SettleRequest
  drafts: readonly Draft[]
  desk: ClaimDesk
  outcome: Outcome
}): Promise<boolean> {
  const { request, drafts, desk, outcome } = of
  const { tx } = request
  const changes = desk.changes()
  const waiting = await writeClaims(tx, changes)
  const losses: Loss[] = drafts.flatMap((draft) => draft.lost.map((lost) => ({ ...lost, loser: draft.anchor })))
  const settled = drafts.filter((draft) => draft.standing.kind !== 'kept')
  const fresh =
    request.isDeciding && losses.length === 0
      ? []
      : await writeConflicts(
          tx,
          settled.map((draft) => draft.anchor),
          losses,
        )
  const contested = new Map(fresh.map((loss) => [loss.claim, loss.holder]))
  for (const claim of await decidedClaims(tx, [...contested.keys()]))
    if (!changes.taken.has(claim)) contested.delete(claim)
  const moved = [...changes.released.keys()]
  for (const claim of await decidedClaims(tx, moved)) {
    const winner = changes.taken.get(claim)
    if (winner !== undefined) contested.set(claim, winner)
    else outcome.decisions.push({ id: `claim/${claim}`, body: undefined, reason: 'released', revoked: true })
  }
  for (const [claim, anchor] of contested) {
    const body: NewDecision['body'] = { $case: 'claimWon', value: { claim, anchor } }
    outcome.decisions.push({ id: `claim/${claim}`, body, reason: 'contested' })
  }
  await askRework(tx, waiting)
  return waiting.length > 0
}
