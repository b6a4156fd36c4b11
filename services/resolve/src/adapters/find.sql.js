import { parseGuid, splitClaim } from '@canopy/domain'
import { stampVersions } from '../core/merge.js'
import { members } from './contributions.sql.js'
import { caseId } from './hash.js'
import { identities } from './identities.sql.js'
/** Identities that an anchor, "<forest>/<guid>", GUID, DN, UPN, mail address or source anchor names. */
export async function findIdentities(sql, who, limit) {
  const anchors = await anchorsOf(sql, who.trim(), limit)
  const found = await identities(sql, anchors)
  const all = await members(sql, anchors)
  const lost = await sql.query('select claim, loser from conflict where loser = any($1::uuid[]) order by 1', [anchors])
  return anchors.flatMap((anchor) => {
    const identity = found.get(anchor)
    const contributions = all.filter((member) => member.anchor === anchor).map((member) => member.contribution)
    if (!identity && contributions.length === 0) return []
    const desired = identity && identity.state !== 'never' ? identity.desired() : undefined
    if (desired) stampVersions(desired.attributes, contributions)
    return {
      desired,
      contributions,
      conflicts: lost.filter((row) => row.loser === anchor).map((row) => caseId(row.claim, row.loser)),
    }
  })
}
async function anchorsOf(sql, who, limit) {
  const slash = who.indexOf('/')
  const forest = slash > 0 && parseGuid(who.slice(slash + 1)) ? who.slice(0, slash).toLowerCase() : undefined
  const guid = parseGuid(forest === undefined ? who : who.slice(slash + 1))
  const name = who.toLowerCase()
  const rows = await sql.query(
    `select distinct anchor from (
       select anchor from contribution where guid = $1::uuid and ($2::text is null or forest = $2)
       union all select anchor from identity where anchor = $1::uuid and $2::text is null
       union all select anchor from contribution where dn = $3
       union all select anchor from contribution where upn = $3
       union all select anchor from contribution where mail = $3
       union all select anchor from contribution where source_anchor = $4) a
     order by 1 limit $5`,
    [guid, forest, name, who, limit],
  )
  return rows.map((row) => row.anchor)
}
/** The oldest values first, by name; both sides with the object that brings the value. */
export async function listConflicts(sql, limit) {
  const source = (anchor) => `(
    select c.forest || ': ' || coalesce(c.dn, c.guid::text) from contribution c where c.anchor = ${anchor} and not c.gone
    order by x.claim = any (c.claims) desc, c.created_at, c.guid limit 1)`
  const rows = await sql.query(
    `select x.claim, x.loser, x.effect, k.anchor as winner, ${source('k.anchor')} as ws, ${source('x.loser')} as ls
     from conflict x join claim k on k.claim = x.claim order by x.claim, x.loser limit $1`,
    [limit],
  )
  const [count] = await sql.query('select count(*) as total from conflict')
  const conflicts = rows.map((row) => ({
    id: caseId(row.claim, row.loser),
    ...splitClaim(row.claim),
    winner: row.winner,
    loser: row.loser,
    winnerSource: row.ws ?? '',
    loserSource: row.ls ?? '',
    effect: row.effect,
  }))
  return { conflicts, total: Number(count?.total ?? 0n) }
}
export async function countConflicts(sql) {
  const [row] = await sql.query('select count(*) as total from conflict')
  return Number(row?.total ?? 0n)
}
//# sourceMappingURL=find.sql.js.map
