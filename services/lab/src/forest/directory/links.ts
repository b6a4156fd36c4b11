/** Forward and back links kept in step, asleep while one of their ends is deleted. */
import type { Entry, SleepingLink } from './entry.ts'
import type { AttributeType } from './schema.ts'
import { SmallMap } from './small-map.ts'

export function connect(link: SleepingLink): void {
  const set = link.holder.linkSet(link.type)
  set.present.set(link.target, link.usn)
  set.removed?.delete(link.target)
  link.target.back ??= []
  link.target.back.push(link.type, link.holder)
}

/** Removes a value by a write: DirSync will report it as removed. */
export function disconnect(link: SleepingLink): void {
  const set = link.holder.linkSet(link.type)
  set.present.delete(link.target)
  set.removed ??= new SmallMap()
  set.removed.set(link.target, link.usn)
  dropBack(link)
}

function dropBack(link: Pick<SleepingLink, 'type' | 'holder' | 'target'>): void {
  const back = link.target.back
  if (back === undefined) return
  for (let i = 0; i < back.length; i += 2) {
    if (back[i] !== link.type || back[i + 1] !== link.holder) continue
    const lastHolder = back.pop()
    const lastType = back.pop()
    if (i < back.length && lastHolder !== undefined && lastType !== undefined) {
      back[i] = lastType
      back[i + 1] = lastHolder
    }
    if (back.length === 0) link.target.back = undefined
    return
  }
}

/** Takes every link of a deleted entry out of sight, without a change on the other ends. */
export function sleepLinks(entry: Entry, keep: boolean): void {
  const sleeping: SleepingLink[] = []
  const back = entry.back ?? []
  for (let i = 0; i < back.length; i += 2) {
    const type = back[i] as AttributeType
    const holder = back[i + 1] as Entry
    const usn = holder.links?.get(type)?.present.get(entry)
    holder.links?.get(type)?.present.delete(entry)
    if (usn !== undefined) sleeping.push({ type, holder, target: entry, usn })
  }
  entry.back = undefined
  for (const [type, set] of entry.links ?? []) {
    for (const [target, usn] of set.present) {
      dropBack({ type, holder: entry, target })
      sleeping.push({ type, holder: entry, target, usn })
    }
  }
  entry.links = undefined
  if (keep && sleeping.length > 0) entry.sleeping = [...(entry.sleeping ?? []), ...sleeping]
}

/** Brings the links of a restored entry back; those whose other end is deleted wait there. */
export function wakeLinks(entry: Entry): void {
  const sleeping = entry.sleeping ?? []
  entry.sleeping = undefined
  for (const link of sleeping) {
    const other = link.holder === entry ? link.target : link.holder
    if (!other.deleted) connect(link)
    else {
      other.sleeping ??= []
      other.sleeping.push(link)
    }
  }
}
