import { desired } from '@canopy/proto'

const states = ['never', 'live', 'held', 'left', 'gone']
export async function identities(sql, anchors) {
  const rows = await sql.query('select i.* from unnest($1::uuid[]) a(anchor) join identity i on i.anchor = a.anchor', [
    anchors,
  ])
  return new Map(rows.map((row) => [row.anchor, identity(row)]))
}
const identity = (row) => ({
  anchor: row.anchor,
  kind: row.kind,
  sourceAnchor: row.source_anchor,
  version: row.version,
  incarnation: row.incarnation,
  state: states[row.state] ?? 'never',
  members: row.members,
  digest: row.digest,
  desired: () => ({ ...desired.DesiredObject.decode(row.body), version: row.version }),
})
/** The caller has the locks of every identity it writes. */
export async function writeIdentities(tx, decided) {
  if (decided.length === 0) return
  const sorted = [...decided].sort((a, b) => (a.anchor < b.anchor ? -1 : 1))
  await tx.query(
    `insert into identity (anchor, kind, source_anchor, version, incarnation, state, members, digest, body)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::smallint[], $7::smallint[],
       $8::bytea[], $9::bytea[])
     on conflict (anchor) do update set version = excluded.version, incarnation = excluded.incarnation,
       state = excluded.state, members = excluded.members, digest = excluded.digest, body = excluded.body`,
    [
      sorted.map((one) => one.anchor),
      sorted.map((one) => one.kind),
      sorted.map((one) => one.sourceAnchor),
      sorted.map((one) => one.version),
      sorted.map((one) => one.incarnation),
      sorted.map((one) => states.indexOf(one.state)),
      sorted.map((one) => one.members),
      sorted.map((one) => one.digest),
      sorted.map((one) => one.body),
    ],
  )
}
//# sourceMappingURL=identities.sql.js.map
