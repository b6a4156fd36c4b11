/**
 * Builds an empty store again from what resolve itself published: decisions first, then desired objects and memberships with
 * their versions. Nothing is published by that, nor before every awaited forest is in; what comes out then is compared with
 * what was published, so that only what really differs is published, under versions above the ones that were found.
 */
import type { Bus, Sql, Tx } from '@canopy/chassis'
import { type desired, type Topic, topics } from '@canopy/proto'
import { encodeDesired } from './adapters/encode.ts'
import { digestOf } from './adapters/hash.ts'
import {
  finishRestore,
  isRestored,
  mayRestore,
  restoreDecisions,
  restoreEdges,
  restoreIdentities,
} from './adapters/restored.sql.ts'
import { withoutVersions } from './core/merge.ts'

/** Everything of a topic up to its present end, in batches of one size or less, newest last per key. */
export type ReadTopic = <M>(topic: Topic<M>, each: (messages: readonly M[]) => Promise<void>) => Promise<void>

/** Resumable: what was read is kept, and reading it again changes nothing. */
export async function restoreStore(of: { readonly sql: Sql; readonly read: ReadTopic }): Promise<void> {
  const { sql, read } = of
  if (await isRestored(sql)) return
  const keep = async <M>(topic: Topic<M>, keyOf: (message: M) => string, write: (tx: Tx, some: M[]) => Promise<void>) =>
    read(topic, async (messages) => {
      const last = new Map(messages.map((message) => [keyOf(message), message]))
      if (last.size === 0) return
      await sql.tx(async (tx) => {
        if (await mayRestore(tx)) await write(tx, [...last.values()])
      })
    })
  await keep(topics.decisions, (one) => one.id, restoreDecisions)
  await keep(
    topics.desired,
    (one) => one.anchor,
    (tx, some) => restoreIdentities(tx, some.map(identity)),
  )
  await keep(topics.desiredEdges, (one) => `${one.groupAnchor}/${one.memberAnchor}`, restoreEdges)
  await sql.tx(async (tx) => {
    if (await mayRestore(tx)) await finishRestore(tx)
  })
}

function identity(object: desired.DesiredObject) {
  const bare = {
    ...object,
    attributes: withoutVersions(object.attributes),
    version: 0n,
    steps: [],
    observedAt: undefined,
  }
  const body = encodeDesired(bare)
  return { object, state: stateOf(object), digest: digestOf(body), body }
}

/** 1 live, 2 held because its scope is unknown, 3 left scope, 4 gone */
function stateOf(object: desired.DesiredObject): number {
  if (object.gone) return 4
  if (object.leftScope) return 3
  return object.holds.some((hold) => hold.reason === 'scopeUnknown') ? 2 : 1
}

/** A topic that holds nothing is not read: joining costs seconds. */
export const readTopic =
  (bus: Bus): ReadTopic =>
  async (topic, each) => {
    if ((await bus.endOffsets(topic as Topic)).every((end) => end === 0n)) return
    const done = Promise.withResolvers<void>()
    const consumer = await bus.follow({
      topic: topic as Topic,
      onRecords: async (records, caughtUp) => {
        const some = records.filter(({ key, value }) => value !== undefined && value.length > 0 && !key.startsWith('~'))
        await each(some.map(({ value }) => topic.codec.decode(value!)))
        if (caughtUp) done.resolve()
      },
    })
    await done.promise
    await consumer.close()
  }
