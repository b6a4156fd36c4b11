/** Finds partitions, containers and objects by what people call them. */
import { Failure, type Sql } from '@canopy/chassis'
import { canonicalDn, isGuid, parseGuid } from '@canopy/domain'
import type { capture, change } from '@canopy/proto'
import { Locations } from '../core/location.ts'
import { toRecord } from './body.ts'
import type { Hub } from './hub.ts'
import { resolveNames } from './names.sql.ts'
import { findByLookup, loadObjects, loadPage, loadPlaces, type StoredObject, stateOf } from './objects.sql.ts'
import { listPartitions, type PartitionRow } from './partitions.sql.ts'
import type { PartitionName } from './readings.sql.ts'
import type { Readings } from './readings.ts'

export interface RpcOptions {
  readonly sql: Sql
  readonly hub: Hub
  readonly readings: Readings
  readonly onPending: (of: PartitionName) => void
}

/** Of a forest, or all. Failure CANOPY-CAPTURE-0004: there is none. */
export async function partitionsOf(sql: Sql, forest: string): Promise<PartitionRow[]> {
  const found = (await listPartitions(sql)).filter((row) => forest === '' || row.forest === forest)
  if (found.length > 0) return found
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-CAPTURE-0004',
    message: forest === '' ? 'no forest is configured' : `there is no forest ${forest}`,
    mend: 'apply a configuration that names it',
  })
}

export async function resolveContainers(
  sql: Sql,
  forest: string,
  dns: readonly string[],
): Promise<Record<string, string>> {
  const guids: Record<string, string> = {}
  for (const row of await listPartitions(sql)) {
    if (row.forest !== forest) continue
    const found = await resolveNames(sql, row, dns)
    for (const dn of dns) {
      const guid = found.get(canonicalDn(dn))
      if (guid !== undefined) guids[dn] = guid
    }
  }
  return guids
}

const provenance: change.Source = {
  server: '',
  namingContext: '',
  epoch: 0n,
  batch: 0n,
  observedAt: undefined,
  snapshot: false,
}

export async function findObjects(sql: Sql, request: capture.FindObjectsRequest): Promise<change.DirectoryObject[]> {
  const limit = Math.min(request.limit || 20, 500)
  const found: (StoredObject & { readonly forest: string })[] = /^[A-Za-z.0-9-]+=.*,/.test(request.who)
    ? await findByName(sql, request)
    : await findByLookup(sql, { who: request.who, guid: parseGuid(request.who) ?? '', forest: request.forest, limit })
  const objects: change.DirectoryObject[] = []
  for (const object of found) objects.push(...(await recordsOf(sql, object.forest, [object])))
  return objects
}

const pageObjects = 500
/** Well below the longest message. */
const pageBytes = 4 * 1024 * 1024

/** A page of a forest. Failure CANOPY-CAPTURE-0008: `after` is no GUID. */
export async function listObjects(
  sql: Sql,
  { forest, after, limit }: capture.ListObjectsRequest,
): Promise<capture.ListObjectsResponse> {
  if (after !== '' && !isGuid(after)) {
    throw new Failure({ kind: 'permanent', code: 'CANOPY-CAPTURE-0008', message: 'the page begins behind a GUID' })
  }
  const most = Math.min(limit || pageObjects, pageObjects)
  const page = await loadPage(sql, { forest, after, limit: most, maxBytes: pageBytes })
  return { objects: await recordsOf(sql, forest, page), next: page.at(-1)?.guid ?? '' }
}

/** As they are published, but for where they were read. */
async function recordsOf(
  sql: Sql,
  forest: string,
  objects: readonly StoredObject[],
): Promise<change.DirectoryObject[]> {
  const parents = new Set(objects.flatMap(({ head }) => head.parent ?? []))
  const locations = new Locations(await loadPlaces(sql, forest, [...parents]))
  return objects.map((object) => {
    const { guid, version, gone } = object
    const state = stateOf(object)
    const location = locations.of(state, state.rdn)
    return toRecord({ forest, guid, version, gone, state, location, source: provenance })
  })
}

async function findByName(
  sql: Sql,
  { who, forest }: capture.FindObjectsRequest,
): Promise<(StoredObject & { forest: string })[]> {
  const found: (StoredObject & { forest: string })[] = []
  for (const row of await listPartitions(sql)) {
    if (forest !== '' && row.forest !== forest) continue
    const guids = [...(await resolveNames(sql, row, [who])).values()]
    for (const object of (await loadObjects(sql, row.forest, guids)).values())
      found.push({ ...object, forest: row.forest })
  }
  return found
}
