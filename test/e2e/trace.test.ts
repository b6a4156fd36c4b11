/** One trace from a change in the directory to its write in the cloud, through every service's records. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { statusSnapshot } from '@canopy/console'
import { type Standalone, startStandalone } from '@canopy/standalone'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeMetrics, decodeSpans, type Metric, type ReceivedSpan } from '../telemetry/otlp.ts'

const spans: ReceivedSpan[] = []
const metrics: Metric[] = []
let receiver: Server
let data: string
let canopy: Standalone

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      if (request.url === '/v1/traces') spans.push(...decodeSpans(body))
      if (request.url === '/v1/metrics') metrics.push(...decodeMetrics(body))
      response.end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const address = receiver.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  data = await mkdtemp(join(tmpdir(), 'canopy-trace-'))
  // The database runs as another user when the tests run as root.
  await chmod(data, 0o755)
  canopy = await startStandalone({
    data,
    population: { users: 20, groups: 3, contacts: 1 },
    otlpEndpoint: `http://127.0.0.1:${port}`,
    metricIntervalMs: 500,
  })
}, 60_000)

afterAll(async () => {
  await canopy?.close()
  await new Promise((resolve) => receiver.close(resolve))
  await rm(data, { recursive: true, force: true, maxRetries: 3 })
})

test('a rename is one trace, and the objective is measured', async () => {
  await expect
    .poll(async () => (await statusSnapshot(canopy.running.channels)).state, { timeout: 40_000, interval: 200 })
    .toBe('inSync')
  const [forest] = canopy.lab?.forests ?? []
  const [person] = forest?.directory.find('(employeeType=*)') ?? []
  if (!forest || !person) throw new Error('the lab is empty')
  forest.directory.modify(person.guid, { displayName: 'Followed Through' })
  const arrived = () =>
    canopy.lab?.cloud.directory.users((user) => user.properties.displayName === 'Followed Through').length
  await expect.poll(arrived, { timeout: 20_000 }).toBe(1)

  const wanted = [
    'agent.batch',
    'capture.change',
    'transform canopy.changes',
    'resolve canopy.contributions',
    'write canopy.desired',
  ]
  const traceOfWrite = () =>
    spans
      .filter(({ name }) => name === 'cloud update')
      .map(({ traceId }) => spans.filter((span) => span.traceId === traceId))
      .find((trace) => wanted.every((name) => trace.some((span) => span.name === name)))
  await expect.poll(traceOfWrite, { timeout: 20_000, interval: 200 }).toBeDefined()
  const trace = traceOfWrite() ?? []
  // Each step is the child of the one before it.
  const chain = [...wanted, 'cloud update']
  const byId = new Map(trace.map((span) => [span.spanId, span]))
  let at = trace.find((span) => span.name === 'cloud update')
  const names: string[] = []
  while (at) {
    names.unshift(at.name)
    at = byId.get(at.parentSpanId)
  }
  expect(names).toEqual(chain)
  // What was done is told in the same trace: the provisioning log.
  await expect
    .poll(() => spans.some((span) => span.traceId === trace[0]?.traceId && span.name === 'audit canopy.results'), {
      timeout: 20_000,
    })
    .toBe(true)

  const metric = (name: string) => metrics.filter((each) => each.name === name)
  await expect
    .poll(() => metrics.map(({ name }) => name), { timeout: 20_000, interval: 200 })
    .toEqual(
      expect.arrayContaining([
        'canopy.write.change_applied.propagation',
        'canopy.write.convergence.share',
        'canopy.write.convergence.oldest',
      ]),
    )
  // The lab's two forests leave a few objects in conflict: nearly all are equal, and none is counted twice.
  await expect
    .poll(() => metric('canopy.write.convergence.share').at(-1)?.value, { timeout: 20_000, interval: 200 })
    .toSatisfy((share) => share > 0.9 && share <= 1)
  expect(metric('canopy.write.change_applied.propagation').at(-1)?.unit).toBe('ms')
  // No value of the directory in anything that was recorded.
  expect(JSON.stringify([spans, metrics])).not.toContain('Followed Through')
}, 90_000)
