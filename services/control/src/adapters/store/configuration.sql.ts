/** The configuration table: one row per version, published through the outbox of the same transaction. */
import { Failure, type Out, type Queryable, type RunningStage, type Sql, type Tx } from '@canopy/chassis'
import { configuration, topics } from '@canopy/proto'
import { withDomains } from '../../core/with-domains.ts'
import type { Applied, ApplyRequest, ConfigurationStore, ConfigurationSummary } from '../../ports.ts'
import { observeDomains, observedDomains } from './domains.sql.ts'

/** Incarnation 1, counter 0: see the contract of versions. */
const firstVersion = 2n ** 40n

interface BodyRow extends Record<string, unknown> {
  readonly body: Buffer
}

export interface StoreGround {
  readonly sql: Sql
  readonly publish: RunningStage['publish']
  readonly now: () => Date
}

/** One name is active: the first that was applied. Another is Failure CANOPY-CONTROL-0001 (permanent). */
export function configurationStore({ sql, publish, now }: StoreGround): ConfigurationStore {
  return {
    get: async (name, version) => {
      const wanted = name ?? (await activeName(sql))
      if (wanted === undefined) return undefined
      return version === undefined ? newest(sql, wanted) : exact(sql, wanted, version)
    },
    list: (name) => list(sql, name),
    apply: (request) => publish((tx, out) => apply(tx, out, { ...request, now })),
    observeDomains: (target, domains) => observeDomains(sql, target, domains),
    observedDomains: () => observedDomains(sql),
    takeDomains: async (who) => {
      await publish(async (tx, out) => {
        await tx.query(lock)
        const name = await activeName(tx)
        const before = name === undefined ? undefined : await newest(tx, name)
        if (before) await apply(tx, out, { configuration: before, who, takeDomains: true, now })
      })
    },
  }
}

const lock = "select pg_advisory_xact_lock(hashtextextended('canopy.configuration', 0))"

async function apply(tx: Tx, out: Out, request: ApplyRequest & { readonly now: () => Date }): Promise<Applied> {
  await tx.query(lock)
  const compiled = withDomains(request.configuration, await observedDomains(tx))
  const active = await activeName(tx)
  if (active !== undefined && active !== compiled.name) throw otherName(active, compiled.name)
  const before = await newest(tx, compiled.name)
  if (before !== undefined && before.source === compiled.source) {
    if (!request.takeDomains || domainsText(before) === domainsText(compiled)) {
      return { configuration: before, changed: false }
    }
  }
  const version = before === undefined ? firstVersion : before.version + 1n
  const made = { ...compiled, version, appliedAt: request.now(), appliedBy: request.who }
  await tx.query(
    `insert into configuration (name, version, source, body, applied_at, applied_by) values ($1, $2, $3, $4, $5, $6)`,
    [made.name, version, made.source, configuration.Configuration.encode(made).finish(), made.appliedAt, request.who],
  )
  out.put(topics.config, made.name, made)
  return { configuration: made, changed: true }
}

const domainsText = (of: configuration.Configuration): string =>
  JSON.stringify(of.targets.map((target) => [target.name, target.initialDomain, ...target.verifiedDomains]))

async function activeName(sql: Queryable): Promise<string | undefined> {
  const rows = await sql.query<{ name: string }>('select name from configuration order by applied_at, name limit 1')
  return rows[0]?.name
}

async function newest(sql: Queryable, name: string): Promise<configuration.Configuration | undefined> {
  const rows = await sql.query<BodyRow>(
    'select body from configuration where name = $1 order by version desc limit 1',
    [name],
  )
  return rows[0] && configuration.Configuration.decode(rows[0].body)
}

async function exact(sql: Queryable, name: string, version: bigint): Promise<configuration.Configuration | undefined> {
  const rows = await sql.query<BodyRow>('select body from configuration where name = $1 and version = $2', [
    name,
    version,
  ])
  return rows[0] && configuration.Configuration.decode(rows[0].body)
}

async function list(sql: Queryable, name: string | undefined): Promise<readonly ConfigurationSummary[]> {
  const rows = await sql.query<{ name: string; version: bigint; applied_at: Date; applied_by: string }>(
    `select name, version, applied_at, applied_by from configuration
     where $1::text is null or name = $1 order by name, version desc limit 1000`,
    [name],
  )
  return rows.map((row) => ({
    name: row.name,
    version: row.version,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
  }))
}

const otherName = (active: string, given: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-CONTROL-0001',
    message: `the configuration ${active} is active; ${given} would be another one beside it`,
    at: 'name',
    mend: `keep name: ${active}; one configuration is active at a time`,
  })
