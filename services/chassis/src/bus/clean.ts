/** Forgets what is past its time on the PostgreSQL bus: whole old segments, or older values of a key. */
import type { Sql } from '../sql/sql.ts'
import type { StoredRecord } from './bus.ts'
import {
  type CleanPartition,
  cleanPartitions,
  compactable,
  deleteSegments,
  markCleaned,
  mergeSegments,
  rewriteSegment,
  type StoredSegmentRow,
  segmentSizes,
  segmentsBackwards,
} from './clean.sql.ts'
import { keyHash } from './partition.ts'
import { decodeSegment, encodeCompacted, maxSegmentBytes } from './segment.ts'

const hourMs = 3_600_000

export interface CleanOptions {
  readonly now: () => Date
  /** Records of `delete` topics go after it; default 7 days. */
  readonly retentionMs?: number
  /** Younger segments of `compact` topics stay as they are; default 1 hour. */
  readonly minAgeMs?: number
  /** The newest segments of each partition stay as they are; default 2. */
  readonly keepNewest?: number
  /** A record without a value that is the newest of its key stays this long; default 24 hours. */
  readonly forgetMs?: number
  /** A partition is compacted when this share of its records is new since the last time; default 0.1. */
  readonly dirtyShare?: number
  /** Keys held in memory at once; a partition with more is read in several passes. Default 100,000. */
  readonly keysPerPass?: number
}

export async function cleanTopics(sql: Sql, options: CleanOptions): Promise<void> {
  for (const at of await cleanPartitions(sql)) {
    if (at.cleanup === 'delete') await dropOld(sql, at, options)
    else await compact(sql, at, options)
  }
}

async function dropOld(
  sql: Sql,
  at: CleanPartition,
  { now, retentionMs = 7 * 24 * hourMs }: CleanOptions,
): Promise<void> {
  const before = new Date(now().getTime() - retentionMs)
  let gone: number
  do gone = await deleteSegments(sql, at, before)
  while (gone > 0)
}

async function compact(sql: Sql, at: CleanPartition, options: CleanOptions): Promise<void> {
  const { now, minAgeMs = hourMs, keepNewest = 2, dirtyShare = 0.1, keysPerPass = 100_000 } = options
  const found = await compactable(sql, at, { before: new Date(now().getTime() - minAgeMs), keepNewest })
  if (found === undefined) return
  const fresh = Number(found.to + 1n - at.cleaned)
  if (fresh <= 0 || fresh < found.records * dirtyShare) return
  const passes = Math.ceil(found.records / keysPerPass)
  let complete = true
  for (let pass = 0; pass < passes; pass++) {
    const mine = passes === 1 ? () => true : (key: string) => keyHash(key) % passes === pass
    complete = (await dropSuperseded(sql, at, { to: found.to, mine, options })) && complete
  }
  await mergeSmall(sql, at, found.to)
  // What a run did not finish is done again; only then may what forgets a key go too.
  if (complete) await markCleaned(sql, at, found.to + 1n)
}

interface Pass {
  readonly to: bigint
  readonly mine: (key: string) => boolean
  readonly options: CleanOptions
}

/** From the newest record backwards: whatever has a newer one of its key goes. False when somebody else was at it. */
async function dropSuperseded(sql: Sql, at: CleanPartition, { to, mine, options }: Pass): Promise<boolean> {
  const forgetBefore = options.now().getTime() - (options.forgetMs ?? 24 * hourMs)
  const seen = new Set<string>()
  let complete = true
  let cursor: bigint | undefined = 2n ** 62n
  while (cursor !== undefined) {
    const segments = await segmentsBackwards(sql, at, cursor)
    for (const segment of segments) {
      const records = decodeSegment(segment.baseOffset, segment.data)
      const old = segment.createdAt.getTime() < forgetBefore
      const kept: StoredRecord[] = []
      for (const record of records.reverse()) {
        const superseded = mine(record.key) && seen.has(record.key)
        // Values older than this one went in an earlier run that came to its end: nothing can come back to life.
        const forgotten = old && record.value === undefined && record.offset < at.cleaned && mine(record.key)
        if (mine(record.key)) seen.add(record.key)
        if (!superseded && !forgotten) kept.push(record)
      }
      if (segment.lastOffset > to || kept.length === segment.count) continue
      complete = (await rewrite(sql, at, { segment, kept: kept.reverse() })) && complete
    }
    cursor = segments.at(-1)?.lastOffset
  }
  return complete
}

function rewrite(
  sql: Sql,
  at: CleanPartition,
  { segment, kept }: { segment: StoredSegmentRow; kept: readonly StoredRecord[] },
): Promise<boolean> {
  const data = kept.length === 0 ? undefined : encodeCompacted(segment.baseOffset, kept)
  return rewriteSegment(sql, at, { of: segment, count: kept.length, data })
}

/** Compaction leaves many small segments: neighbours become one. */
async function mergeSmall(sql: Sql, at: CleanPartition, to: bigint): Promise<void> {
  let from = 0n
  for (;;) {
    const sizes = await segmentSizes(sql, at, { from, to })
    let run: bigint[] = []
    let bytes = 0
    const flush = async (): Promise<void> => {
      if (run.length > 1) await mergeSegments(sql, at, { lastOffsets: run, merge })
      run = []
      bytes = 0
    }
    for (const segment of sizes) {
      if (bytes + segment.bytes > maxSegmentBytes) await flush()
      run.push(segment.lastOffset)
      bytes += segment.bytes
    }
    await flush()
    const last = sizes.at(-1)
    if (last === undefined || sizes.length < 2) return
    from = last.lastOffset + 1n
  }
}

function merge(rows: readonly StoredSegmentRow[]): Buffer {
  const records = rows.flatMap((row) => decodeSegment(row.baseOffset, row.data))
  return encodeCompacted(rows[0]?.baseOffset ?? 0n, records)
}
