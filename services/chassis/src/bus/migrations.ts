/** Where the tables of the PostgreSQL bus are written down. */
import { existsSync } from 'node:fs'

const folders = [
  new URL('../../migrations-bus/', import.meta.url),
  new URL('../../../migrations-bus/', import.meta.url),
]

/** For `migrate(sql, busMigrations)`: beside `src` in a checkout, one folder further up from `dist/src`. */
export const busMigrations: URL =
  folders.find((url) => existsSync(url)) ?? new URL('../../migrations-bus/', import.meta.url)
