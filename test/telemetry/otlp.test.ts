/** Spans and metrics leave the process as OTLP/HTTP protobuf, in one trace across records and RPC. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  call,
  defineEvents,
  defineService,
  type Failure,
  rootTrace,
  silentLog,
  startServices,
  startTelemetry,
  traceHeaders,
  unary,
  withSpan,
} from '@canopy/chassis'
import { contribution, transform } from '@canopy/proto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { decodeMetrics, decodeSpans, type Metric, type ReceivedSpan } from './otlp.ts'

const spans: ReceivedSpan[] = []
const metrics: Metric[] = []
let receiver: Server
let endpoint: string

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/v1/traces') spans.push(...decodeSpans(Buffer.concat(chunks)))
      if (request.url === '/v1/metrics') metrics.push(...decodeMetrics(Buffer.concat(chunks)))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const address = receiver.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  endpoint = `http://127.0.0.1:${address.port}`
})
afterAll(() => new Promise((resolve) => receiver.close(resolve)))

const events = defineEvents('otlp', {
  batchDone: {
    level: 'info',
    message: 'batch done',
    doc: 'A batch was handled.',
    fields: { forest: 'label', object: 'field', records: 'sum', tookMs: 'histogram', lag: 'gauge' },
    units: { records: '{record}', tookMs: 'ms' },
  },
})

const answering = defineService({
  name: 'transform',
  config: z.strictObject({}),
  bus: false,
  compose: async (context) => {
    context.rpc.addService(transform.TransformService, {
      preview: unary(async () => {
        events.batchDone({ forest: 'contoso', object: 'o1', records: 2, tookMs: 5, lag: 7 })
        return contribution.Contribution.fromPartial({})
      }),
    })
    return []
  },
})

test('one trace from the first span to the RPC handler, with the event on its span and in the metrics', async () => {
  const telemetry = await startTelemetry({
    service: 'canopy-test',
    instance: 'i1',
    version: '9.9.9',
    log: silentLog,
    otlpEndpoint: endpoint,
    metricIntervalMs: 60_000,
  })
  const folder = await mkdtemp(join(tmpdir(), 'canopy-otlp-'))
  const running = await startServices([answering], {
    adapters: { sql: async () => Promise.reject(new Error('no store')), bus: undefined },
    rpc: { listen: [`unix:${join(folder, 's')}`] },
  })
  const root = rootTrace('change', { 'canopy.forest': 'contoso' })
  const headers = await withSpan('handle', { kind: 'consumer', parent: root.traceparent }, async () => {
    await call(running.channels.client('transform', transform.TransformClient), 'preview', {
      object: undefined,
      configuration: undefined,
    })
    return traceHeaders()
  })
  await withSpan('later', { parent: headers.traceparent }, async () => {
    throw Object.assign(new Error('ada@contoso.lab is taken'), { code: '40P01' })
  }).catch((error: Failure) => error)
  await running.stop()
  await telemetry.shutdown()
  await rm(folder, { recursive: true })

  const byName = new Map(spans.map((span) => [span.name, span]))
  expect([...byName.keys()].sort()).toEqual([
    '/canopy.transform.v1.Transform/Preview',
    'change',
    'handle',
    'later',
    'rpc preview',
  ])
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(1)
  const parentOf = (name: string) => spans.find((span) => span.spanId === byName.get(name)?.parentSpanId)?.name
  expect(parentOf('handle')).toBe('change')
  expect(parentOf('rpc preview')).toBe('handle')
  expect(parentOf('/canopy.transform.v1.Transform/Preview')).toBe('rpc preview')
  expect(parentOf('later')).toBe('handle')
  expect(byName.get('/canopy.transform.v1.Transform/Preview')?.events).toEqual([
    { name: 'canopy.otlp.batch_done', attributes: { forest: 'contoso', object: 'o1', records: 2, tookMs: 5, lag: 7 } },
  ])
  expect(byName.get('later')?.status).toEqual({ code: 2, message: 'CANOPY-0001/40P01' })
  expect(JSON.stringify(spans)).not.toContain('ada@')
  expect(byName.get('change')?.resource).toMatchObject({
    'service.name': 'canopy-test',
    'service.version': '9.9.9',
    'service.instance.id': 'i1',
  })

  const metric = (name: string) => metrics.find((one) => one.name === name)
  expect(metric('canopy.otlp.batch_done')).toMatchObject({ kind: 'sum', value: 1, attributes: { forest: 'contoso' } })
  expect(metric('canopy.otlp.batch_done.records')).toMatchObject({ kind: 'sum', value: 2, unit: '{record}' })
  expect(metric('canopy.otlp.batch_done.took_ms')).toMatchObject({ kind: 'histogram', value: 5, unit: 'ms' })
  expect(metric('canopy.otlp.batch_done.lag')).toMatchObject({ kind: 'gauge', value: 7 })
  expect(metrics.every((one) => !('object' in one.attributes))).toBe(true)
})

test('a receiver that is not there delays neither work nor the end', async () => {
  const gone = 'http://127.0.0.1:1'
  const telemetry = await startTelemetry({
    service: 'x',
    instance: 'i',
    version: '0',
    log: silentLog,
    otlpEndpoint: gone,
  })
  await withSpan('work', {}, async () => 1)
  const start = performance.now()
  await telemetry.shutdown()
  expect(performance.now() - start).toBeLessThan(6_000)
})

test('a malformed endpoint is refused', async () => {
  const wrong = startTelemetry({
    service: 'x',
    instance: 'i',
    version: '0',
    log: silentLog,
    otlpEndpoint: 'collector:4317',
  })
  await expect(wrong).rejects.toMatchObject({ code: 'CANOPY-CONFIG-0004' })
})
