/** The digests of last contributions: which of a batch's contributions are new, and their versions. */
import type { Tx } from '@canopy/chassis'
import type { Candidate } from '../ports.ts'

interface Accepted extends Record<string, unknown> {
  readonly forest: string
  readonly guid: string
  readonly version: bigint
}

const firstVersion = 1n << 40n

const batch = `unnest($1::text[], $2::uuid[], $3::bytea[], $4::bigint[]) as b(forest, guid, digest, source_version)`

const upsert = `
  insert into digest as d (forest, guid, digest, version, source_version)
  select forest, guid, digest, ${firstVersion}, source_version from ${batch}
  on conflict (forest, guid) do update
    set digest = excluded.digest, version = d.version + 1, source_version = excluded.source_version
    where d.source_version <= excluded.source_version and d.digest <> excluded.digest
  returning forest, guid, version`

const update = `
  update digest as d set digest = b.digest, version = d.version + 1, source_version = b.source_version
  from ${batch}
  where d.forest = b.forest and d.guid = b.guid and d.source_version <= b.source_version and d.digest <> b.digest
  returning d.forest, d.guid, d.version`

/** Those that may say something new; the rest is as it was said last. */
export async function newsAmong(tx: Tx, candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
  if (candidates.length === 0) return []
  const rows = await tx.query<{ forest: string; guid: string }>(
    `select b.forest, b.guid from ${batch} left join digest d on d.forest = b.forest and d.guid = b.guid
     where d.digest is distinct from b.digest`,
    params(candidates),
  )
  const news = new Set(rows.map((row) => `${row.forest}/${row.guid}`))
  return candidates.filter((one) => news.has(key(one)))
}

const params = (some: readonly Candidate[]) => [
  some.map((one) => one.contribution.forest),
  some.map((one) => one.contribution.guid),
  some.map((one) => one.digest),
  some.map((one) => one.contribution.sourceVersion),
]

/** Versions of the candidates that say something new, by "forest/guid". Candidates are distinct and locked in key order. */
export async function accept(tx: Tx, candidates: readonly Candidate[]): Promise<ReadonlyMap<string, bigint>> {
  const accepted = new Map<string, bigint>()
  const run = async (text: string, some: readonly Candidate[]): Promise<void> => {
    if (some.length === 0) return
    const sorted = [...some].sort((a, b) => (key(a) < key(b) ? -1 : 1))
    const rows = await tx.query<Accepted>(text, params(sorted))
    for (const row of rows) accepted.set(`${row.forest}/${row.guid}`, row.version)
  }
  await run(
    upsert,
    candidates.filter((one) => !one.onlyIfKnown),
  )
  await run(
    update,
    candidates.filter((one) => one.onlyIfKnown),
  )
  return accepted
}

const key = (of: Candidate): string => `${of.contribution.forest}/${of.contribution.guid}`
