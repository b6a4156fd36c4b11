/** Gives links their ends where a directory tells them by distinguished name alone, as others than Active Directory do. */
import { createHash } from 'node:crypto'
import { canonicalDn } from '@canopy/domain'
import type { agent } from '@canopy/proto'
import type { Working } from './apply.ts'
import type { Unit } from './changes.ts'
import { resolveNames } from './names.sql.ts'

interface NamedLink {
  readonly holder: agent.Entry
  readonly link: agent.Link
}

function namedLinks(entries: readonly agent.Entry[]): NamedLink[] {
  const found: NamedLink[] = []
  for (const holder of entries) {
    for (const name in holder.links) {
      const { added, removed } = holder.links[name]!
      for (const link of added) if (isNamed(link)) found.push({ holder, link })
      for (const link of removed) if (isNamed(link)) found.push({ holder, link })
    }
  }
  return found
}

const isNamed = ({ guid, sid, dn }: agent.Link): boolean => guid === '' && sid === '' && dn !== ''

/**
 * Fills in the GUIDs of what is known, from the batch itself and from the store. A name that is nobody's is no link; it is
 * remembered, except where a reading from the start tells its links once more when it has seen everybody.
 */
export async function resolveLinks(unit: Unit, entries: readonly agent.Entry[]): Promise<void> {
  const links = namedLinks(entries)
  if (links.length === 0) return
  const { tx, partition, source } = unit
  const here = new Map<string, string>()
  for (const entry of entries) if (entry.dn !== '' && !entry.deleted) here.set(canonicalDn(entry.dn), entry.guid)
  const asked = new Set<string>()
  for (const { link } of links) asked.add(link.dn)
  const known = await resolveNames(tx, partition, [...asked])
  const awaited = new Map<string, NamedLink>()
  for (const named of links) {
    const name = canonicalDn(named.link.dn)
    const guid = here.get(name) ?? known.get(name)
    if (guid !== undefined) named.link.guid = guid
    else if (!source.snapshot || !named.holder.complete) awaited.set(`${named.holder.guid} ${name}`, named)
  }
  if (awaited.size === 0) return
  const rows = [...awaited.values()]
  await tx.query(
    `insert into awaited_name (forest, name, guid) select $1, n, g from unnest($2::text[], $3::uuid[]) as t(n, g)
     on conflict do nothing`,
    [partition.forest, rows.map(({ link }) => digest(canonicalDn(link.dn))), rows.map(({ holder }) => holder.guid)],
  )
}

/** Who has a link to a name that somebody took in this batch: to be read again. */
export async function takeAwaited(unit: Unit, objects: Iterable<Working>): Promise<string[]> {
  const { tx, partition } = unit
  if (partition.dialect !== 'syncrepl') return []
  const names: string[] = []
  for (const { named, dn, stored, state } of objects) {
    if (!named || dn === '' || !state) continue
    const isNew = !stored || stored.gone || stored.head.rdn !== state.rdn || stored.head.parent !== state.parent
    if (isNew) names.push(digest(canonicalDn(dn)))
  }
  if (names.length === 0) return []
  const rows = await tx.query<{ guid: string }>(
    'delete from awaited_name where forest = $1 and name = any($2::text[]) returning guid',
    [partition.forest, names],
  )
  return rows.map(({ guid }) => guid)
}

/** Names may be longer than what an index holds. */
const digest = (name: string): string => createHash('sha256').update(name).digest('hex')
