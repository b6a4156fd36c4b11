/** Log lines carry what was declared and nothing else; events count without anybody listening. */
import { describe, expect, it } from 'vitest'
import { Failure } from '../failure.ts'
import { declaredEvents, defineEvents, directEvents, onEvents } from './define-events.ts'
import { metricName } from './metric-name.ts'
import { createLog, silentLog } from './pino-log.ts'
import { parseTraceparent, rootTrace, traceHeaders } from './tracing.ts'

function lines() {
  const written: Record<string, unknown>[] = []
  const log = createLog({
    level: 'info',
    service: 'sample',
    destination: { write: (line: string) => void written.push(JSON.parse(line)) },
  })
  return { log, written }
}

const events = defineEvents('sample', {
  batchDone: {
    level: 'info',
    message: 'batch done',
    doc: 'A batch was handled.',
    fields: { forest: 'label', records: 'sum', tookMs: 'histogram' },
    units: { records: '{record}', tookMs: 'ms' },
  },
  quiet: { level: 'debug', message: 'quiet', doc: 'Not worth a line.', fields: {} },
})

describe('the log', () => {
  it('writes one JSON line with service, level, time and scalar fields', () => {
    const { log, written } = lines()
    log.serviceLog('capture').info({ forest: 'contoso', offset: 5n, at: new Date(0) }, 'read')
    expect(written).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        service: 'capture',
        forest: 'contoso',
        offset: '5',
        at: '1970-01-01T00:00:00.000Z',
        message: 'read',
      },
    ])
  })

  it('does not spill what is passed whole, nor what a driver hangs on its errors', () => {
    const { log, written } = lines()
    const error = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (mail)=(ada@x.lab) exists',
      parameters: ['secret'],
    })
    log.error({ error, entry: { mail: 'ada@x.lab' }, values: ['ada@x.lab'], long: 'x'.repeat(5_000) }, 'failed')
    const text = JSON.stringify(written)
    expect(text).not.toContain('ada@')
    expect(text).not.toContain('secret')
    expect(written[0]).toMatchObject({ code: 'CANOPY-0001/23505', reason: 'duplicate key', entry: '[object]' })
    expect(text.length).toBeLessThan(1_000)
  })

  it('says a failure by code, place and mend', () => {
    const { log, written } = lines()
    log.warn({ error: new Failure({ kind: 'transient', code: 'CANOPY-X', message: 'm', at: 'a', mend: 'b' }) }, 'x')
    expect(written[0]).toMatchObject({ code: 'CANOPY-X', reason: 'm', at: 'a', mend: 'b' })
  })

  it('leaves out what is below its level', () => {
    const { log, written } = lines()
    log.debug({}, 'no')
    expect(written).toEqual([])
  })
})

describe('events', () => {
  it('become a line of declared fields only, and are told to listeners', () => {
    const { log, written } = lines()
    directEvents(log)
    const heard: unknown[] = []
    const stop = onEvents((service, event, fields) => heard.push([service, event, fields]))
    const more = { forest: 'contoso', records: 3, tookMs: 1.5, mail: 'ada@x.lab' }
    events.batchDone(more)
    events.quiet({})
    stop()
    events.quiet({})
    directEvents(silentLog)
    expect(written).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        service: 'sample',
        event: 'batchDone',
        forest: 'contoso',
        records: 3,
        tookMs: 1.5,
        message: 'batch done',
      },
    ])
    expect(heard).toEqual([
      ['sample', 'batchDone', { forest: 'contoso', records: 3, tookMs: 1.5 }],
      ['sample', 'quiet', {}],
    ])
  })

  it('are known for the reference, and named in snake case', () => {
    expect(declaredEvents().get('sample')).toHaveProperty('batchDone')
    expect(metricName('sample', 'batchDone', 'tookMs')).toBe('canopy.sample.batch_done.took_ms')
  })

  it('cost little when nobody listens', () => {
    directEvents(silentLog)
    const start = performance.now()
    for (let i = 0; i < 100_000; i++) events.batchDone({ forest: 'contoso', records: 3, tookMs: 1.5 })
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})

describe('tracing without a receiver', () => {
  it('adds no headers', () => {
    expect(rootTrace('change')).toEqual({})
    expect(traceHeaders()).toEqual({})
  })

  it.each([
    '',
    'x',
    `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
    `00-${'A'.repeat(32)}-${'1'.repeat(16)}-01`,
    `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
  ])('takes %s for no parent', (header) => expect(parseTraceparent(header)).toBeUndefined())
})
