/** Evaluates every object again, under a new configuration version or after a scope's container was found. */
import type { Bus, Consumer, RunningStage, StoredRecord } from '@canopy/chassis'
import { change, topics } from '@canopy/proto'
import { type Active, mapBatch, type ObjectRecord } from './mapper.ts'

const chunk = 500

/**
 * Reads canopy.changes from the beginning to its present end, behind live changes. Publishing goes through the live
 * stage, so that two contributions of one object can never overtake each other in their output partition; reading again
 * after an interruption is harmless, since an equal contribution is not published twice.
 */
export async function reevaluate(of: {
  readonly bus: Bus
  readonly stage: RunningStage
  readonly active: Active
  readonly now: () => Date
  readonly signal: AbortSignal
}): Promise<{ readonly objects: number; readonly published: number }> {
  let objects = 0
  let published = 0
  const take = async (records: readonly StoredRecord[]): Promise<void> => {
    for (let at = 0; at < records.length && !of.signal.aborted; at += chunk) {
      const some = decode(records.slice(at, at + chunk))
      if (some.length === 0) continue
      objects += some.length
      published += await of.stage.publish((tx, out) =>
        mapBatch({ tx, out, active: of.active, records: some, now: of.now() }),
      )
    }
  }
  const finished = Promise.withResolvers<void>()
  const stop = (): void => finished.resolve()
  of.signal.addEventListener('abort', stop, { once: true })
  let consumer: Consumer | undefined
  try {
    consumer = await of.bus.follow({
      topic: topics.changes,
      onRecords: async (records, caughtUp) => {
        if (!of.signal.aborted) await take(records)
        if (caughtUp) finished.resolve()
      },
    })
    await finished.promise
  } finally {
    of.signal.removeEventListener('abort', stop)
    await consumer?.close()
  }
  of.signal.throwIfAborted()
  return { objects, published }
}

function decode(records: readonly StoredRecord[]): ObjectRecord[] {
  const decoded: ObjectRecord[] = []
  for (const { key, value, headers } of records) {
    if (value === undefined || value.length === 0 || key.startsWith('~')) continue
    const object = objectOf(value)
    if (object) decoded.push({ object, headers: headers.traceparent ? { traceparent: headers.traceparent } : {} })
  }
  return decoded
}

/** A record that cannot be read was parked by the live stage. */
function objectOf(value: Uint8Array): change.DirectoryObject | undefined {
  try {
    return change.DirectoryObject.decode(value)
  } catch {
    return undefined
  }
}
