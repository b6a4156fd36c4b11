/** Statements over the objects of the connector space. */

import type { Queryable } from '@canopy/chassis'
import { canonicalRdn } from '@canopy/domain'
import type { Counted } from '../core/guard.ts'
import type { Place } from '../core/location.ts'
import { kinds, type ObjectState } from '../ports.ts'
import { decodeBody } from './body.ts'

/** A row as it was read; the body stays bytes until somebody needs it. */
export interface StoredObject {
  readonly guid: string
  readonly domain: string
  readonly gone: boolean
  readonly version: bigint
  readonly seen: bigint
  readonly listMark: bigint
  readonly body: Buffer
  /** Without the body. */
  readonly head: Omit<ObjectState, 'body'>
}

interface ObjectRow extends Record<string, unknown> {
  guid: string
  domain: string
  kind: number
  gone: boolean
  version: bigint
  classes: string[]
  sid: string | null
  name: string
  rdn: string
  parent: string | null
  seen: bigint
  list_mark: bigint
  body: Buffer
}

const columns = 'guid, domain, kind, gone, version, classes, sid, name, rdn, parent, seen, list_mark, body'

const toStored = (row: ObjectRow): StoredObject => ({
  guid: row.guid,
  domain: row.domain,
  gone: row.gone,
  version: row.version,
  seen: row.seen,
  listMark: row.list_mark,
  body: row.body,
  head: {
    kind: kinds[row.kind] ?? 'other',
    classes: row.classes,
    sid: row.sid ?? '',
    name: row.name,
    rdn: row.rdn,
    parent: row.parent ?? undefined,
  },
})

export const stateOf = (stored: StoredObject): ObjectState => ({ ...stored.head, body: decodeBody(stored.body) })

/** Locks what it finds, in the order of the GUIDs. */
export async function loadObjects(
  tx: Queryable,
  forest: string,
  guids: readonly string[],
): Promise<Map<string, StoredObject>> {
  const rows = await tx.query<ObjectRow>(
    `select ${columns} from object where forest = $1 and guid = any($2::uuid[]) order by guid for update`,
    [forest, guids],
  )
  return new Map(rows.map((row) => [row.guid, toStored(row)]))
}

export interface ObjectWrite {
  readonly guid: string
  readonly domain: string
  readonly gone: boolean
  readonly version: bigint
  readonly seen: bigint
  readonly state: ObjectState
  readonly body: Uint8Array
}

export async function writeObjects(tx: Queryable, forest: string, writes: readonly ObjectWrite[]): Promise<void> {
  if (writes.length === 0) return
  const of = <T>(pick: (write: ObjectWrite) => T): T[] => writes.map(pick)
  await tx.query(
    `insert into object as o (forest, guid, domain, kind, gone, version, seen, classes, sid, name, rdn, rdn_key, parent,
       upn, mail, sam, body)
     select $1, guid, domain, kind, gone, version, seen, string_to_array(classes, ' '), nullif(sid, ''), name, rdn, rdn_key,
       nullif(parent, '')::uuid, nullif(upn, ''), nullif(mail, ''), nullif(sam, ''), body
     from unnest($2::uuid[], $3::text[], $4::int2[], $5::bool[], $6::int8[], $7::int8[], $8::text[], $9::text[], $10::text[],
       $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::bytea[])
       as t(guid, domain, kind, gone, version, seen, classes, sid, name, rdn, rdn_key, parent, upn, mail, sam, body)
     on conflict (forest, guid) do update set domain = excluded.domain, kind = excluded.kind, gone = excluded.gone,
       version = excluded.version, seen = excluded.seen, classes = excluded.classes, sid = excluded.sid,
       name = excluded.name, rdn = excluded.rdn, rdn_key = excluded.rdn_key, parent = excluded.parent, upn = excluded.upn,
       mail = excluded.mail, sam = excluded.sam, body = excluded.body`,
    [
      forest,
      of((w) => w.guid),
      of((w) => w.domain),
      of((w) => kinds.indexOf(w.state.kind)),
      of((w) => w.gone),
      of((w) => w.version),
      of((w) => w.seen),
      of((w) => w.state.classes.join(' ')),
      of((w) => w.state.sid),
      of((w) => clean(w.state.name)),
      of((w) => clean(w.state.rdn)),
      of((w) => clean(canonicalRdn(w.state.rdn))),
      of((w) => w.state.parent ?? ''),
      of((w) => lookup(w.state, 'userPrincipalName')),
      of((w) => lookup(w.state, 'mail')),
      of((w) => lookup(w.state, 'sAMAccountName')),
      of((w) => w.body),
    ],
  )
}

/** PostgreSQL's text holds no NUL. */
const clean = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text)

function lookup(state: ObjectState, attribute: string): string {
  const value = state.body.attributes[attribute]?.values[0]
  return value && value.length < 1024 ? clean(value.toString('utf8').toLowerCase()) : ''
}

/** Remembers that a reading saw them, where nothing else changed. */
export async function markSeen(tx: Queryable, forest: string, guids: readonly string[], mark: bigint): Promise<void> {
  if (guids.length === 0) return
  await tx.query('update object set seen = $3 where forest = $1 and guid = any($2::uuid[]) and seen < $3', [
    forest,
    guids,
    mark,
  ])
}

export async function setListMarks(tx: Queryable, forest: string, marks: ReadonlyMap<string, bigint>): Promise<void> {
  if (marks.size === 0) return
  await tx.query(
    `update object o set list_mark = t.mark from unnest($2::uuid[], $3::int8[]) as t(guid, mark)
     where o.forest = $1 and o.guid = t.guid`,
    [forest, [...marks.keys()], [...marks.values()]],
  )
}

/** Everything above, the parents included. */
export async function loadPlaces(
  tx: Queryable,
  forest: string,
  parents: readonly string[],
): Promise<Map<string, Place>> {
  if (parents.length === 0) return new Map()
  const rows = await tx.query<{ guid: string; parent: string | null; rdn: string }>(
    `with recursive up as (
       select guid, parent, rdn from object where forest = $1 and guid = any($2::uuid[])
       union
       select o.guid, o.parent, o.rdn from up join object o on o.forest = $1 and o.guid = up.parent
     ) select guid, parent, rdn from up`,
    [forest, parents],
  )
  return new Map(rows.map((row) => [row.guid, { parent: row.parent ?? undefined, rdn: row.rdn }]))
}

/** Which of these have something below them. */
export async function haveChildren(tx: Queryable, forest: string, guids: readonly string[]): Promise<string[]> {
  if (guids.length === 0) return []
  const rows = await tx.query<{ guid: string }>(
    `select g as guid from unnest($2::uuid[]) as g
     where exists (select 1 from object o where o.forest = $1 and o.parent = g and not o.gone)`,
    [forest, guids],
  )
  return rows.map((row) => row.guid)
}

/** Objects directly below a container, in order; for sweeps. */
export async function loadChildren(
  tx: Queryable,
  of: { readonly forest: string; readonly parent: string; readonly after: string; readonly limit: number },
): Promise<StoredObject[]> {
  const rows = await tx.query<ObjectRow>(
    `select ${columns} from object where forest = $1 and parent = $2::uuid and not gone
       and guid > coalesce(nullif($3, ''), '00000000-0000-0000-0000-000000000000')::uuid
     order by guid limit $4 for update`,
    [of.forest, of.parent, of.after, of.limit],
  )
  return rows.map(toStored)
}

/** Objects of a partition that a reading did not see. */
export async function loadMissing(
  tx: Queryable,
  of: { readonly forest: string; readonly domain: string; readonly mark: bigint; readonly limit: number },
): Promise<StoredObject[]> {
  const rows = await tx.query<ObjectRow>(
    `select ${columns} from object where forest = $1 and domain = $2 and not gone and seen < $3 order by guid limit $4 for update`,
    [of.forest, of.domain, of.mark, of.limit],
  )
  return rows.map(toStored)
}

/** By kind: how many are known, and how many of them carry an older mark. `guids`: only of these. */
export async function countMissing(
  tx: Queryable,
  forest: string,
  domain: string,
  mark: bigint,
  guids?: readonly string[],
): Promise<readonly Counted[]> {
  const rows = await tx.query<{ kind: number; known: bigint; missing: bigint }>(
    `select kind, count(*) as known, count(*) filter (where seen < $3) as missing
     from object where forest = $1 and domain = $2 and not gone and ($4::uuid[] is null or guid = any($4::uuid[]))
     group by kind`,
    [forest, domain, mark, guids ?? null],
  )
  return rows.map((row) => ({
    kind: kinds[row.kind] ?? 'other',
    known: Number(row.known),
    missing: Number(row.missing),
  }))
}

export interface ObjectPage {
  readonly forest: string
  /** GUID; empty: from the first. */
  readonly after: string
  readonly limit: number
  /** The page ends before the object whose body would exceed this, unless it is the first. */
  readonly maxBytes: number
}

/** What is there of a forest in the order of the GUIDs; nothing is locked. None: there is nothing behind `after`. */
export async function loadPage(sql: Queryable, of: ObjectPage): Promise<StoredObject[]> {
  const rows = await sql.query<ObjectRow>(
    `select ${columns} from (
       select *, sum(octet_length(body)) over (order by guid) as bytes, row_number() over (order by guid) as nth from (
         select ${columns} from object
         where forest = $1 and not gone and guid > coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid
         order by guid limit $3
       ) as page
     ) as measured
     where bytes <= $4 or nth = 1 order by guid`,
    [of.forest, of.after, of.limit, of.maxBytes],
  )
  return rows.map(toStored)
}

/** What people type: GUID, SID, UPN, mail or account name. Distinguished names are walked elsewhere. */
export async function findByLookup(
  sql: Queryable,
  of: { readonly who: string; readonly guid: string; readonly forest: string; readonly limit: number },
): Promise<(StoredObject & { readonly forest: string })[]> {
  const rows = await sql.query<ObjectRow & { forest: string }>(
    `select forest, ${columns} from object
     where ($4 = '' or forest = $4)
       and (guid = nullif($2, '')::uuid or sid = $1 or upn = lower($1) or mail = lower($1) or sam = lower($1))
     order by gone, forest, guid limit $3`,
    [of.who, of.guid, of.limit, of.forest],
  )
  return rows.map((row) => ({ ...toStored(row), forest: row.forest }))
}
