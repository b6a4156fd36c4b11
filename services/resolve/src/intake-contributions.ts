/** Takes contributions in: stored until the barrier lets decisions be made, resolved at once afterwards. */
import { Failure, type Incoming, type Out, type Tx, traceOf } from '@canopy/chassis'
import type { contribution } from '@canopy/proto'
import type { Barrier } from './adapters/barrier.sql.ts'
import { outlines, writeContributions } from './adapters/contributions.sql.ts'
import { deriveAnchor } from './adapters/hash.ts'
import { referrers } from './adapters/references.sql.ts'
import { assignedAnchors } from './adapters/restored.sql.ts'
import { askRework } from './adapters/work.sql.ts'
import { compareRank } from './core/rank.ts'
import type { Rules } from './core/rules.ts'
import type { Versions } from './core/versions.ts'
import { lookAtNewGroups, nameScopingGroups } from './group-scope.ts'
import { lockIdentities } from './locked.ts'
import type { Member } from './ports.ts'
import { propagate } from './propagate.ts'
import { settle } from './settle.ts'

type Contribution = contribution.Contribution

export interface Intake {
  readonly tx: Tx
  readonly out: Out
  readonly rules: Rules
  readonly versions?: Versions
  readonly now: Date
  readonly state: Barrier['state']
  readonly records: readonly Incoming[]
}

/** Returns whether work is left for later. */
export async function takeContributions(intake: Intake): Promise<boolean> {
  const newest = newestByKey(intake.records)
  if (newest.size === 0) return false
  if (intake.state === 'waiting' || intake.state === 'deciding')
    await nameScopingGroups(intake.tx, [...newest.values()])
  switch (intake.state) {
    case 'waiting':
      return store(intake, newest)
    case 'deciding':
      return storeAndAsk(intake, newest)
    case 'deriving':
    case 'open':
      return resolveNow(intake, newest)
    default:
      return intake.state satisfies never
  }
}

function newestByKey(records: readonly Incoming[]): Map<string, Contribution> {
  const newest = new Map<string, Contribution>()
  for (const { message } of records) {
    const one = message as Contribution
    const key = `${one.forest}/${one.guid}`
    const known = newest.get(key)
    if (!known || known.version < one.version) newest.set(key, one)
  }
  return newest
}

const candidate = (one: Contribution): string => deriveAnchor(one.kind, one.sourceAnchor)

async function store(intake: Intake, newest: ReadonlyMap<string, Contribution>): Promise<boolean> {
  const some = [...newest.values()]
  const assigned = await assignedAnchors(intake.tx, some)
  const written = some.map((one) => ({ contribution: one, anchor: assigned.get(keyOf(one)) ?? candidate(one) }))
  await writeContributions(intake.tx, written, 'undecided')
  return false
}

/** What was decided already is resolved again once everything is; so is who referred to what changed. */
async function storeAndAsk(intake: Intake, newest: ReadonlyMap<string, Contribution>): Promise<boolean> {
  const { tx } = intake
  const some = [...newest.values()]
  const before = await outlines(tx, {
    forests: some.map((one) => one.forest),
    guids: some.map((one) => one.guid),
    anchors: [],
  })
  const assigned = await assignedAnchors(tx, some)
  const written = some.map((one) => ({ contribution: one, anchor: assigned.get(keyOf(one)) ?? candidate(one) }))
  const now = await writeContributions(tx, written, 'undecided')
  const anchors = [...new Set([...before, ...now].map((one) => one.anchor))]
  await askRework(tx, [...new Set([...anchors, ...(await referrers(tx, anchors))])])
  return true
}

async function resolveNow(intake: Intake, newest: ReadonlyMap<string, Contribution>): Promise<boolean> {
  const { tx, out, rules, now } = intake
  const versions = intake.versions ?? { used: rules }
  refuseUnknownVersions(newest, versions)
  const incoming = [...newest.values()].sort(compareRank(rules.order))
  const assigned = await assignedAnchors(tx, incoming)
  const anchors = incoming.filter((one) => !one.gone).map((one) => assigned.get(keyOf(one)) ?? candidate(one))
  const locked = await lockIdentities(tx, { incoming, anchors: [...new Set(anchors)] })
  const placed = place(incoming, locked.members, assigned)
  if (placed.written.length === 0) return false
  await nameScopingGroups(
    tx,
    placed.written.map((member) => member.contribution),
  )
  await writeContributions(tx, placed.written, 'decided')
  const headers = new Map(intake.records.map((record) => [record.key, traceOf(record)]))
  const touched = { members: placed.members, anchors: [...placed.touched] }
  const { flips, isWorkLeft } = await settle({ tx, out, rules, versions, now, headers, isDeciding: false, ...touched })
  const isMore = await propagate({ tx, out, now, flips, regrouped: [...placed.regrouped], settled: placed.touched })
  const groups = placed.written.filter(
    ({ contribution: one, anchor }) => one.kind === 'group' && placed.regrouped.has(anchor),
  )
  const isLookedAt = await lookAtNewGroups(
    tx,
    groups.map((member) => member.contribution),
  )
  return isWorkLeft || isMore || isLookedAt
}

/** Another process has heard of a version that this one has not: its records wait until it has. */
function refuseUnknownVersions(newest: ReadonlyMap<string, Contribution>, { used, next }: Versions): void {
  const known = next?.rules.version ?? used.version
  for (const one of newest.values()) {
    if (one.configurationVersion <= known) continue
    const message = `configuration version ${one.configurationVersion} is not known here yet`
    throw new Failure({ kind: 'transient', code: 'CANOPY-RESOLVE-0002', message, retryAfterMs: 200 })
  }
}

interface Placed {
  readonly written: readonly Member[]
  /** Members of every touched identity, with what came in. */
  readonly members: readonly Member[]
  readonly touched: ReadonlySet<string>
  /** Identities whose edges may be others now. */
  readonly regrouped: ReadonlySet<string>
}

/**
 * An object keeps its identity; a new one joins the identity of its source anchor, unless its own forest is in there with
 * another object: then it gets one of its own, which is held.
 */
function place(
  incoming: readonly Contribution[],
  known: readonly Member[],
  assigned: ReadonlyMap<string, string>,
): Placed {
  const all = new Map(known.map((member) => [keyOf(member.contribution), member]))
  const byAnchor = new Map<string, Set<string>>()
  for (const [key, { anchor }] of all) byAnchor.set(anchor, (byAnchor.get(anchor) ?? new Set()).add(key))
  const written: Member[] = []
  const touched = new Set<string>()
  const regrouped = new Set<string>()
  for (const one of incoming) {
    const before = all.get(keyOf(one))
    if (before && before.contribution.version >= one.version) continue
    const stays = before !== undefined && (one.gone || before.contribution.kind === one.kind)
    const anchor = stays
      ? before.anchor
      : ((before ? undefined : assigned.get(keyOf(one))) ?? freeAnchor(one, all, byAnchor))
    const member = { contribution: one.gone && before ? departed(one, before.contribution) : one, anchor }
    if (before) touched.add(before.anchor)
    touched.add(anchor)
    if (before?.anchor !== anchor || before.contribution.sid !== one.sid) {
      regrouped.add(anchor)
      if (before) regrouped.add(before.anchor)
    }
    all.set(keyOf(one), member)
    byAnchor.set(anchor, (byAnchor.get(anchor) ?? new Set()).add(keyOf(one)))
    written.push(member)
  }
  return { written, members: [...all.values()].filter((member) => touched.has(member.anchor)), touched, regrouped }
}

const keyOf = (one: Contribution): string => `${one.forest}/${one.guid}`

/** What is gone stays what it was, for the order in which things are decided. */
const departed = (gone: Contribution, before: Contribution): Contribution => ({
  ...gone,
  kind: before.kind,
  sid: before.sid,
  sourceAnchor: before.sourceAnchor,
  createdAt: before.createdAt,
})

function freeAnchor(
  one: Contribution,
  all: ReadonlyMap<string, Member>,
  byAnchor: ReadonlyMap<string, ReadonlySet<string>>,
): string {
  const wanted = candidate(one)
  for (const key of byAnchor.get(wanted) ?? []) {
    const { anchor, contribution } = all.get(key)!
    if (anchor !== wanted || contribution.gone) continue
    if (contribution.forest === one.forest && contribution.guid !== one.guid) {
      return deriveAnchor(one.kind, one.sourceAnchor, keyOf(one))
    }
  }
  return wanted
}
