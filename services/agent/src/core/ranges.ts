/** Reads a member list that the server gives only in ranges, so that no member is missed while the list changes. */
import type { Directory, FeedEvent } from '../ports.ts'
import { memberParts } from './members.ts'

/** A list that changes under the reader is begun again; after this many times the next change will tell. */
const maxAttempts = 5

interface Listed {
  readonly guid: string
  readonly dn: string
}

/** From the start, whatever was seen of it: only then are all its ranges of one state. */
export async function* readMembers(directory: Directory, list: Listed): AsyncGenerator<FeedEvent> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) if (yield* readList(directory, list)) return
}

/** False: the object changed between two ranges, and members may have slipped through. */
async function* readList(directory: Directory, list: Listed): AsyncGenerator<FeedEvent, boolean> {
  let state: string | undefined
  let at: number | undefined = 0
  while (at !== undefined) {
    const range: MemberRange | undefined = await readRange(directory, list.guid, at)
    // The object is gone: its deletion says the rest, and what was its list must not look complete.
    if (!range) return true
    if (state !== undefined && range.state !== state) return false
    state = range.state
    const part = { added: range.values, removed: [], whole: true }
    const ends = { opens: at === 0, closes: range.next === undefined }
    for (const { entry, bytes } of memberParts(list, part, ends)) yield { type: 'entry', entry, bytes }
    at = range.next
  }
  return true
}

interface MemberRange {
  readonly values: readonly Buffer[]
  readonly next: number | undefined
  /** uSNChanged: it rises with every change of the object, also of its list. */
  readonly state: string
}

/** In ranges as large as the server allows; undefined when there is no such object. */
async function readRange(directory: Directory, guid: string, from: number): Promise<MemberRange | undefined> {
  let found: MemberRange | undefined
  for await (const entries of directory.search({
    base: `<GUID=${guid}>`,
    scope: 'base',
    filter: '(objectClass=*)',
    attributes: [`member;range=${from}-*`, 'uSNChanged'],
    controls: [{ type: 'extendedDn' }],
  })) {
    for (const { attributes } of entries) {
      const state =
        attributes.find(({ name }) => name.toLowerCase() === 'usnchanged')?.values[0]?.toString('latin1') ?? ''
      found = { values: [], next: undefined, state }
      for (const { name, values } of attributes) {
        const range = /^member(?:;range=\d+-(\d+|\*))?$/i.exec(name)
        if (!range || values.length === 0) continue
        const last = range[1] === undefined || range[1] === '*'
        found = { values, next: last ? undefined : Number(range[1]) + 1, state }
      }
    }
  }
  return found
}
