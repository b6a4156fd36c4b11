/** What every batch is mapped under, and how far everything was evaluated under it. */
import type { Queryable, Tx } from '@canopy/chassis'
import { configuration } from '@canopy/proto'

export interface ActiveRow {
  readonly version: configuration.Configuration
  /** Rises with each newer version and with each scope that is bound. */
  readonly epoch: bigint
  /** Epoch under which every object was evaluated. */
  readonly evaluated: bigint
}

/** Advisory: who waits to change it is not overtaken by batches that come later. */
const lock = `hashtextextended(current_schema() || '.active', 0)`

/** The epoch, kept as it is until the transaction ends; undefined before the first configuration. */
export async function holdEpoch(tx: Tx): Promise<bigint | undefined> {
  await tx.query(`select pg_advisory_xact_lock_shared(${lock})::text`)
  const [row] = await tx.query<{ epoch: bigint }>('select epoch from active')
  return row?.epoch
}

export async function readActive(sql: Queryable): Promise<ActiveRow | undefined> {
  const [row] = await sql.query<{ epoch: bigint; evaluated: bigint; body: Uint8Array }>(
    'select epoch, evaluated, body from active',
  )
  return row && { ...row, version: configuration.Configuration.decode(row.body) }
}

/** The first version. Where objects were mapped before, all are to be evaluated. */
export async function begin(tx: Tx, version: configuration.Configuration): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(${lock})::text`)
  await tx.query(
    `insert into active (name, version, epoch, evaluated, body)
     select $1, $2, 1, case when exists (select from digest) then 0 else 1 end, $3
     where not exists (select from active)`,
    [version.name, version.version, configuration.Configuration.encode(version).finish()],
  )
}

/** From now on every batch is mapped under this version; false where it is an older one. */
export async function switchTo(tx: Tx, version: configuration.Configuration): Promise<boolean> {
  await tx.query(`select pg_advisory_xact_lock(${lock})::text`)
  const rows = await tx.query(
    `update active set version = $2, body = $3, epoch = epoch + 1 where name = $1 and version < $2 returning true`,
    [version.name, version.version, configuration.Configuration.encode(version).finish()],
  )
  return rows.length > 0
}

export interface NewBinding {
  readonly forest: string
  readonly dn: string
  readonly guid: string
}

/** Kept by configuration name whatever is renamed later; `raises`: batches are mapped by it from now on. */
export async function bind(
  tx: Tx,
  of: { readonly configuration: string; readonly bindings: readonly NewBinding[]; readonly raises: boolean },
): Promise<void> {
  const { bindings } = of
  if (of.raises) await tx.query(`select pg_advisory_xact_lock(${lock})::text`)
  await tx.query(
    `insert into binding (configuration, forest, dn, guid)
     select $1, forest, dn, guid from unnest($2::text[], $3::text[], $4::text[]) as b(forest, dn, guid) on conflict do nothing`,
    [
      of.configuration,
      bindings.map((one) => one.forest),
      bindings.map((one) => one.dn),
      bindings.map((one) => one.guid),
    ],
  )
  if (of.raises) await tx.query('update active set epoch = epoch + 1 where name = $1', [of.configuration])
}

/** GUID by DN by forest. */
export async function readBindings(
  sql: Queryable,
  configuration: string,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const rows = await sql.query<NewBinding & Record<string, unknown>>(
    'select forest, dn, guid from binding where configuration = $1',
    [configuration],
  )
  const bound = new Map<string, Map<string, string>>()
  for (const { forest, dn, guid } of rows) {
    const known = bound.get(forest)
    if (known) known.set(dn, guid)
    else bound.set(forest, new Map([[dn, guid]]))
  }
  return bound
}

/** Where the evaluation of an epoch goes on in a partition. */
export async function evaluationPosition(sql: Queryable, epoch: bigint, partition: number): Promise<bigint> {
  const [row] = await sql.query<{ next_offset: bigint }>(
    'select next_offset from evaluation where epoch = $1 and partition = $2',
    [epoch, partition],
  )
  return row?.next_offset ?? 0n
}

export async function moveEvaluation(
  tx: Tx,
  of: { readonly epoch: bigint; readonly partition: number; readonly next: bigint },
): Promise<void> {
  await tx.query(
    `insert into evaluation as e (epoch, partition, next_offset) values ($1, $2, $3)
     on conflict (epoch, partition) do update set next_offset = greatest(e.next_offset, excluded.next_offset)`,
    [of.epoch, of.partition, of.next],
  )
}

export async function markEvaluated(tx: Tx, epoch: bigint): Promise<void> {
  await tx.query('update active set evaluated = greatest(evaluated, $1)', [epoch])
  await tx.query('delete from evaluation where epoch <= $1', [epoch])
}
