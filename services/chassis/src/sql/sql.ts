/** The SQL port: one PostgreSQL dialect, whatever server is behind it. */

export type SqlValue = string | number | bigint | boolean | Date | Uint8Array | undefined | null | readonly SqlValue[]

/** A row: int8 is bigint, bytea is Buffer, timestamptz is Date, uuid and text are strings, SQL null is null. */
export type Row = Record<string, unknown>

/** Something that runs statements: the pool, or one transaction. */
export interface Queryable {
  /** Runs one statement with `$n` parameters; statements are prepared and kept by their text. */
  query<R extends Row>(text: string, params?: readonly SqlValue[]): Promise<R[]>
}

export interface Tx extends Queryable {
  /** Called after the commit, never after a rollback. */
  afterCommit(fn: () => void): void
}

/** A service's own schema; unqualified names resolve there. */
export interface Sql extends Queryable {
  readonly schema: string
  /** READ COMMITTED unless said otherwise; rolled back when `fn` throws. */
  tx<T>(fn: (tx: Tx) => Promise<T>, options?: { isolation?: 'repeatable read' }): Promise<T>
  /** A hint, never the truth: may be lost. Returns the way to stop. */
  listen(channel: string, fn: (payload: string) => void): Promise<() => Promise<void>>
  notify(channel: string, payload?: string): Promise<void>
  close(): Promise<void>
}
