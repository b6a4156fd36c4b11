/** Chance that is the same whenever an object is evaluated again, by any process: drawn from a secret of this installation. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Queryable } from '@canopy/chassis'
import type { Chance } from '../core/inputs.ts'

/** Draws the secret when there is none yet. */
export async function storedChance(sql: Queryable): Promise<Chance> {
  await sql.query('insert into chance (one, seed) values (true, $1) on conflict do nothing', [randomBytes(32)])
  const [row] = await sql.query<{ seed: Buffer }>('select seed from chance')
  return chanceOf(row!.seed)
}

/** Numbers of 32 bits, eight of each keyed digest. */
export const chanceOf =
  (seed: Buffer): Chance =>
  (key) => {
    let block: Buffer | undefined
    let at = 0
    return () => {
      if (!block || at % 32 === 0)
        block = createHmac('sha256', seed)
          .update(`${key}/${at / 32}`)
          .digest()
      const drawn = block.readUInt32BE(at % 32)
      at += 4
      return drawn / 2 ** 32
    }
  }
