/** Seals: one root over the heads of all chains, each over the one before. */
import type { Sql } from '@canopy/chassis'
import { sealRoot } from '../core/chain.ts'
import type { Head } from '../ports.ts'
import { sha256 } from './sha256.ts'

export interface SealRow extends Record<string, unknown> {
  readonly id: bigint
  readonly chains: readonly number[]
  readonly next_offsets: readonly bigint[]
  readonly hashes: readonly string[]
  readonly root: Buffer
}

/** Entries under the new seal; undefined when another process was first or nothing was recorded since. */
export const sealHeads = (sql: Sql, at: Date, intervalMs: number): Promise<bigint | undefined> =>
  sql.tx(
    async (tx) => {
      const [lock] = await tx.query<{ got: boolean }>(
        `select pg_try_advisory_xact_lock(hashtext('canopy.audit.seal')) as got`,
      )
      if (!lock?.got) return undefined
      const [last] = await tx.query<SealRow & { at: Date }>(
        'select id, at, chains, next_offsets, hashes, root from seal order by id desc limit 1',
      )
      // Half of it: the clocks of several processes differ.
      if (last && at.getTime() - last.at.getTime() < intervalMs / 2) return undefined
      const rows = await tx.query<{ chain: number; next_offset: bigint; entries: bigint; hash: Buffer }>(
        'select chain, next_offset, entries, hash from head order by chain',
      )
      const heads = rows.map((row) => ({ chain: row.chain, nextOffset: row.next_offset, hash: row.hash }))
      if (heads.length === 0 || (last && heads.map(hex).join() === last.hashes.join())) return undefined
      await tx.query('insert into seal (at, chains, next_offsets, hashes, root) values ($1, $2, $3, $4, $5)', [
        at,
        heads.map((head) => head.chain),
        heads.map((head) => head.nextOffset),
        heads.map(hex),
        sealRoot(sha256, last?.root ?? new Uint8Array(), heads),
      ])
      return rows.reduce((sum, row) => sum + row.entries, 0n)
    },
    { isolation: 'repeatable read' },
  )

const hex = (head: Pick<Head, 'hash'>): string => Buffer.from(head.hash).toString('hex')
