/** Applies what entries say of member lists: single changes, whole lists, lists in parts. */
import type { agent } from '@canopy/proto'
import { isDeletedLink, memberEnd } from '../core/member-end.ts'
import type { Working } from './apply.ts'
import { publishEdges, type Unit } from './changes.ts'
import { addEdges, closeLists, keepOnly, removeEdges } from './edges.sql.ts'
import { markSeen, setListMarks } from './objects.sql.ts'

interface Pair {
  readonly group: string
  readonly member: string
  readonly present: boolean
  readonly seen: bigint
}

/** Statements are kept to this many edges each. */
const chunkSize = 5_000

/** The last word per membership, in the order of the entries. */
class Collected {
  readonly pairs = new Map<string, Pair>()
  /** Groups whose list is exactly what this batch names. */
  readonly exact = new Set<string>()
  readonly marks = new Map<string, bigint>()
  readonly closing = new Set<string>()

  set(group: string, link: agent.Link, present: boolean, seen: bigint): void {
    const member = memberEnd(link)
    if (member === undefined || (present && isDeletedLink(link))) return
    this.pairs.set(`${group}/${member}`, { group, member, present, seen })
  }
}

export async function applyLinks(
  unit: Unit,
  entries: readonly agent.Entry[],
  working: ReadonlyMap<string, Working>,
): Promise<void> {
  const collected = collect(unit, entries, working)
  const { tx, partition } = unit
  const { forest } = partition
  const pairs = [...collected.pairs.values()]
  await setListMarks(tx, forest, collected.marks)
  const adds = pairs.filter((pair) => pair.present)
  for (const part of chunks(adds)) publishEdges(unit, await addEdges(tx, forest, part))
  for (const part of chunks(pairs.filter((pair) => !pair.present)))
    publishEdges(unit, await removeEdges(tx, forest, part))
  const exact = [...collected.exact]
  publishEdges(
    unit,
    await keepOnly(
      tx,
      forest,
      exact,
      adds.filter((pair) => collected.exact.has(pair.group)),
    ),
  )
  publishEdges(unit, await closeLists(tx, forest, [...collected.closing]))
  // A reading beside the stream must not overrule what was said of a list after it was asked for; that it is empty, too.
  if (unit.live && partition.open_mark > 0n) {
    const groups = new Set([...pairs.map((pair) => pair.group), ...exact, ...collected.closing])
    await markSeen(tx, forest, [...groups], partition.mark)
  }
}

function collect(
  { partition }: Unit,
  entries: readonly agent.Entry[],
  working: ReadonlyMap<string, Working>,
): Collected {
  const collected = new Collected()
  for (const entry of entries) {
    const links = entry.links.member
    const group = working.get(entry.guid)
    // Of an object that is not known, or is being read again, the list follows with the object.
    if (!links || !group || group.gone || (!group.state && !group.stored)) continue
    let seen = partition.mark
    if (links.whole && links.first && links.last) collected.exact.add(entry.guid)
    else if (links.whole) seen = partMark(collected, partition, links, group)
    for (const link of links.added) collected.set(entry.guid, link, true, seen)
    for (const link of links.removed) collected.set(entry.guid, link, false, seen)
  }
  return collected
}

/** Parts of one list carry one mark, drawn at its first part. */
function partMark(collected: Collected, partition: Unit['partition'], links: agent.Links, group: Working): bigint {
  if (links.first) {
    partition.mark += 1n
    collected.marks.set(group.guid, partition.mark)
  }
  if (links.last) collected.closing.add(group.guid)
  return collected.marks.get(group.guid) ?? group.stored?.listMark ?? partition.mark
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let n = 0; n < items.length; n += chunkSize) yield items.slice(n, n + chunkSize)
}
