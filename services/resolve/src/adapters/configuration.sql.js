import { configuration } from '@canopy/proto'
/** Undefined before the first one. */
export async function activeConfiguration(sql) {
  const [row] = await sql.query('select body from configuration limit 1')
  return row && configuration.Configuration.decode(row.body)
}
export async function activate(sql, version) {
  const body = configuration.Configuration.encode(version).finish()
  await sql.query(
    `insert into configuration (name, version, body) values ($1, $2, $3)
     on conflict (name) do update set version = excluded.version, body = excluded.body`,
    [version.name, version.version, body],
  )
}
export async function markEvaluated(sql, partition, version) {
  await sql.query(
    `insert into evaluated as e (partition, version) values ($1, $2)
     on conflict (partition) do update set version = greatest(e.version, excluded.version)`,
    [partition, version],
  )
}
/** The version under which everything in all of `partitions` was evaluated; 0 where one said nothing yet. */
export async function evaluatedVersion(sql, partitions) {
  const [row] = await sql.query('select min(version) as version, count(*) as partitions from evaluated')
  return row && Number(row.partitions) >= partitions ? (row.version ?? 0n) : 0n
}
/** Every identity is resolved again: rules changed for all of them. */
export async function askReworkOfAll(sql) {
  await sql.query('insert into rework (anchor) select anchor from identity order by anchor')
}
//# sourceMappingURL=configuration.sql.js.map
