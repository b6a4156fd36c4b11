/** Statements over partitions: leases, position, counts, what agents report. */
import type { Queryable } from '@canopy/chassis'
import type { agent } from '@canopy/proto'
import type { WantedPartition } from '../ports.ts'

export interface PartitionRow extends Record<string, unknown> {
  forest: string
  domain: string
  naming_context: string
  optional: boolean
  attributes: string[]
  epoch: bigint
  session: string
  agent: string
  instance: string
  next_batch: bigint
  cursor: Buffer
  generation: bigint
  mark: bigint
  snapshot_mark: bigint
  complete: boolean
  caught_up: boolean
  dirty: boolean
  checkpoint: bigint
  checkpoint_at: Date | null
  /** Milliseconds since the last checkpoint, by the clock of the database. */
  since_ms: number
  fresh_at: Date | null
  held: string
  users: number
  groups: number
  contacts: number
  containers: number
  memberships: number
  state: agent.PartitionState
  server: string
  dialect: string
  sees_deletions: boolean
  code: string
  message: string
  mend: string
  entries_read: number
  refused_credential: string
  missing: number
  held_mark: bigint
  held_names_only: boolean
  open_mark: bigint
}

const columns = `forest, domain, naming_context, optional, attributes, epoch, session, agent, instance, next_batch, cursor,
  generation, mark, snapshot_mark, complete, caught_up, dirty, checkpoint,
  least(extract(epoch from clock_timestamp() - greatest(checkpoint_at, '2000-01-01')) * 1000, 1e12)::float8 as since_ms,
  fresh_at, held, users, groups, contacts, containers, memberships, state, server, dialect, sees_deletions, code, message,
  mend, entries_read, refused_credential, missing, held_mark, held_names_only, open_mark`

/** Locks the row: everything that changes a partition goes through here, one at a time. */
export async function lockPartition(tx: Queryable, forest: string, domain: string): Promise<PartitionRow | undefined> {
  const rows = await tx.query<PartitionRow>(
    `select ${columns} from partition where forest = $1 and domain = $2 for update`,
    [forest, domain],
  )
  return rows[0]
}

export const listPartitions = (sql: Queryable): Promise<PartitionRow[]> =>
  sql.query<PartitionRow>(`select ${columns} from partition order by forest, domain`)

/** Makes the rows of what is wanted. A partition that lacks attributes now asked for is read from the start again. */
export async function ensurePartitions(sql: Queryable, wanted: readonly WantedPartition[]): Promise<void> {
  if (wanted.length === 0) return
  await sql.query(
    `insert into partition as p (forest, domain, optional, attributes)
     select f, d, o, string_to_array(a, ' ') from unnest($1::text[], $2::text[], $3::bool[], $4::text[]) as t(f, d, o, a)
     on conflict (forest, domain) do update set optional = excluded.optional, attributes = excluded.attributes,
       cursor = case when p.attributes @> excluded.attributes then p.cursor else '' end,
       session = case when p.attributes @> excluded.attributes then p.session else '' end,
       lease_until = case when p.attributes @> excluded.attributes then p.lease_until else '-infinity' end
     where p.optional <> excluded.optional or p.attributes <> excluded.attributes`,
    [
      wanted.map((w) => w.forest),
      wanted.map((w) => w.domain),
      wanted.map((w) => w.optional),
      wanted.map((w) => w.attributes.join(' ')),
    ],
  )
}

export interface LeaseRequest {
  readonly session: string
  readonly agent: string
  readonly instance: string
  readonly ttlMs: number
  readonly forests: readonly string[]
  readonly domains: readonly string[]
}

/** Takes what is free of the named partitions; each gets a new epoch, and batches of older ones are refused. */
export const acquirePartitions = (sql: Queryable, lease: LeaseRequest): Promise<PartitionRow[]> =>
  sql.query<PartitionRow>(
    `update partition set epoch = epoch + 1, session = $1, agent = $2, instance = $3,
       lease_until = clock_timestamp() + make_interval(secs => $4::float8 / 1000)
     where (forest, domain) in (select * from unnest($5::text[], $6::text[]))
       and (session = '' or lease_until < clock_timestamp())
     returning ${columns}`,
    [lease.session, lease.agent, lease.instance, lease.ttlMs, lease.forests, lease.domains],
  )

/** Returns the sessions that still hold something. */
export async function renewLeases(sql: Queryable, sessions: readonly string[], ttlMs: number): Promise<Set<string>> {
  if (sessions.length === 0) return new Set()
  const rows = await sql.query<{ key: string }>(
    `update partition set lease_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
     where session = any($1::text[]) returning session || ' ' || forest || '/' || domain as key`,
    [sessions, ttlMs],
  )
  return new Set(rows.map((row) => row.key))
}

export async function releaseSession(sql: Queryable, session: string): Promise<void> {
  await sql.query(
    `update partition set session = '', lease_until = '-infinity', agent = '', state = 'PARTITION_STATE_WAITING',
       code = 'CANOPY-CAPTURE-0001', message = 'no agent reads this partition',
       mend = 'start an agent that has its credential'
     where session = $1`,
    [session],
  )
}

/** Free at once, for whoever is next. */
export async function releasePartition(
  sql: Queryable,
  of: { readonly session: string; readonly forest: string; readonly domain: string },
): Promise<void> {
  await sql.query(
    `update partition set session = '', lease_until = '-infinity' where session = $1 and forest = $2 and domain = $3`,
    [of.session, of.forest, of.domain],
  )
}

/** A new epoch for the same session: its batches under way are void. */
export const renewEpoch = (
  sql: Queryable,
  of: { session: string; forest: string; domain: string },
): Promise<PartitionRow[]> =>
  sql.query<PartitionRow>(
    `update partition set epoch = epoch + 1 where session = $1 and forest = $2 and domain = $3 returning ${columns}`,
    [of.session, of.forest, of.domain],
  )

export async function storeReport(sql: Queryable, session: string, report: agent.PartitionReport): Promise<void> {
  const refused = report.code === 'CANOPY-LDAP-0004' ? report.credentialVersion : ''
  await sql.query(
    `update partition set state = $4, server = $5, dialect = coalesce(nullif($6, ''), dialect), code = $7, message = $8, mend = $9,
       entries_read = $10, sees_deletions = case when $4 in ('PARTITION_STATE_SNAPSHOT', 'PARTITION_STATE_STREAM') then $11 else sees_deletions end,
       refused_credential = case when $12 <> '' then $12 when $4 in ('PARTITION_STATE_SNAPSHOT', 'PARTITION_STATE_STREAM') then '' else refused_credential end
     where forest = $1 and domain = $2 and session = $3 and epoch = $13`,
    [
      report.forest,
      report.domain,
      session,
      report.state,
      report.server,
      report.dialect,
      report.code,
      report.message,
      report.mend,
      report.entriesRead,
      report.seesDeletions,
      refused,
      report.epoch,
    ],
  )
}

/** What a batch, a sweep or a checkpoint changed of its locked row. */
export async function writePartition(tx: Queryable, row: PartitionRow, checkpointed: boolean): Promise<void> {
  await tx.query(
    `update partition set naming_context = $3, next_batch = $4, cursor = $5, generation = $6, mark = $7, snapshot_mark = $8,
       complete = $9, caught_up = $10, dirty = $11, checkpoint = $12,
       checkpoint_at = case when $13 then clock_timestamp() else checkpoint_at end,
       fresh_at = $14, held = $15, users = $16, groups = $17, contacts = $18, containers = $19, memberships = $20,
       missing = $21, held_mark = $22, held_names_only = $23, open_mark = $24
     where forest = $1 and domain = $2`,
    [
      row.forest,
      row.domain,
      row.naming_context,
      row.next_batch,
      row.cursor,
      row.generation,
      row.mark,
      row.snapshot_mark,
      row.complete,
      row.caught_up,
      row.dirty,
      row.checkpoint,
      checkpointed,
      row.fresh_at,
      row.held,
      row.users,
      row.groups,
      row.contacts,
      row.containers,
      row.memberships,
      row.missing,
      row.held_mark,
      row.held_names_only,
      row.open_mark,
    ],
  )
}
