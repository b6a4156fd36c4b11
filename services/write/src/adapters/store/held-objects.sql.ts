/** Objects that are held by what they are, not by a guard: a configuration or the directory releases them, no approval. */
import type { Queryable } from '@canopy/chassis'
import { desired, type write } from '@canopy/proto'

/** Codes of rows in conflict that are not holds: two that want one value, or a cloud that somebody else changed. */
export const isHoldCode = "code is not null and code not in ('conflict', 'scopeUnknown', 'exists', 'deletedInCloud')"

interface Row extends Record<string, unknown> {
  readonly anchor: string
  readonly kind: string
  readonly code: string
  readonly reason: string | null
  readonly version: bigint
  readonly body: Uint8Array
  readonly at: Date | null
}

export interface HeldObjects {
  readonly held: readonly write.Held[]
  /** Of all, also those beyond the limit. */
  readonly total: number
}

/** `targetOf`: the target that an object of a kind goes to. */
export async function heldObjects(
  sql: Queryable,
  limit: number,
  targetOf: (kind: string) => string,
): Promise<HeldObjects> {
  const [count] = await sql.query<{ total: bigint }>(
    `select count(*) as total from desired where state = 'conflict' and ${isHoldCode}`,
  )
  const rows = await sql.query<Row>(
    `select anchor, kind, code, reason, version, body, coalesce(differs_since, observed_at) as at from desired
     where state = 'conflict' and ${isHoldCode} order by at nulls last, anchor limit $1`,
    [limit],
  )
  const held = rows.map((row) => ({
    id: '',
    target: targetOf(row.kind),
    class: row.code,
    anchor: row.anchor,
    display: desired.DesiredObject.decode(row.body).attributes.displayName?.values[0] ?? row.anchor,
    reason: row.reason ?? '',
    version: row.version,
    at: row.at ?? undefined,
  }))
  return { held, total: Number(count?.total ?? 0n) }
}
