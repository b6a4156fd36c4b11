/** Turns PostgreSQL's text into values: int8 is a bigint, dates without a time stay text, the rest as the driver reads it. */
import pg from 'pg'

type Parser = (text: string) => unknown

const oid = { int8: 20, date: 1082, int8Array: 1016, textArray: 1009 } as const
const textArray = pg.types.getTypeParser(oid.textArray as number, 'text') as (
  text: string,
) => readonly (string | null)[]

const own = new Map<number, Parser>([
  [oid.int8, BigInt],
  [oid.date, (text) => text],
  [oid.int8Array, (text) => textArray(text).map((item) => (item === null ? null : BigInt(item)))],
])

/** The `types` of every connection. */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    (format === 'binary' ? undefined : own.get(id)) ?? pg.types.getTypeParser(id, format as 'text'),
}
