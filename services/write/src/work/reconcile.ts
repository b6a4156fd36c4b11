/** Reads the whole tenant and compares it with what was applied; writes nothing. */
import type { Sql } from '@canopy/chassis'
import type { CloudObject } from '../ports.ts'
import type { Target } from './target.ts'

export interface Reconciliation {
  objectsRead: number
  equal: number
  differing: number
  missing: number
  foreign: number
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((v, i) => v === b[i])

export async function reconcile(sql: Sql, target: Target): Promise<Reconciliation> {
  const sum: Reconciliation = { objectsRead: 0, equal: 0, differing: 0, missing: 0, foreign: 0 }
  for (const kind of target.directory.capabilities.kinds) {
    let known = 0
    for await (const page of target.directory.list(kind)) {
      sum.objectsRead += page.length
      known += await comparePage(sql, page, sum)
    }
    const [row] = await sql.query<{ count: bigint }>(
      `select count(*) as count from link where state = 'live' and kind = $1`,
      [kind],
    )
    sum.missing += Math.max(0, Number(row?.count ?? 0n) - known)
  }
  return sum
}

async function comparePage(sql: Sql, page: readonly CloudObject[], sum: Reconciliation): Promise<number> {
  const links = await sql.query<{ cloud_id: string; applied: Record<string, string[]> }>(
    `select cloud_id, applied from link where cloud_id = any($1) and state = 'live'`,
    [page.map((object) => object.id)],
  )
  const applied = new Map(links.map((link) => [link.cloud_id, link.applied]))
  for (const object of page) {
    const written = applied.get(object.id)
    if (!written) sum.foreign++
    else if (Object.entries(written).every(([name, values]) => same(values, object.attributes[name] ?? values)))
      sum.equal++
    else sum.differing++
  }
  return links.length
}
