import type { Sql } from '@canopy/chassis'
import { type TestSql, testSql } from '@canopy/chassis/testing'
import { result } from '@canopy/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ReadResult, recordGap, recordResults } from './adapters/entries.sql.ts'
import { entriesBehind, type Question, queryEntries, startOfFollow } from './adapters/query.sql.ts'
import { sealHeads } from './adapters/seal.sql.ts'
import { verifyLog } from './adapters/verify.sql.ts'

const at = new Date('2026-11-22T10:00:00Z')
const anchor = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const resultOf = (n: number, over: Partial<result.Result> = {}): result.Result =>
  result.Result.fromPartial({
    id: `r${n}`,
    anchor: anchor(n),
    target: 'entra',
    kind: 'user',
    action: 'update',
    outcome: 'OUTCOME_DONE',
    cloudId: `cloud-${n}`,
    display: `Person ${n}`,
    at: new Date(at.getTime() + n * 1_000),
    changes: [{ attribute: 'displayName', oldValues: ['a'], newValues: ['b'] }],
    ...over,
  })
const readOf = (offset: bigint, of: result.Result): ReadResult => ({
  offset,
  result: of,
  body: result.Result.encode(of).finish(),
})
const read = (from: number, count: number): ReadResult[] =>
  Array.from({ length: count }, (_, n) => readOf(BigInt(from + n), resultOf(from + n)))
const question: Question = { object: '', since: undefined, after: 0n, limit: 100 }
const signal = new AbortController().signal

let store: TestSql
let sql: Sql
const record = (chain: number, results: readonly ReadResult[]) => sql.tx((tx) => recordResults(tx, chain, results))

beforeEach(async () => {
  store = await testSql('audit', new URL('../migrations/', import.meta.url))
  sql = store.sql
})
afterEach(() => store.close())

describe('recording', () => {
  it('inserts nothing twice when a batch is read again', async () => {
    expect(await record(0, read(0, 5))).toBe(5)
    expect(await record(0, read(0, 5))).toBe(0)
    expect(await record(0, read(3, 4))).toBe(2)
    const entries = await queryEntries(sql, question)
    expect(entries.map((entry) => entry.result?.id)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'])
  })

  it('makes the same hashes whatever the batches', async () => {
    await record(2, read(0, 7))
    const once = (await queryEntries(sql, question)).map((entry) => entry.hash)
    const other = await testSql('audit', new URL('../migrations/', import.meta.url))
    for (const part of [read(0, 2), read(2, 4), read(4, 3)]) await other.sql.tx((tx) => recordResults(tx, 2, part))
    expect((await queryEntries(other.sql, question)).map((entry) => entry.hash)).toEqual(once)
    await other.close()
    // SHA-256 over the chain's name, then over each hash and body: must never change.
    expect(once[0]).toBe('990c82b9ed35d2c5624a8e86f17e4957d1e0ff40864834f370e36d7ed94ad53f')
  })

  it('keeps chains apart', async () => {
    await record(0, read(0, 1))
    await record(1, read(0, 1))
    const [one, two] = await queryEntries(sql, question)
    expect(one?.hash).not.toBe(two?.hash)
  })

  it('takes two writers of one chain in turn', async () => {
    const second = await store.second()
    const both = [sql, second].map((each) => each.tx((tx) => recordResults(tx, 0, read(0, 200))))
    expect((await Promise.all(both)).sort()).toEqual([0, 200])
    expect(await verifyLog(sql, signal)).toMatchObject({ intact: true, entries: 200 })
  })

  it('records a gap in the chain, once', async () => {
    await record(0, read(0, 2))
    const gap = { chain: 0, from: 2n, to: 10n, at }
    expect(await sql.tx((tx) => recordGap(tx, gap))).toBe(true)
    expect(await sql.tx((tx) => recordGap(tx, gap))).toBe(false)
    expect(await record(0, read(9, 2))).toBe(1)
    const message = 'results 2 to 9 of partition 0 were removed before they were read'
    expect(await verifyLog(sql, signal)).toEqual({ entries: 4, intact: true, brokenAt: 0n, gaps: [message] })
    expect((await queryEntries(sql, question)).map((entry) => entry.result?.action)).toEqual([
      'update',
      'update',
      'gap',
      'update',
    ])
  })
})

describe('querying', () => {
  beforeEach(async () => {
    await record(0, read(0, 6))
    await record(1, [
      readOf(
        0n,
        resultOf(50, {
          action: 'addMember',
          display: 'Team 100%',
          otherAnchor: anchor(2),
          otherDisplay: 'Person 2',
        }),
      ),
    ])
  })
  const ids = async (over: Partial<Question>): Promise<(string | undefined)[]> =>
    (await queryEntries(sql, { ...question, ...over })).map((entry) => entry.result?.id)

  it('finds by anchor on either end, by cloud id and by part of a name', async () => {
    expect(await ids({ object: anchor(2) })).toEqual(['r2', 'r50'])
    expect(await ids({ object: 'cloud-3' })).toEqual(['r3'])
    expect(await ids({ object: 'erson 2' })).toEqual(['r2', 'r50'])
    expect(await ids({ object: '100%' })).toEqual(['r50'])
    expect(await ids({ object: '%' })).toEqual(['r50'])
    expect(await ids({ object: 'nobody' })).toEqual([])
  })

  it('gives the newest, those since a time, and pages onwards', async () => {
    expect(await ids({ limit: 2 })).toEqual(['r5', 'r50'])
    expect(await ids({ since: new Date(at.getTime() + 4_000) })).toEqual(['r4', 'r5', 'r50'])
    const first = await queryEntries(sql, { ...question, after: 1n, limit: 3 })
    expect(first.map((entry) => entry.result?.id)).toEqual(['r1', 'r2', 'r3'])
    expect(await ids({ after: first.at(-1)?.sequence ?? 0n })).toEqual(['r4', 'r5', 'r50'])
  })

  it('follows a chain whose transaction ends late without missing it', async () => {
    const { entries, positions } = await startOfFollow(sql, { ...question, limit: 1 }, 2)
    expect(entries.map((entry) => entry.result?.id)).toEqual(['r50'])
    const held = Promise.withResolvers<void>()
    const inserted = Promise.withResolvers<void>()
    const late = sql.tx(async (tx) => {
      await recordResults(tx, 0, read(6, 1))
      inserted.resolve()
      await held.promise
    })
    await inserted.promise
    await record(1, [readOf(1n, resultOf(51))])
    const advance = async (): Promise<(string | undefined)[]> => {
      const found = await entriesBehind(sql, question, positions)
      for (const { chain, offset } of found) positions.set(chain, offset)
      return found.map(({ entry }) => entry.result?.id)
    }
    expect(await advance()).toEqual(['r51'])
    held.resolve()
    await late
    expect(await advance()).toEqual(['r6'])
    expect(await advance()).toEqual([])
  })
})

describe('verifying', () => {
  const tampered = async (statement: string): Promise<bigint> => {
    await sql.query(statement)
    const verdict = await verifyLog(sql, signal)
    expect(verdict.intact).toBe(false)
    return verdict.brokenAt
  }
  beforeEach(async () => {
    await record(0, read(0, 1_500))
    await record(1, read(0, 10))
    await sealHeads(sql, at, 60_000)
  })

  it('finds a long log intact', async () => {
    expect(await verifyLog(sql, signal)).toEqual({ entries: 1_510, intact: true, brokenAt: 0n, gaps: [] })
  })
  it('finds a changed body', async () => {
    expect(await tampered(`update entry set body = body || '\\x4a00'::bytea where sequence = 1200`)).toBe(1200n)
  })
  it('finds a changed column', async () => {
    expect(await tampered(`update entry set display = 'Somebody else' where sequence = 3`)).toBe(3n)
  })
  it('finds a removed entry at the one behind it', async () => {
    expect(await tampered('delete from entry where sequence = 7')).toBe(8n)
  })
  it('finds a missing end', async () => {
    expect(await tampered('delete from entry where sequence = 1510')).toBe(1509n)
  })
  it('finds an end that was cut off together with its head', async () => {
    await sql.query('delete from entry where sequence = 1510')
    const head =
      'update head set entries = 9, next_offset = 9, hash = (select hash from entry where sequence = 1509) where chain = 1'
    await tampered(head)
  })
  it('finds a changed seal', async () => {
    await tampered('update seal set next_offsets[1] = 12')
  })
  it('finds an entry in a chain without a head', async () => {
    expect(await tampered('update entry set chain = 9 where sequence = 1501')).toBe(1501n)
  })
  it('stops when nobody waits any more', async () => {
    await expect(verifyLog(sql, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  })
})

describe('sealing', () => {
  it('seals what is new, once per interval', async () => {
    expect(await sealHeads(sql, at, 60_000)).toBeUndefined()
    await record(0, read(0, 3))
    expect(await sealHeads(sql, at, 60_000)).toBe(3n)
    await record(0, read(3, 3))
    expect(await sealHeads(sql, new Date(at.getTime() + 10_000), 60_000)).toBeUndefined()
    expect(await sealHeads(sql, new Date(at.getTime() + 60_000), 60_000)).toBe(6n)
    expect(await sealHeads(sql, new Date(at.getTime() + 120_000), 60_000)).toBeUndefined()
    expect(await verifyLog(sql, signal)).toMatchObject({ intact: true })
  })
})
