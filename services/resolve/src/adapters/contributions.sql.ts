/** Contributions as rows: what each object of a forest says about its identity. */
import type { Queryable, Tx } from '@canopy/chassis'
import { contribution } from '@canopy/proto'
import { isGrouped } from '../core/group-scope.ts'
import type { Member } from '../ports.ts'
import { encodeContribution } from './encode.ts'

type Contribution = contribution.Contribution

const scopeNumbers: Readonly<Record<string, number>> = { SCOPE_IN: 1, SCOPE_OUT: 2 }

/** What has to be locked before an identity may be touched. */
export interface Outline {
  readonly forest: string
  readonly guid: string
  readonly anchor: string
  readonly kind: string
  readonly sid: string
  readonly claims: readonly string[]
  readonly references: Readonly<Record<string, string>>
}

interface OutlineRow extends Record<string, unknown> {
  readonly forest: string
  readonly guid: string
  readonly anchor: string
  readonly kind: string
  readonly sid: string | null
  readonly claims: string[]
  readonly refs: string[]
}

const outlineColumns = 'c.forest, c.guid, c.anchor, c.kind, c.sid, c.claims, c.refs'

const outline = (row: OutlineRow): Outline => ({
  forest: row.forest,
  guid: row.guid,
  anchor: row.anchor,
  kind: row.kind,
  sid: row.sid ?? '',
  claims: row.claims,
  references: Object.fromEntries(row.refs.map((guid, n) => [String(n), guid])),
})

/** Every member of the identities that the objects belong to, and of `anchors`. */
export async function outlines(
  sql: Queryable,
  of: { readonly forests: readonly string[]; readonly guids: readonly string[]; readonly anchors: readonly string[] },
): Promise<Outline[]> {
  const rows = await sql.query<OutlineRow>(
    `with touched as (
       select c.anchor from unnest($1::text[], $2::uuid[]) b(forest, guid)
         join contribution c on c.forest = b.forest and c.guid = b.guid
       union select unnest($3::uuid[]))
     select ${outlineColumns} from touched t join contribution c on c.anchor = t.anchor`,
    [of.forests, of.guids, of.anchors],
  )
  return rows.map(outline)
}

/** The members of identities, whole. */
export async function members(sql: Queryable, anchors: readonly string[]): Promise<Member[]> {
  const rows = await sql.query<{ anchor: string; body: Uint8Array }>(
    'select c.anchor, c.body from unnest($1::uuid[]) a(anchor) join contribution c on c.anchor = a.anchor',
    [anchors],
  )
  return rows.map((row) => ({ anchor: row.anchor, contribution: contribution.Contribution.decode(row.body) }))
}

const columns = `forest, guid, version, kind, gone, scope, anchor, source_anchor, sid, created_at, dn, upn, mail, claims, refs, grouped, body`

const rows = `
  select b.forest, b.guid, b.version, b.kind, b.gone, b.scope, b.anchor, b.source_anchor, b.sid, b.created_at, b.dn, b.upn,
    b.mail, string_to_array(nullif(b.claims, ''), E'\\n'), string_to_array(nullif(b.refs, ''), ',')::uuid[], b.grouped, b.body
  from unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::bool[], $6::smallint[], $7::uuid[], $8::text[],
    $9::text[], $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bool[], $17::bytea[])
    as b(forest, guid, version, kind, gone, scope, anchor, source_anchor, sid, created_at, dn, upn, mail, claims, refs, grouped, body)`

const insert = (anchor: string): string => `
  insert into contribution as c (${columns})
  select forest, guid, version, kind, gone, scope, anchor, source_anchor, sid, created_at, dn, upn, mail,
    coalesce(claims, '{}'), coalesce(refs, '{}'), grouped, body
  from (${rows}) r(${columns})
  on conflict (forest, guid) do update set
    version = excluded.version, gone = excluded.gone, scope = excluded.scope, sid = excluded.sid,
    kind = case when excluded.gone then c.kind else excluded.kind end,
    anchor = case when excluded.gone then c.anchor else ${anchor} end,
    source_anchor = case when excluded.gone then c.source_anchor else excluded.source_anchor end,
    created_at = case when excluded.gone then c.created_at else excluded.created_at end,
    dn = excluded.dn, upn = excluded.upn, mail = excluded.mail, claims = excluded.claims, refs = excluded.refs,
    grouped = excluded.grouped, body = excluded.body
  where c.version < excluded.version
  returning c.forest, c.guid, c.anchor`

/** Anchors are already decided by the caller. */
const insertDecided = insert('excluded.anchor')

/** Until its identity is decided an object follows its kind and source anchor. */
const insertUndecided = insert(
  'case when c.kind = excluded.kind and exists (select from identity i where i.anchor = c.anchor) then c.anchor else excluded.anchor end',
)

/** Writes the newer ones; returns what was written, with the anchor it has now. */
export async function writeContributions(
  tx: Tx,
  written: readonly Member[],
  mode: 'decided' | 'undecided',
): Promise<{ forest: string; guid: string; anchor: string }[]> {
  if (written.length === 0) return []
  const all = written.map((one) => one.contribution)
  const text = (of: (one: Contribution) => string | undefined): (string | undefined)[] =>
    all.map((one) => of(one) || undefined)
  return tx.query<{ forest: string; guid: string; anchor: string }>(
    mode === 'decided' ? insertDecided : insertUndecided,
    [
      all.map((one) => one.forest),
      all.map((one) => one.guid),
      all.map((one) => one.version),
      all.map((one) => one.kind),
      all.map((one) => one.gone),
      all.map((one) => scopeNumbers[one.scope] ?? 0),
      written.map((one) => one.anchor),
      all.map((one) => one.sourceAnchor),
      text((one) => one.sid),
      all.map((one) => one.createdAt ?? new Date(0)),
      text((one) => one.dn.toLowerCase()),
      text((one) => one.attributes.userPrincipalName?.values[0]?.toLowerCase()),
      text((one) => one.attributes.mail?.values[0]?.toLowerCase()),
      all.map((one) => one.claims.join('\n')),
      all.map((one) => Object.values(one.references).join(',')),
      all.map(isGrouped),
      all.map((one) => encodeContribution(one)),
    ],
  )
}
