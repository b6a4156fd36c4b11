/** A record of the change stream keeps its trace through a stage; a snapshot's batch has one span. */
import { createServer, type Server } from 'node:http'
import {
  joinLeasePool,
  migrate,
  postgresBus,
  postgresSql,
  rootTrace,
  runStage,
  silentLog,
  stageObserver,
  startTelemetry,
  traceOf,
} from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { change, contribution, topics } from '@canopy/proto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeSpans, type ReceivedSpan } from './otlp.ts'

const spans: ReceivedSpan[] = []
let receiver: Server
beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/v1/traces') spans.push(...decodeSpans(Buffer.concat(chunks)))
      response.end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
})
afterAll(() => new Promise((resolve) => receiver.close(resolve)))

test('from a change to what came of it', async () => {
  const address = receiver.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const telemetry = await startTelemetry({
    service: 's',
    instance: 'i',
    version: '0',
    log: silentLog,
    otlpEndpoint: `http://127.0.0.1:${port}`,
  })
  const connection = await testServer()
  const [busSql, sql] = await Promise.all(['bus', 'mapping'].map((schema) => postgresSql({ connection, schema })))
  if (busSql === undefined || sql === undefined) throw new Error('no store')
  await migrate(sql)
  const bus = await postgresBus({
    sql: busSql,
    leases: (options) => joinLeasePool(options, { sql: busSql, instance: 'i' }),
  })
  await bus.ensureTopics([topics.changes, topics.contributions])
  const append = (keys: readonly string[], headers: Readonly<Record<string, string>>) =>
    bus.append({
      topic: topics.changes,
      partition: 0,
      deadlineMs: performance.now() + 5_000,
      records: keys.map((key) => ({
        key,
        value: change.DirectoryObject.encode(change.DirectoryObject.fromPartial({ guid: key })).finish(),
        headers,
        timeMs: 0,
      })),
    })
  const root = rootTrace('change')
  await append(['f/live'], root)
  const came: { key: string; traceparent: string | undefined }[] = []
  const following = await bus.follow({
    topic: topics.contributions,
    onRecords: async (records) =>
      void came.push(...records.map(({ key, headers }) => ({ key, traceparent: headers.traceparent }))),
  })
  const stage = await runStage(
    {
      name: 'mapping',
      inputs: [topics.changes],
      outputs: [topics.contributions],
      handle: async ({ records, out }) => {
        for (const record of records)
          out.put(topics.contributions, record.key, contribution.Contribution.fromPartial({}), traceOf(record))
      },
    },
    { sql, bus, instance: 'i', log: silentLog, signal: new AbortController().signal, observer: stageObserver() },
  )
  await expect.poll(() => came.length, { timeout: 10_000 }).toBe(1)
  await append(
    Array.from({ length: 60 }, (_, index) => `f/snapshot${index}`),
    rootTrace('page'),
  )
  await expect.poll(() => came.length, { timeout: 10_000 }).toBe(61)
  await stage.close()
  await following.close()
  await bus.close()
  await telemetry.shutdown()
  await Promise.all([busSql.close(), sql.close()])

  const live = spans.find((span) => span.name === 'mapping canopy.changes')
  const change1 = spans.find((span) => span.name === 'change')
  expect(live).toMatchObject({ traceId: change1?.traceId, parentSpanId: change1?.spanId })
  expect(came.find(({ key }) => key === 'f/live')?.traceparent).toContain(`${live?.traceId}-${live?.spanId}`)
  expect(
    spans
      .filter((span) => span.name.startsWith('mapping'))
      .map((span) => span.name)
      .sort(),
  ).toEqual(['mapping canopy.changes', 'mapping canopy.changes batch'])
  expect(
    came
      .filter(({ key }) => key !== 'f/live')
      .every(({ traceparent }) => traceparent?.includes(spans.find((span) => span.name === 'page')?.traceId ?? '-')),
  ).toBe(true)
})
