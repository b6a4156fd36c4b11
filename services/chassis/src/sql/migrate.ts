/** Brings a schema to the version of the code: numbered files, each applied once, all or none. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../failure.ts'
import type { Sql, Tx } from './sql.ts'

interface Migration {
  readonly version: number
  readonly name: string
  readonly url: URL
}

/** The chassis' own tables: beside `src` in a checkout, one folder further up from `dist/src`. */
const chassisFolder = [
  new URL('../../migrations/', import.meta.url),
  new URL('../../../migrations/', import.meta.url),
].find((url) => existsSync(url))

/**
 * Creates the schema where it is missing, applies the chassis' migrations and then those of `folder` (`NNNN_name.sql`).
 * Processes that start together wait for each other. A store of a newer Canopy: Failure CANOPY-SQL-0003 (permanent).
 */
export async function migrate(sql: Sql, folder?: URL): Promise<void> {
  if (!chassisFolder)
    throw new Failure({ kind: 'permanent', code: 'CANOPY-SQL-0009', message: 'chassis/migrations is missing' })
  const sets = [{ set: 'chassis', files: await list(chassisFolder) }]
  if (folder) sets.push({ set: 'service', files: await list(folder) })
  await sql.tx(async (tx) => {
    await tx.query("select set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)")
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`canopy.migrate.${sql.schema}`])
    await tx.query(`create schema if not exists "${sql.schema}"`)
    await tx.query(`create table if not exists schema_version (
      set text not null,
      version int not null,
      name text not null,
      applied_at timestamptz not null default now(),
      primary key (set, version))`)
    for (const { set, files } of sets) await apply(tx, { set, files, schema: sql.schema })
  })
}

async function apply(
  tx: Tx,
  { set, files, schema }: { set: string; files: Migration[]; schema: string },
): Promise<void> {
  const rows = await tx.query<{ version: number }>('select version from schema_version where set = $1', [set])
  const applied = new Set(rows.map((row) => row.version))
  const newest = Math.max(0, ...applied)
  const known = files.at(-1)?.version ?? 0
  if (newest > known) throw newerStore({ schema, newest, known })
  for (const file of files) {
    if (applied.has(file.version)) continue
    await tx.query(`${await readFile(file.url, 'utf8')}\n;select 1`)
    await tx.query('insert into schema_version (set, version, name) values ($1, $2, $3)', [
      set,
      file.version,
      file.name,
    ])
  }
}

async function list(folder: URL): Promise<Migration[]> {
  const base = folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`)
  const found: Migration[] = []
  for (const file of (await readdir(base)).sort()) {
    const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file)
    if (match) found.push({ version: Number(match[1]), name: match[2]!, url: new URL(file, base) })
  }
  const wrong = found.find((migration, index) => migration.version !== index + 1)
  if (!wrong) return found
  throw new Failure({
    kind: 'permanent',
    code: 'CANOPY-SQL-0009',
    message: `migrations are not numbered 0001, 0002, …: ${basename(fileURLToPath(wrong.url))}`,
  })
}

const newerStore = ({ schema, newest, known }: { schema: string; newest: number; known: number }): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-SQL-0003',
    message: `the store is of a newer Canopy: version ${newest}, this one knows ${known}`,
    at: `schema ${schema}`,
    mend: 'start the Canopy that wrote it, or a newer one; stores are never taken back to an older version',
  })
