/** Appends results to their chain. */
import type { Tx } from '@canopy/chassis'
import { result } from '@canopy/proto'
import { extend, genesis } from '../core/chain.ts'
import type { Addition, Head, Link } from '../ports.ts'
import { sha256 } from './sha256.ts'

export interface ReadResult {
  readonly offset: bigint
  readonly result: result.Result
  /** The result as it came. */
  readonly body: Uint8Array
}

/** Returns how many were new. The head's lock makes every chain grow in order, whoever writes. */
export async function recordResults(tx: Tx, chain: number, read: readonly ReadResult[]): Promise<number> {
  return append(tx, await lockHead(tx, chain), read)
}

/** The action of the entry that stands for results nobody read. */
export const gapAction = 'gap'

/** Records that offsets `from` to `to` (not included) are gone; false when the chain is past them already. */
export async function recordGap(
  tx: Tx,
  gap: { readonly chain: number; readonly from: bigint; readonly to: bigint; readonly at: Date },
): Promise<boolean> {
  const head = await lockHead(tx, gap.chain)
  if (gap.to <= head.nextOffset) return false
  let from = gap.from
  if (from < head.nextOffset) from = head.nextOffset
  const entry = result.Result.fromPartial({
    id: `${gapAction}/${gap.chain}/${from}`,
    action: gapAction,
    outcome: result.Outcome.FAILED,
    display: 'gap in the log',
    code: 'CANOPY-AUDIT-0001',
    message: `results ${from} to ${gap.to - 1n} of partition ${gap.chain} were removed before they were read`,
    at: gap.at,
  })
  const offset = gap.to - 1n
  return (await append(tx, head, [{ offset, result: entry, body: result.Result.encode(entry).finish() }])) > 0
}

async function lockHead(tx: Tx, chain: number): Promise<Head> {
  const select = 'select next_offset, entries, hash from head where chain = $1 for update'
  type HeadRow = { next_offset: bigint; entries: bigint; hash: Buffer }
  let row = (await tx.query<HeadRow>(select, [chain]))[0]
  if (!row) {
    await tx.query(
      'insert into head (chain, next_offset, entries, hash) values ($1, 0, 0, $2) on conflict do nothing',
      [chain, genesis(sha256, chain)],
    )
    row = (await tx.query<HeadRow>(select, [chain]))[0]!
  }
  return { chain, nextOffset: row.next_offset, entries: row.entries, hash: row.hash }
}

async function append(tx: Tx, before: Head, additions: readonly (Addition & ReadResult)[]): Promise<number> {
  const { links, head } = extend(sha256, before, additions)
  if (links.length === 0) return 0
  await insertEntries(tx, head.chain, links)
  await tx.query('update head set next_offset = $2, entries = $3, hash = $4 where chain = $1', [
    head.chain,
    head.nextOffset,
    head.entries,
    head.hash,
  ])
  return links.length
}

/** Ordered, so that sequence numbers grow with the offsets of a chain. */
const insertEntries = (tx: Tx, chain: number, links: readonly (Link & ReadResult)[]): Promise<unknown> =>
  tx.query(
    `insert into entry (chain, topic_offset, anchor, cloud_id, other, display, other_display, at, action, outcome, body, previous, hash)
     select $1, v.topic_offset, v.anchor, v.cloud_id, v.other, v.display, v.other_display, v.at, v.action, v.outcome, v.body,
       v.previous, v.hash
     from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[],
       $10::text[], $11::bytea[], $12::bytea[], $13::bytea[])
       as v(topic_offset, anchor, cloud_id, other, display, other_display, at, action, outcome, body, previous, hash)
     order by v.topic_offset`,
    [
      chain,
      links.map((link) => link.offset),
      links.map((link) => link.result.anchor),
      links.map((link) => link.result.cloudId),
      links.map((link) => link.result.otherAnchor),
      links.map((link) => link.result.display),
      links.map((link) => link.result.otherDisplay),
      links.map((link) => entryTime(link.result)),
      links.map((link) => link.result.action),
      links.map((link) => link.result.outcome),
      links.map((link) => link.body),
      links.map((link) => link.previous),
      links.map((link) => link.hash),
    ],
  )

/** A result without a time sorts before everything. */
export const entryTime = (of: result.Result): Date => of.at ?? new Date(0)
