import { topics } from '@canopy/proto'

const firstVersion = 1n << 40n
/** Assigned once by nature, so it needs no row: the identity is its row. */
export function putAnchor(out, of, at) {
  const id = `anchor/${of.anchor}`
  const body = { $case: 'anchorAssigned', value: of }
  out.put(topics.decisions, id, { id, version: firstVersion, revoked: false, body, at, reason: 'first object' })
}
/** The last of several decisions on one id counts. */
export async function writeDecisions(tx, out, decisions, at) {
  if (decisions.length === 0) return
  const last = new Map(decisions.map((one) => [one.id, one]))
  const ids = [...last.keys()].sort()
  const rows = await tx.query(
    `insert into decision as d (id, version, revoked)
     select id, ${firstVersion}, revoked from unnest($1::text[], $2::bool[]) b(id, revoked)
     on conflict (id) do update set version = d.version + 1, revoked = excluded.revoked returning id, version`,
    [ids, ids.map((id) => last.get(id).revoked ?? false)],
  )
  for (const { id, version } of rows) {
    const { body, reason, revoked = false } = last.get(id)
    out.put(topics.decisions, id, { id, version, revoked, body, at, reason })
  }
}
/** Of these claims, the ones a decision names a winner of. */
export async function decidedClaims(tx, claims) {
  if (claims.length === 0) return []
  const rows = await tx.query(
    'select d.id from unnest($1::text[]) b(id) join decision d on d.id = b.id where not d.revoked',
    [claims.map((claim) => `claim/${claim}`)],
  )
  return rows.map((row) => row.id.slice('claim/'.length))
}
//# sourceMappingURL=decisions.sql.js.map
