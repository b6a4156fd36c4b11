/**
 * Memberships and links meet under one lock: whoever decides by a link that an edge waits holds it shared until its commit,
 * whoever wakes the edges of links that were committed before holds it alone. Without it an edge and its last link, committed
 * at the same moment, do not see each other and the edge waits for ever.
 */
import type { Sql, Tx } from '@canopy/chassis'

const lock = `hashtext('canopy.write.links')`

/** First in a transaction, before any row. */
export const readingLinks = (tx: Tx): Promise<unknown> => tx.query(`select pg_advisory_xact_lock_shared(${lock})`)

const bothEnds = `present and edge.relation in ('member', 'manager') and edge.state in ('waiting', 'done')
  and lo.anchor = edge.owner and lo.state = 'live' and lm.anchor = edge.other and lm.state = 'live'
  and (edge.applied_owner is distinct from lo.cloud_id or edge.applied_other is distinct from lm.cloud_id)`

const wake = `update edge set state = 'due', due_at = now(), attempts = 0 from link lo, link lm where`

/** Memberships and managers that waited for one of these links become due. Call it once the links are committed. */
export async function wakeEdges(sql: Sql, anchors: readonly string[]): Promise<void> {
  if (anchors.length === 0) return
  await sql.tx(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${lock})`)
    await tx.query(`${wake} edge.owner = any($1) and ${bothEnds}`, [anchors])
    await tx.query(`${wake} edge.other = any($1) and ${bothEnds}`, [anchors])
  })
}

/** The same for every edge that waits: at the start, for links that were committed just before a kill. */
export const wakeAllEdges = (sql: Sql): Promise<void> =>
  sql.tx(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${lock})`)
    await tx.query(`${wake} edge.state = 'waiting' and ${bothEnds}`)
  })
