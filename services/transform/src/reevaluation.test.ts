import { postgresBus, postgresSql } from '@canopy/chassis'
import { testSql } from '@canopy/chassis/testing'
import { change, topics } from '@canopy/proto'
import { expect, it } from 'vitest'
import { desk } from './desk.ts'
import { reevaluate } from './reevaluation.ts'

it('ends when it is stopped before it began to read', async () => {
  const store = await testSql('reevaluation', new URL('../migrations/', import.meta.url))
  const busSql = await postgresSql({ connection: store.connection, schema: 'bus' })
  const bus = await postgresBus({ sql: busSql })
  try {
    await bus.ensureTopics([topics.changes])
    const object = change.DirectoryObject.fromPartial({ forest: 'contoso', guid: 'g', version: 1n, kind: 'user' })
    const record = { key: 'contoso/g', value: change.DirectoryObject.encode(object).finish(), headers: {}, timeMs: 0 }
    const deadlineMs = performance.now() + 5_000
    await bus.append({ topic: topics.changes, partition: 0, records: [record], deadlineMs })
    const stop = new AbortController()
    const stopping = {
      consume: bus.consume.bind(bus),
      endOffsets: async (topic: Parameters<typeof bus.endOffsets>[0]) => {
        const ends = await bus.endOffsets(topic)
        stop.abort()
        return ends
      },
    }
    const publish = async () => Promise.reject(new Error('published after it was stopped'))
    const running = reevaluate({
      bus: stopping,
      sql: store.sql,
      stage: { publish },
      desk: desk(store.sql),
      epoch: 1n,
      now: () => new Date(),
      signal: stop.signal,
    })
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  } finally {
    await bus.close()
    await busSql.close()
    await store.close()
  }
}, 15_000)
