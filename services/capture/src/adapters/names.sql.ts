/** Finds objects by distinguished name: walks down from the head of the naming context, a level per statement. */
import type { Queryable } from '@canopy/chassis'
import { canonicalDn, splitDn } from '@canopy/domain'

export interface NamedPartition {
  readonly forest: string
  readonly naming_context: string
}

/** GUIDs by canonical DN; a name that is nobody's is left out. Deleted objects have no name. */
export async function resolveNames(
  sql: Queryable,
  { forest, naming_context }: NamedPartition,
  dns: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  if (naming_context === '' || dns.length === 0) return found
  const head = canonicalDn(naming_context)
  const headGuid = await findHead(sql, forest, head)
  if (headGuid === undefined) return found
  found.set(head, headGuid)
  const wanted = new Set(dns.map(canonicalDn))
  const paths = [...wanted].filter((dn) => dn.endsWith(`,${head}`))
  const levels = paths.map((dn) => ancestry(dn, head))
  const deepest = Math.max(0, ...levels.map((level) => level.length))
  for (let depth = 0; depth < deepest; depth++) {
    const asked = new Map<string, { parent: string; rdn: string }>()
    for (const level of levels) {
      const dn = level[depth]
      const above = depth === 0 ? head : level[depth - 1]
      const parent = above === undefined ? undefined : found.get(above)
      if (dn !== undefined && parent !== undefined) asked.set(dn, { parent, rdn: splitDn(dn)[0] ?? '' })
    }
    await resolveLevel(sql, forest, asked, found)
  }
  return new Map([...found].filter(([dn]) => wanted.has(dn)))
}

/** Canonical names from just below the head down to the name itself. */
function ancestry(dn: string, head: string): string[] {
  const parts = splitDn(dn.slice(0, -head.length - 1))
  return parts.map((_, n) => `${parts.slice(parts.length - 1 - n).join(',')},${head}`)
}

async function findHead(sql: Queryable, forest: string, head: string): Promise<string | undefined> {
  const rows = await sql.query<{ guid: string; rdn: string }>(
    'select guid, rdn from object where forest = $1 and parent is null and not gone and rdn_key like $2',
    [forest, `${(splitDn(head)[0] ?? '').replaceAll(/[\\%_]/g, '\\$&')}%`],
  )
  return rows.find((row) => canonicalDn(row.rdn) === head)?.guid
}

async function resolveLevel(
  sql: Queryable,
  forest: string,
  asked: ReadonlyMap<string, { readonly parent: string; readonly rdn: string }>,
  found: Map<string, string>,
): Promise<void> {
  if (asked.size === 0) return
  const rows = await sql.query<{ dn: string; guid: string }>(
    `select t.dn, o.guid from unnest($2::text[], $3::uuid[], $4::text[]) as t(dn, parent, rdn)
     join object o on o.forest = $1 and o.parent = t.parent and o.rdn_key = t.rdn and not o.gone`,
    [forest, [...asked.keys()], [...asked.values()].map((a) => a.parent), [...asked.values()].map((a) => a.rdn)],
  )
  for (const { dn, guid } of rows) found.set(dn, guid)
}
