/** Decides scope by groups for the objects of a batch, and looks again at whoever a changed membership may concern. */
import type { Tx } from '@canopy/chassis'
import type { contribution } from '@canopy/proto'
import { readWatermarks } from './adapters/barrier.sql.ts'
import { lockMembershipsRead, lockMembershipsSettled, lockScopingGroups } from './adapters/locks.sql.ts'
import { groupsAbove, groupsInScopingGroups } from './adapters/memberships.sql.ts'
import {
  addScopingGroups,
  askRescope,
  hasScopingGroups,
  type Membership,
  membersAsTheyAre,
  nextGrouped,
  nextMembers,
  putRescope,
  type RescopeWork,
  takeChangedMemberships,
  takeRescope,
  tellChangedMemberships,
  unnamedGroups,
  wholeForest,
} from './adapters/rescope.sql.ts'
import { askRework } from './adapters/work.sql.ts'
import { decidedByGroups, isGrouped } from './core/group-scope.ts'
import { knownForests, type Rules } from './core/rules.ts'
import type { Gate } from './gate.ts'
import type { Member } from './ports.ts'

type Contribution = contribution.Contribution

const membersPerChunk = 1_000

/** The same members with the scope that groups give them. Where they have no say nothing is asked. */
export async function scopedByGroups(
  of: { readonly tx: Tx; readonly rules: Rules },
  members: readonly Member[],
): Promise<readonly Member[]> {
  const grouped = members.filter(({ contribution }) => isGrouped(contribution) && contribution.scope !== 'SCOPE_OUT')
  if (grouped.length === 0) return members
  const { tx, rules } = of
  await lockMembershipsRead(tx)
  const known = knownForests(rules, await readWatermarks(tx))
  const asked = grouped.map((member) => member.contribution).filter((one) => known.has(one.forest))
  const groups = new Set(asked.flatMap((one) => [...one.admittingGroups, ...one.excludingGroups]))
  const above = asked.length > 0 ? await groupsAbove(tx, asked, [...groups]) : new Map<string, ReadonlySet<string>>()
  const decided = (one: Contribution): Contribution =>
    decidedByGroups(one, {
      isForestKnown: known.has(one.forest),
      groups: above.get(`${one.forest}/${one.guid}`) ?? none,
    })
  return members.map((member) =>
    isGrouped(member.contribution) ? { ...member, contribution: decided(member.contribution) } : member,
  )
}

const none: ReadonlySet<string> = new Set()

/**
 * Makes the groups that contributions name known to whoever brings memberships, before anything is asked about them. A new
 * one waits for the memberships that are on their way, and those behind it see it: none can be missed by both.
 */
export async function nameScopingGroups(tx: Tx, contributions: readonly Contribution[]): Promise<void> {
  const named = new Map<string, { forest: string; guid: string }>()
  for (const { forest, admittingGroups, excludingGroups } of contributions) {
    for (const guid of [...admittingGroups, ...excludingGroups]) named.set(`${forest}/${guid}`, { forest, guid })
  }
  if (named.size === 0) return
  const fresh = await unnamedGroups(tx, [...named.values()])
  if (fresh.length === 0) return
  await lockScopingGroups(tx, 'exclusive')
  await addScopingGroups(tx, fresh)
}

/** Leaves word of changed memberships where groups decide about scope. Returns whether it did. */
export async function noteChangedMemberships(tx: Tx, changed: readonly Membership[]): Promise<boolean> {
  if (changed.length === 0) return false
  await lockScopingGroups(tx, 'shared')
  if (!(await hasScopingGroups(tx))) return false
  await tellChangedMemberships(tx, changed)
  return true
}

/** Groups that came or have another SID may make members of others' groups out of their own members. */
export async function lookAtNewGroups(
  tx: Tx,
  groups: readonly { readonly forest: string; readonly guid: string }[],
): Promise<boolean> {
  if (groups.length === 0 || !(await hasScopingGroups(tx))) return false
  await askRescope(tx, groups)
  return true
}

/** All of a forest that groups decide about is looked at again: its memberships are known from now on. */
export const askRescopeOfForest = (tx: Tx, forest: string): Promise<void> =>
  askRescope(tx, [{ forest, guid: wholeForest }])

/**
 * One chunk of changed memberships, or of the members of a group below one; false when nothing was left to do. While it
 * looks, nobody decides scope by memberships: who decided before is seen here, who decides later sees what is seen here.
 */
export async function rescopeAgain(of: { readonly tx: Tx; readonly gate: Gate }): Promise<boolean> {
  const { tx } = of
  const state = await of.gate.enter(tx)
  if (state === 'waiting' || state === 'deciding') return false
  await lockMembershipsSettled(tx)
  const changed = await takeChangedMemberships(tx, membersPerChunk)
  if (changed.length > 0) {
    await lookAt(tx, await concerning(tx, changed))
    return true
  }
  const work = await takeRescope(tx)
  if (!work) return false
  await putRescope(tx, work, await expand(tx, work))
  return true
}

/** Of changed memberships those of groups that are, or are in, a scoping group. */
async function concerning(tx: Tx, changed: readonly Membership[]): Promise<readonly Membership[]> {
  const groups = new Map(changed.map((one) => [`${one.forest}/${one.group}`, { forest: one.forest, guid: one.group }]))
  const found = await groupsInScopingGroups(tx, [...groups.values()])
  return changed.filter((one) => found.has(`${one.forest}/${one.group}`))
}

async function lookAt(tx: Tx, some: readonly Pick<Membership, 'forest' | 'member'>[], run?: bigint): Promise<void> {
  if (some.length === 0) return
  const { anchors, groups } = await membersAsTheyAre(tx, some)
  await askRework(tx, anchors)
  await askRescope(tx, groups, run)
}

/** Where it goes on; undefined when every member was looked at. */
async function expand(tx: Tx, work: RescopeWork): Promise<string | undefined> {
  const { forest, cursor } = work
  if (work.group === wholeForest) {
    const rows = await nextGrouped(tx, { forest, after: cursor, limit: membersPerChunk })
    await askRework(tx, [...new Set(rows.map((row) => row.anchor))])
    return rows.length < membersPerChunk ? undefined : rows.at(-1)?.guid
  }
  const members = await nextMembers(tx, work, membersPerChunk)
  await lookAt(
    tx,
    members.map((member) => ({ forest, member })),
    work.run,
  )
  return members.length < membersPerChunk ? undefined : members.at(-1)
}
