/** Maps a batch of objects and publishes what says something new. */
import { hash } from 'node:crypto'
import type { Out, Tx } from '@canopy/chassis'
import { type change, topics } from '@canopy/proto'
import { accept } from './adapters/digests.sql.ts'
import { putDue } from './adapters/due.sql.ts'
import { comparable } from './core/comparable.ts'
import type { Configured } from './core/configured.ts'
import { contribute, type Made } from './core/contribute.ts'
import type { Chance } from './core/inputs.ts'
import type { Bound } from './core/scope.ts'
import type { Bindings, Candidate } from './ports.ts'

/** A configuration version with the GUIDs of its scopes. */
export interface Active {
  readonly config: Configured
  readonly bindings: Bindings
  readonly chance: Chance
}

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
}): Promise<number> {
  const { tx, out, active, now } = of
  const newest = new Map<string, ObjectRecord>()
  for (const record of of.records) newest.set(`${record.object.forest}/${record.object.guid}`, record)
  const bounds = await boundsOf(active, newest.values())
  const candidates = new Map<string, Candidate>()
  for (const [key, { object }] of newest) {
    const bound = bounds.get(object.forest) ?? nothingBound
    const made = contribute({ object, config: active.config, bound, now, chance: active.chance })
    if (made) candidates.set(key, candidate(made))
  }
  const accepted = await accept(tx, [...candidates.values()])
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

const nothingBound: Bound = () => undefined

const candidate = (made: Made): Candidate => ({
  ...made,
  digest: hash('sha256', comparable(made.contribution), 'buffer').subarray(0, 16),
})

async function boundsOf(active: Active, records: Iterable<ObjectRecord>): Promise<ReadonlyMap<string, Bound>> {
  const bounds = new Map<string, Bound>()
  for (const { object } of records) {
    if (!bounds.has(object.forest)) bounds.set(object.forest, await active.bindings.of(object.forest))
  }
  return bounds
}
