/** How many leases of a pool each live member should hold: the same answer everywhere, without talking. */
import { createHash } from 'node:crypto'

/**
 * `names / members`, the remainder one each to the first members. Who is first differs from pool to pool, so that many
 * pools of one lease spread over the processes.
 */
export function fairShare({
  pool,
  names,
  members,
  owner,
}: {
  readonly pool: string
  readonly names: number
  readonly members: readonly string[]
  readonly owner: string
}): number {
  const whole = Math.floor(names / members.length)
  const remainder = names % members.length
  if (remainder === 0) return whole
  const ranked = members
    .map((member) => ({ member, rank: rankOf(pool, member) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
  return ranked.findIndex(({ member }) => member === owner) < remainder ? whole + 1 : whole
}

const rankOf = (pool: string, member: string): string => createHash('sha256').update(`${pool}\n${member}`).digest('hex')
