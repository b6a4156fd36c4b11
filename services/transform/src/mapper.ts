/** Maps a batch of objects and publishes what says something new. */
import { hash } from 'node:crypto'
import type { Out, Tx } from '@canopy/chassis'
import { type change, topics } from '@canopy/proto'
import type { Active } from './active.ts'
import { accept, newsAmong } from './adapters/digests.sql.ts'
import { putDue } from './adapters/due.sql.ts'
import { comparable } from './core/comparable.ts'
import { contribute, type Made } from './core/contribute.ts'
import type { Candidate } from './ports.ts'

export interface ObjectRecord {
  readonly object: change.DirectoryObject
  readonly headers: Readonly<Record<string, string>>
}

/** Returns how many contributions it published. */
export async function mapBatch(of: {
  readonly tx: Tx
  readonly out: Out
  readonly active: Active
  readonly records: readonly ObjectRecord[]
  readonly now: Date
  /** All were mapped before: most say nothing new, which is found out without a lock. */
  readonly isAgain?: boolean
}): Promise<number> {
  const { tx, out, active, now } = of
  const newest = new Map<string, ObjectRecord>()
  for (const record of of.records) newest.set(`${record.object.forest}/${record.object.guid}`, record)
  const candidates = new Map<string, Candidate>()
  for (const [key, { object }] of newest) {
    const bound = active.bound(object.forest)
    const made = contribute({ object, config: active.config, bound, now, chance: active.chance })
    if (made) candidates.set(key, candidate(made))
  }
  const all = [...candidates.values()]
  const accepted = await accept(tx, of.isAgain ? await newsAmong(tx, all) : all)
  for (const [key, version] of accepted) {
    const { contribution } = candidates.get(key)!
    contribution.version = version
    contribution.steps.at(-1)!.version = version
    out.put(topics.contributions, key, contribution, newest.get(key)!.headers)
  }
  await putDue(
    tx,
    [...accepted.keys()].map((key) => candidates.get(key)!.contribution),
  )
  return accepted.size
}

const candidate = (made: Made): Candidate => ({
  ...made,
  digest: hash('sha256', comparable(made.contribution), 'buffer').subarray(0, 16),
})
