import { randomUUID } from 'node:crypto'
import type { Incoming, Sql } from '@canopy/chassis'
import { testSql } from '@canopy/chassis/testing'
import { desired, topics } from '@canopy/proto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shardCount } from '../../core/shard.ts'
import { storeEdges } from './intake.sql.ts'
import { wakeEdges } from './link-lock.sql.ts'
import { recordLinks } from './record.sql.ts'
import { type EdgeRow, markEdgesSending, openTickets, pickEdges, settleAbandoned } from './work.sql.ts'

let store: Awaited<ReturnType<typeof testSql>>
let sql: Sql

beforeAll(async () => {
  store = await testSql('write', new URL('../../../migrations/', import.meta.url))
  sql = store.sql
})
afterAll(() => store?.close())

const edge = (group: string, member: string, version: bigint, present = true): Incoming<desired.DesiredEdge> => {
  const message = desired.DesiredEdge.fromPartial({ groupAnchor: group, memberAnchor: member, version, present })
  return {
    topic: topics.desiredEdges,
    partition: 0,
    offset: 0n,
    key: `${group}/${member}`,
    message,
    bytes: Buffer.alloc(0),
    headers: {},
    timeMs: 0,
  }
}

const link = async (...anchors: string[]): Promise<void> => {
  await sql.tx((tx) =>
    recordLinks(
      tx,
      anchors.map((anchor) => ({
        anchor,
        kind: 'user',
        cloudId: `cloud-${anchor}`,
        origin: 'created',
        state: 'live',
        display: anchor,
        applied: {},
      })),
    ),
  )
  await wakeEdges(sql, anchors)
}

const shards = Array.from({ length: shardCount }, (_, shard) => shard)

const due = async (group: string): Promise<EdgeRow[]> =>
  (await sql.tx((tx) => pickEdges(tx, { relation: 'member', shards, busy: [], limit: 100 }))).filter(
    (row) => row.owner === group,
  )

/** Sent, and its sender gone without a word: the ticket is past its deadline. */
async function sendAndVanish(rows: readonly EdgeRow[]): Promise<void> {
  await sql.tx(async (tx) => {
    await markEdgesSending(tx, rows)
    const { owner, other, version } = rows[0]!
    await openTickets(
      tx,
      [{ anchor: owner, other, action: 'addMembers', cloudId: undefined, changes: undefined, version }],
      -5_000,
    )
  })
}

describe('a membership', () => {
  it('waits until both ends are in the cloud', async () => {
    const [group, member] = [randomUUID(), randomUUID()]
    await sql.tx((tx) => storeEdges(tx, [edge(group, member, 1n)]))
    expect(await due(group)).toEqual([])
    await link(group)
    expect(await due(group)).toEqual([])
    await link(member)
    expect(await due(group)).toMatchObject([{ other: member, owner_id: `cloud-${group}`, other_id: `cloud-${member}` }])
  })

  it('whose sender is gone is sent again', async () => {
    const [group, member] = [randomUUID(), randomUUID()]
    await link(group, member)
    await sql.tx((tx) => storeEdges(tx, [edge(group, member, 1n)]))
    await sendAndVanish(await due(group))
    expect(await due(group)).toEqual([])
    await settleAbandoned(sql)
    expect(await due(group)).toMatchObject([{ other: member, present: true }])
  })

  it('that went while its addition was on the way, to a sender that is gone, is taken back', async () => {
    const [group, member] = [randomUUID(), randomUUID()]
    await link(group, member)
    await sql.tx((tx) => storeEdges(tx, [edge(group, member, 1n)]))
    await sendAndVanish(await due(group))
    await sql.tx((tx) => storeEdges(tx, [edge(group, member, 2n, false)]))
    await settleAbandoned(sql)
    expect(await due(group)).toMatchObject([
      { other: member, present: false, applied_owner: `cloud-${group}`, applied_other: `cloud-${member}` },
    ])
  })

  it('that went before anything was sent needs nothing', async () => {
    const [group, member] = [randomUUID(), randomUUID()]
    await link(group, member)
    await sql.tx((tx) => storeEdges(tx, [edge(group, member, 1n)]))
    await sql.tx((tx) => storeEdges(tx, [edge(group, member, 2n, false)]))
    expect(await due(group)).toEqual([])
  })
})
