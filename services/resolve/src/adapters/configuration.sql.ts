/** The configuration whose rules are used, and how far its evaluation has come. */
import type { Queryable } from '@canopy/chassis'
import { configuration } from '@canopy/proto'

/** Undefined before the first one. */
export async function activeConfiguration(sql: Queryable): Promise<configuration.Configuration | undefined> {
  const [row] = await sql.query<{ body: Uint8Array }>('select body from configuration limit 1')
  return row && configuration.Configuration.decode(row.body)
}

export async function activate(sql: Queryable, version: configuration.Configuration): Promise<void> {
  const body = configuration.Configuration.encode(version).finish()
  await sql.query(
    `insert into configuration (name, version, body) values ($1, $2, $3)
     on conflict (name) do update set version = excluded.version, body = excluded.body`,
    [version.name, version.version, body],
  )
}

export async function markEvaluated(sql: Queryable, partition: number, version: bigint): Promise<void> {
  await sql.query(
    `insert into evaluated as e (partition, version) values ($1, $2)
     on conflict (partition) do update set version = greatest(e.version, excluded.version)`,
    [partition, version],
  )
}

/** Partitions in which everything was evaluated under this version or a newer one. */
export async function evaluatedPartitions(sql: Queryable, version: bigint): Promise<ReadonlySet<number>> {
  const rows = await sql.query<{ partition: number }>('select partition from evaluated where version >= $1', [version])
  return new Set(rows.map((row) => row.partition))
}

/** The version under which everything in all of `partitions` was evaluated; 0 where one said nothing yet. */
export async function evaluatedVersion(sql: Queryable, partitions: number): Promise<bigint> {
  const [row] = await sql.query<{ version: bigint | null; partitions: bigint }>(
    'select min(version) as version, count(*) as partitions from evaluated',
  )
  return row && Number(row.partitions) >= partitions ? (row.version ?? 0n) : 0n
}

/** Every identity is resolved again: rules changed for all of them. */
export async function askReworkOfAll(sql: Queryable): Promise<void> {
  await sql.query('insert into rework (anchor) select anchor from identity order by anchor')
}
