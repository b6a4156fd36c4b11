/** Applies entries of a directory to the connector space, all in the caller's transaction. */
import { canonicalDn, parentDn } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import { isForeignPrincipal } from '../core/kind.ts'
import { type Location, Locations } from '../core/location.ts'
import { mergeEntry } from '../core/merge.ts'
import { firstVersion, type ObjectState } from '../ports.ts'
import { digestValues, encodeBody, maxObjectBytes } from './body.ts'
import { countObject, publishEdges, publishObject, type Unit } from './changes.ts'
import { retractAround } from './edges.sql.ts'
import { resolveLinks, takeAwaited } from './link-names.ts'
import { applyLinks } from './links.ts'
import { resolveNames } from './names.sql.ts'
import {
  haveChildren,
  loadObjects,
  loadPlaces,
  markSeen,
  type ObjectWrite,
  type StoredObject,
  stateOf,
  writeObjects,
} from './objects.sql.ts'
import { noteReturned } from './returned.sql.ts'
import { addSweeps, type NewSweep } from './sweeps.sql.ts'

export interface ApplyOptions {
  readonly entries: readonly agent.Entry[]
  /** Whether what makes no sense alone is to be read whole; false for what was just read so. */
  readonly reread: boolean
  /** Whether a renamed container changes what is below it. */
  readonly namesMatter: boolean
}

export interface Applied {
  /** GUIDs to read whole. */
  readonly reread: readonly string[]
  readonly changed: number
  readonly oversized: number
}

/** Edges retracted with their object at once; more follow in chunks. */
const inlineEdges = 2_000

/** One object on its way through a batch. */
export interface Working {
  readonly guid: string
  readonly stored: StoredObject | undefined
  state: ObjectState | undefined
  gone: boolean
  /** The directory named it alive in this batch. */
  named: boolean
  deleted: boolean
  /** As the directory spelled it; for places that cannot be derived. */
  dn: string
}

export async function applyEntries(unit: Unit, options: ApplyOptions): Promise<Applied> {
  const { tx, partition } = unit
  const { forest } = partition
  await resolveLinks(unit, options.entries)
  const guids = [...new Set(options.entries.map((entry) => entry.guid))]
  const stored = await loadObjects(tx, forest, guids)
  const parents = await missingParents(unit, options.entries)
  const working = new Map<string, Working>()
  const reread = new Set<string>()
  for (const entry of options.entries) {
    const object = working.get(entry.guid) ?? startWorking(entry.guid, stored.get(entry.guid))
    working.set(entry.guid, object)
    step(unit, object, withParent(entry, parents), options.reread ? reread : undefined)
  }
  const result = await writeChanges(unit, [...working.values()], options)
  for (const guid of await takeAwaited(unit, working.values())) reread.add(guid)
  await applyLinks(unit, options.entries, working)
  const back = [...working.values()].filter(({ stored, gone }) => stored?.gone === true && !gone)
  await noteReturned(tx, partition, back)
  const deleted = [...working.values()].filter((object) => object.deleted && object.gone)
  await retractDeleted(unit, deleted)
  return { ...result, reread: [...reread] }
}

const startWorking = (guid: string, stored: StoredObject | undefined): Working => ({
  guid,
  stored,
  state: undefined,
  gone: stored?.gone ?? true,
  named: false,
  deleted: false,
  dn: '',
})

/** What one entry means for its object. */
function step({ partition }: Unit, object: Working, entry: agent.Entry, reread: Set<string> | undefined): void {
  const { stored } = object
  if (entry.deleted) {
    // A tombstone of a partition that the object has left says nothing.
    if (object.gone || (stored && !object.named && stored.domain !== partition.domain)) return
    object.state ??= stored ? stateOf(stored) : undefined
    object.gone = true
    object.deleted = true
    return
  }
  const restored = stored?.gone === true && !object.named
  if (restored && !entry.complete) {
    // What was stripped at the deletion is not told: only the whole object says what came back.
    reread?.add(object.guid)
    return
  }
  if (restored) reread?.add(object.guid)
  object.named = true
  object.dn = entry.dn || object.dn
  const quiet = !entry.complete && Object.keys(entry.attributes).length === 0
  // Said to be there, and nothing else: its name comes from what was told before.
  const unnamed = entry.dn === '' && object.state !== undefined
  if (quiet && (unnamed || (stored && object.state === undefined && sameNaming(stored, entry)))) {
    object.gone = false
    return
  }
  const before = object.state ?? (stored && !restored ? stateOf(stored) : undefined)
  const state = mergeEntry(before, entry, { namingContext: partition.naming_context, digest: digestValues })
  if (!state) {
    object.named = false
    reread?.add(object.guid)
    return
  }
  object.state = state
  object.gone = false
  object.deleted = false
}

/** An entry that brings links alone need not be merged; one that also shows another name must be. */
function sameNaming(stored: StoredObject, entry: agent.Entry): boolean {
  if (Object.keys(entry.links).some((name) => name !== 'member')) return false
  return entry.dn === '' || entry.dn === stored.head.rdn || entry.dn.startsWith(`${stored.head.rdn},`)
}

async function writeChanges(
  unit: Unit,
  objects: readonly Working[],
  options: ApplyOptions,
): Promise<{ changed: number; oversized: number }> {
  const { tx, partition } = unit
  const writes: { readonly object: Working; readonly write: ObjectWrite }[] = []
  const unchanged: string[] = []
  const oversized: { guid: string; bytes: number }[] = []
  for (const object of objects) {
    const write = toWrite(unit, object)
    if (write === undefined) {
      if (object.named && object.stored && object.stored.seen < partition.snapshot_mark) unchanged.push(object.guid)
    } else if (write.body.length > maxObjectBytes) {
      oversized.push({ guid: object.guid, bytes: write.body.length })
      if (object.stored) unchanged.push(object.guid)
      else object.state = undefined
    } else writes.push({ object, write })
  }
  // Before the rows are written: what this batch itself puts below a new container is published in its place anyway.
  const sweeps = await containerSweeps(unit, writes, options.namesMatter)
  await writeObjects(
    tx,
    partition.forest,
    writes.map(({ write }) => write),
  )
  await markSeen(tx, partition.forest, unchanged, partition.mark)
  await noteOversized(
    unit,
    oversized,
    writes.map(({ write }) => write.guid),
  )
  await publishWrites(unit, writes)
  await addSweeps(tx, sweeps)
  return { changed: writes.length, oversized: oversized.length }
}

/** Undefined when nothing that anybody reads changed. */
function toWrite({ partition }: Unit, { guid, stored, state, gone }: Working): ObjectWrite | undefined {
  if (!state) return undefined
  if (stored?.gone === true && gone) return undefined
  const body = encodeBody(state.body)
  if (stored && stored.gone === gone && stored.domain === partition.domain && sameState(stored, state, body))
    return undefined
  const version = stored ? stored.version + 1n : firstVersion
  return { guid, domain: partition.domain, gone, version, seen: partition.mark, state, body }
}

function sameState(stored: StoredObject, state: ObjectState, body: Uint8Array): boolean {
  const { head } = stored
  return (
    stored.body.equals(body) &&
    head.rdn === state.rdn &&
    head.parent === state.parent &&
    head.kind === state.kind &&
    head.sid === state.sid &&
    head.name === state.name &&
    head.classes.length === state.classes.length &&
    head.classes.every((name, n) => name === state.classes[n])
  )
}

async function publishWrites(
  unit: Unit,
  writes: readonly { readonly object: Working; readonly write: ObjectWrite }[],
): Promise<void> {
  const { tx, partition, source } = unit
  const { forest } = partition
  const parents = new Set<string>()
  for (const { write } of writes) if (write.state.parent !== undefined) parents.add(write.state.parent)
  const locations = new Locations(await loadPlaces(tx, forest, [...parents]))
  for (const { object, write } of writes) {
    const { guid, version, gone, state } = write
    if (object.stored && !object.stored.gone) countObject(partition, object.stored.head.kind, object.stored.body, -1)
    if (!gone) countObject(partition, state.kind, write.body, 1)
    const location: Location = locations.of(state, object.dn || state.rdn)
    publishObject(unit, { forest, guid, version, gone, state, location, source }, write.body)
  }
}

/** A container that moved, or came into being above objects that were there before it, changes their paths. */
async function containerSweeps(
  { tx, partition }: Unit,
  writes: readonly { readonly object: Working; readonly write: ObjectWrite }[],
  namesMatter: boolean,
): Promise<NewSweep[]> {
  const moved = writes.filter(({ object: { stored }, write: { state, gone } }) => {
    if (gone) return false
    if (!stored || stored.gone) return state.kind === 'container'
    return stored.head.parent !== state.parent || (namesMatter && stored.head.rdn !== state.rdn)
  })
  const above = await haveChildren(
    tx,
    partition.forest,
    moved.map(({ write }) => write.guid),
  )
  return above.map((guid) => ({ forest: partition.forest, domain: partition.domain, kind: 'path', guid }))
}

async function retractDeleted(unit: Unit, deleted: readonly Working[]): Promise<void> {
  const { tx, partition } = unit
  if (deleted.length === 0) return
  const groups = deleted.filter(({ state }) => state?.kind === 'group').map(({ guid }) => guid)
  const members = deleted.flatMap(memberNames)
  const changes = await retractAround(tx, { forest: partition.forest, groups, members, limit: inlineEdges })
  publishEdges(unit, changes)
  if (changes.length < inlineEdges) return
  await addSweeps(
    tx,
    deleted.map(({ guid }): NewSweep => ({ forest: partition.forest, domain: partition.domain, kind: 'edges', guid })),
  )
}

/** As member lists name it: by GUID, and a foreign principal by its SID. */
const memberNames = ({ guid, state }: Working): string[] =>
  state && isForeignPrincipal(state.classes) && state.sid !== '' ? [guid, state.sid] : [guid]

/** Some servers do not tell parentGUID: the parent is then found by its name. */
async function missingParents(
  { tx, partition }: Unit,
  entries: readonly agent.Entry[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Set<string>()
  for (const entry of entries) {
    if (entry.complete && entry.parentGuid === '' && !entry.deleted && entry.dn !== partition.naming_context)
      names.add(parentDn(entry.dn))
  }
  return names.size === 0 ? new Map() : resolveNames(tx, partition, [...names])
}

function withParent(entry: agent.Entry, parents: ReadonlyMap<string, string>): agent.Entry {
  if (parents.size === 0 || entry.parentGuid !== '') return entry
  const parentGuid = parents.get(canonicalDn(parentDn(entry.dn)))
  return parentGuid === undefined ? entry : { ...entry, parentGuid }
}

async function noteOversized(
  { tx, partition }: Unit,
  oversized: readonly { readonly guid: string; readonly bytes: number }[],
  written: readonly string[],
): Promise<void> {
  if (written.length > 0) {
    await tx.query('delete from set_aside where forest = $1 and guid = any($2::uuid[])', [partition.forest, written])
  }
  if (oversized.length === 0) return
  await tx.query(
    `insert into set_aside (forest, guid, bytes, reason)
     select $1, g, b, 'larger than ' || $4 || ' bytes' from unnest($2::uuid[], $3::int4[]) as t(g, b)
     on conflict (forest, guid) do update set bytes = excluded.bytes, at = now()`,
    [partition.forest, oversized.map((o) => o.guid), oversized.map((o) => o.bytes), String(maxObjectBytes)],
  )
}
