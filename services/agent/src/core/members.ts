/** Cuts member lists into entries that a batch can hold. */
import type { agent } from '@canopy/proto'
import type { Part } from '../ports.ts'

/** Links per entry: an object that has more travels as several. */
const maxLinks = 1000

/** A list as the directory told it: values not yet taken apart. */
export interface MemberList {
  readonly added: readonly Buffer[]
  readonly removed: readonly Buffer[]
  /** The added values are (part of) the whole list. */
  readonly whole: boolean
}

/** An extended DN ("<GUID=…>;<SID=…>;CN=…") or a plain one, whose optional UID (RFC 4517) is dropped. */
export function toLink(value: Buffer): agent.Link {
  let rest = value.toString('utf8')
  let guid = ''
  let sid = ''
  if (rest.charCodeAt(0) !== 0x3c) return { guid, sid, dn: rest.replace(/#'[01]*'B$/, '') }
  while (rest.startsWith('<')) {
    const end = rest.indexOf('>;')
    if (end < 0) break
    if (rest.startsWith('<GUID=')) guid = rest.slice(6, end).toLowerCase()
    else if (rest.startsWith('<SID=')) sid = rest.slice(5, end)
    rest = rest.slice(end + 2)
  }
  return { guid, sid, dn: rest }
}

/** Entries that say nothing but (part of) the list; at least one. */
export function* memberParts(
  of: { readonly guid: string; readonly dn: string },
  list: MemberList,
  { opens, closes }: { readonly opens: boolean; readonly closes: boolean },
): Generator<Part> {
  const count = Math.max(Math.ceil(list.added.length / maxLinks), Math.ceil(list.removed.length / maxLinks), 1)
  for (let n = 0; n < count; n++) {
    const added = list.added.slice(n * maxLinks, (n + 1) * maxLinks)
    const removed = list.removed.slice(n * maxLinks, (n + 1) * maxLinks)
    let bytes = 100
    for (const value of added) bytes += value.length + 8
    for (const value of removed) bytes += value.length + 8
    const member = {
      added: added.map(toLink),
      removed: removed.map(toLink),
      whole: list.whole,
      first: opens && n === 0,
      last: closes && n === count - 1,
    }
    const { guid, dn } = of
    yield {
      entry: { guid, dn, parentGuid: '', deleted: false, complete: false, attributes: {}, links: { member } },
      bytes,
    }
  }
}
