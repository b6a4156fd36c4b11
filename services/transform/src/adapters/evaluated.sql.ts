/** Under which configuration version every object was evaluated, and whether all are to be evaluated again. */
import type { Queryable } from '@canopy/chassis'

export interface Evaluated extends Record<string, unknown> {
  readonly version: bigint
  readonly asked: bigint
  readonly done: bigint
}

/** Undefined before the first configuration. */
export async function evaluated(sql: Queryable, configuration: string): Promise<Evaluated | undefined> {
  const text = 'select version, asked, done from evaluated where configuration = $1'
  const [row] = await sql.query<Evaluated>(text, [configuration])
  return row
}

/** `asked` as it was when the evaluation began: what was asked since stays open. */
export async function markEvaluated(
  sql: Queryable,
  of: { readonly configuration: string; readonly version: bigint; readonly asked: bigint },
): Promise<void> {
  await sql.query(
    `insert into evaluated as e (configuration, version, asked, done) values ($1, $2, $3, $3)
     on conflict (configuration) do update
       set version = greatest(e.version, excluded.version), done = greatest(e.done, excluded.done)`,
    [of.configuration, of.version, of.asked],
  )
}

/** Objects may be judged at this very moment as if nothing were bound: all are evaluated again. */
export async function askForEvaluation(sql: Queryable, configuration: string): Promise<void> {
  await sql.query(
    `insert into evaluated as e (configuration, version, asked) values ($1, 0, 1)
     on conflict (configuration) do update set asked = e.asked + 1`,
    [configuration],
  )
}
