/** Recomputes the chains and the seals, page by page: what was changed, removed or added later does not fit. */
import type { Sql } from '@canopy/chassis'
import { type audit, result } from '@canopy/proto'
import { genesis, linkHash, sameBytes, sealRoot } from '../core/chain.ts'
import { entryTime, gapAction } from './entries.sql.ts'
import type { SealRow } from './seal.sql.ts'
import { sha256 } from './sha256.ts'

const pageSize = 1_000

interface EntryRow extends Record<string, unknown> {
  readonly sequence: bigint
  readonly topic_offset: bigint
  readonly anchor: string
  readonly cloud_id: string
  readonly other: string
  readonly display: string
  readonly other_display: string
  readonly at: Date
  readonly action: string
  readonly outcome: string
  readonly body: Buffer
  readonly previous: Buffer
  readonly hash: Buffer
}

interface ChainVerdict {
  readonly entries: number
  /** Sequence of the first entry that does not fit; of the last one where the end is missing. */
  readonly brokenAt: bigint | undefined
  readonly gaps: readonly string[]
}

/** Memory is bounded by a page. Throws the signal's reason when it is aborted. */
export async function verifyLog(sql: Sql, signal: AbortSignal): Promise<audit.VerifyResponse> {
  const heads = await sql.query<HeadRow>('select chain, next_offset, entries, hash from head order by chain')
  const verdicts: ChainVerdict[] = []
  for (const head of heads) verdicts.push(await verifyChain(sql, head, signal))
  const orphans = await sql.query<{ sequence: bigint }>(
    'select min(sequence) as sequence from entry where chain <> all($1) having count(*) > 0',
    [heads.map((head) => head.chain)],
  )
  const broken = [...verdicts.map((verdict) => verdict.brokenAt), orphans[0]?.sequence, await brokenSeal(sql, signal)]
  const found = broken.filter((at) => at !== undefined).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  // 0 stands for an entry that is no longer there: one that is tells more.
  const first = found.find((at) => at > 0n) ?? found[0]
  return {
    entries: verdicts.reduce((sum, verdict) => sum + verdict.entries, 0),
    intact: first === undefined,
    brokenAt: first ?? 0n,
    gaps: verdicts.flatMap((verdict) => verdict.gaps),
  }
}

type HeadRow = { readonly chain: number; readonly next_offset: bigint; readonly entries: bigint; readonly hash: Buffer }

async function verifyChain(sql: Sql, head: HeadRow, signal: AbortSignal): Promise<ChainVerdict> {
  let previous: Uint8Array = genesis(sha256, head.chain)
  let seen = -1n
  let last = 0n
  let entries = 0
  const gaps: string[] = []
  for (;;) {
    signal.throwIfAborted()
    const rows = await sql.query<EntryRow>(
      `select sequence, topic_offset, anchor, cloud_id, other, display, other_display, at, action, outcome, body, previous, hash
       from entry where chain = $1 and topic_offset > $2 and topic_offset < $3 order by topic_offset limit ${pageSize}`,
      [head.chain, seen, head.next_offset],
    )
    for (const row of rows) {
      if (!fits(row, previous)) return { entries, brokenAt: row.sequence, gaps }
      entries++
      previous = row.hash
      if (row.action === gapAction) gaps.push(result.Result.decode(row.body).message)
    }
    const end = rows.at(-1)
    if (end) [seen, last] = [end.topic_offset, end.sequence]
    if (rows.length < pageSize) break
  }
  // Sequence 0 when the chain has lost every entry.
  const whole = BigInt(entries) === head.entries && sameBytes(previous, head.hash)
  return { entries, brokenAt: whole ? undefined : last, gaps }
}

/** The columns are copies for searching: they must say what the body says. */
function fits(row: EntryRow, previous: Uint8Array): boolean {
  if (!sameBytes(row.previous, previous) || !sameBytes(row.hash, linkHash(sha256, previous, row.body))) return false
  const body = result.Result.decode(row.body)
  return (
    body.anchor === row.anchor &&
    body.cloudId === row.cloud_id &&
    body.otherAnchor === row.other &&
    body.display === row.display &&
    body.otherDisplay === row.other_display &&
    body.action === row.action &&
    body.outcome === row.outcome &&
    entryTime(body).getTime() === row.at.getTime()
  )
}

/** A chain that was written anew from some entry on has other hashes than the seals over it. */
async function brokenSeal(sql: Sql, signal: AbortSignal): Promise<bigint | undefined> {
  let previous: Uint8Array = new Uint8Array()
  let seen = 0n
  for (;;) {
    signal.throwIfAborted()
    const seals = await sql.query<SealRow>(
      `select id, chains, next_offsets, hashes, root from seal where id > $1 order by id limit ${pageSize}`,
      [seen],
    )
    for (const seal of seals) {
      const heads = seal.chains.map((chain, index) => ({
        chain,
        nextOffset: seal.next_offsets[index] ?? 0n,
        hash: Buffer.from(seal.hashes[index] ?? '', 'hex'),
      }))
      if (!sameBytes(seal.root, sealRoot(sha256, previous, heads))) return sealedFrom(sql, seal)
      previous = seal.root
    }
    const broken = await sealsWithoutEntry(sql, seals)
    if (broken !== undefined) return broken
    seen = seals.at(-1)?.id ?? seen
    if (seals.length < pageSize) return undefined
  }
}

/** One statement per page: a sealed head must still be the hash of the entry at its place. */
async function sealsWithoutEntry(sql: Sql, seals: readonly SealRow[]): Promise<bigint | undefined> {
  const places = seals.flatMap((seal) =>
    seal.chains.map((chain, index) => ({
      chain,
      next: seal.next_offsets[index] ?? 0n,
      hash: seal.hashes[index] ?? '',
    })),
  )
  const rows = await sql.query<{ sequence: bigint }>(
    `select coalesce(entry.sequence, 0) as sequence
     from unnest($1::int[], $2::bigint[], $3::text[]) as v(chain, next, hash)
     left join entry on entry.chain = v.chain and entry.topic_offset = v.next - 1
     where v.next > 0 and (entry.hash is null or encode(entry.hash, 'hex') <> v.hash) order by 1 limit 1`,
    [places.map((place) => place.chain), places.map((place) => place.next), places.map((place) => place.hash)],
  )
  return rows[0]?.sequence
}

async function sealedFrom(sql: Sql, seal: SealRow): Promise<bigint> {
  const rows = await sql.query<{ sequence: bigint }>(
    `select entry.sequence from unnest($1::int[], $2::bigint[]) as v(chain, next)
     join entry on entry.chain = v.chain and entry.topic_offset = v.next - 1 order by 1 limit 1`,
    [seal.chains, seal.next_offsets],
  )
  return rows[0]?.sequence ?? 0n
}
