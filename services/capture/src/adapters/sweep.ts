/** Takes one chunk of a sweep: each in a transaction of its own, so that live changes go between them. */

import { isForeignPrincipal } from '../core/kind.ts'
import { type Location, Locations } from '../core/location.ts'
import { countObject, publishEdges, publishObject, type Unit } from './changes.ts'
import { retractAround, retractStale } from './edges.sql.ts'
import { haveChildren, loadChildren, loadMissing, loadObjects, loadPlaces, type StoredObject } from './objects.sql.ts'
import { addSweeps, moveSweep, type Sweep } from './sweeps.sql.ts'

const chunk = 1_000
/** Records are made of the stored bytes: the body need not be decoded. */
const noBody = { attributes: {}, references: {}, oversize: {} }

export async function sweepChunk(unit: Unit, sweep: Sweep): Promise<void> {
  switch (sweep.kind) {
    case 'path':
      return sweepPath(unit, sweep)
    case 'edges':
      return sweepEdges(unit, sweep)
    case 'missing':
      return sweepMissing(unit, sweep)
    case 'stale':
      return sweepStale(unit, sweep)
  }
}

/** Republishes what lies directly below; what lies below that gets a sweep of its own. */
async function sweepPath(unit: Unit, sweep: Sweep): Promise<void> {
  const { tx } = unit
  const { forest, domain } = sweep
  const children = await loadChildren(tx, { forest, parent: sweep.guid, after: sweep.after, limit: chunk })
  await raise(unit, children)
  const above = await haveChildren(
    tx,
    forest,
    children.map((child) => child.guid),
  )
  await addSweeps(
    tx,
    above.map((guid) => ({ forest, domain, kind: 'path', guid })),
  )
  await moveSweep(tx, sweep.id, children.length < chunk ? undefined : children.at(-1)!.guid)
}

/** A new version of each, published where it now is. */
async function raise(unit: Unit, objects: readonly StoredObject[]): Promise<void> {
  const { tx, partition, source } = unit
  const { forest } = partition
  if (objects.length === 0) return
  await tx.query('update object set version = version + 1 where forest = $1 and guid = any($2::uuid[])', [
    forest,
    objects.map((object) => object.guid),
  ])
  const parents = objects.flatMap(({ head }) => (head.parent === undefined ? [] : [head.parent]))
  const locations = new Locations(await loadPlaces(tx, forest, [...new Set(parents)]))
  for (const object of objects) {
    const state = { ...object.head, body: noBody }
    const location: Location = locations.of(state, state.rdn)
    const version = object.version + 1n
    publishObject(unit, { forest, guid: object.guid, version, gone: false, state, location, source }, object.body)
  }
}

async function sweepEdges(unit: Unit, sweep: Sweep): Promise<void> {
  const [object] = (await loadObjects(unit.tx, sweep.forest, [sweep.guid])).values()
  // Restored meanwhile: its memberships were read again.
  if (!object?.gone) return moveSweep(unit.tx, sweep.id, undefined)
  const changes = await retractAround(unit.tx, { forest: sweep.forest, ...around([object]), limit: chunk })
  publishEdges(unit, changes)
  await moveSweep(unit.tx, sweep.id, changes.length < chunk ? undefined : sweep.guid)
}

const around = (objects: readonly StoredObject[]): { groups: string[]; members: string[] } => ({
  groups: objects.map((object) => object.guid),
  members: objects.flatMap(({ guid, head }) =>
    isForeignPrincipal(head.classes) && head.sid !== '' ? [guid, head.sid] : [guid],
  ),
})

/** What a complete reading did not see is gone, with its memberships. */
async function sweepMissing(unit: Unit, sweep: Sweep): Promise<void> {
  const { tx, partition, source } = unit
  const { forest, domain, mark } = sweep
  const missing = await loadMissing(tx, { forest, domain, mark, limit: chunk })
  const guids = missing.map((object) => object.guid)
  await tx.query('update object set gone = true, version = version + 1 where forest = $1 and guid = any($2::uuid[])', [
    forest,
    guids,
  ])
  for (const object of missing) {
    countObject(partition, object.head.kind, object.body, -1)
    const state = { ...object.head, body: noBody }
    const location: Location = { path: [], dn: state.rdn }
    const version = object.version + 1n
    publishObject(unit, { forest, guid: object.guid, version, gone: true, state, location, source }, object.body)
  }
  const changes = await retractAround(tx, { forest, ...around(missing), limit: chunk * 10 })
  publishEdges(unit, changes)
  if (changes.length === chunk * 10)
    await addSweeps(
      tx,
      guids.map((guid) => ({ forest, domain, kind: 'edges', guid })),
    )
  await moveSweep(tx, sweep.id, missing.length < chunk ? undefined : 'more')
}

async function sweepStale(unit: Unit, sweep: Sweep): Promise<void> {
  const { forest, domain, mark, after } = sweep
  const { changes, last } = await retractStale(unit.tx, { forest, domain, mark, after, limit: chunk * 5 })
  publishEdges(unit, changes)
  await moveSweep(unit.tx, sweep.id, last)
}
