/** Spans, counters and log lines of every stage: what goes in, comes out, is put aside, lags behind. */
import { context, type Span, trace } from '@opentelemetry/api'
import type { BatchInfo, StageObserver } from '../stage/observer.ts'
import type { Incoming } from '../stage/stage.ts'
import { defineEvents } from './define-events.ts'
import type { Events } from './events.ts'
import { failSpan, isTracing, startSpan, traceparent, traceparentHeader, withSpan } from './tracing.ts'

/** Beyond this many records a batch is a snapshot: one span for all of it. */
const maxRecordSpans = 50

const declarations = {
  received: {
    level: 'debug',
    message: 'batch handled',
    doc: 'A batch of one input partition was committed. records = produced + parked + skipped by the service.',
    fields: {
      stage: 'label',
      topic: 'label',
      partition: 'label',
      records: 'sum',
      produced: 'sum',
      tookMs: 'histogram',
      lag: 'gauge',
    },
    units: { records: '{record}', produced: '{record}', tookMs: 'ms', lag: '{record}' },
  },
  failed: {
    level: 'debug',
    message: 'batch failed',
    doc: 'A batch was not committed and is tried again or narrowed down; kind says what is done about it.',
    fields: { stage: 'label', topic: 'label', kind: 'label', code: 'label', records: 'field' },
  },
  parked: {
    level: 'warn',
    message: 'record parked',
    doc: 'A record cannot be handled and was put aside; see `canopy parked list`.',
    fields: { stage: 'label', topic: 'label', code: 'label', partition: 'field', offset: 'field' },
  },
  published: {
    level: 'debug',
    message: 'published',
    doc: 'Records of the outbox were appended to an output partition.',
    fields: { stage: 'label', topic: 'label', partition: 'label', records: 'sum', bytes: 'sum', tookMs: 'histogram' },
    units: { records: '{record}', bytes: 'By', tookMs: 'ms' },
  },
} as const

/** Declared once for all services: the service is the meter and the log field, the instruments have the same names. */
export const stageEvents = defineEvents('stage', declarations)

/** What a stage needs to be seen. */
export function stageObserver(events: Events<typeof declarations> = stageEvents): StageObserver {
  return {
    around: (batch, run) => (isTracing() ? traced(batch, run) : run()),
    batchCommitted: ({ stage, topic, partition, records, produced, durationMs, lag }) =>
      events.received({
        stage,
        topic,
        partition,
        records: records.length,
        produced,
        tookMs: Math.round(durationMs),
        lag,
      }),
    batchFailed: ({ stage, topic, kind, code, records }) =>
      events.failed({ stage, topic, kind, code, records: records.length }),
    recordParked: ({ stage, topic, partition, offset, code }) =>
      events.parked({ stage, topic, code, partition, offset: String(offset) }),
    published: ({ stage, topic, partition, records, bytes, durationMs }) =>
      events.published({ stage, topic, partition, records, bytes, tookMs: Math.round(durationMs) }),
  }
}

const spans = new WeakMap<Incoming, Span>()

/**
 * Headers for what comes of a record: `out.put(topic, key, message, traceOf(incoming))`. The record's own span in this
 * stage where there is one, otherwise the trace it came with.
 */
export function traceOf(incoming: Incoming): Readonly<Record<string, string>> {
  const span = spans.get(incoming)
  const header = span === undefined ? incoming.headers[traceparentHeader] : traceparent(span)
  return header === undefined ? noHeaders : { [traceparentHeader]: header }
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

/** Records of the change stream get a span each in the trace of their change; the batch's own span links to them. */
async function traced<T>(batch: BatchInfo, run: () => Promise<T>): Promise<T> {
  const name = `${batch.stage} ${batch.topic}`
  const carrying = batch.records.filter((record) => record.headers[traceparentHeader] !== undefined)
  const single = batch.records.length <= maxRecordSpans ? carrying : []
  const opened = single.flatMap((record) => {
    const span = startSpan(name, { kind: 'consumer', parent: record.headers[traceparentHeader] })
    if (span === undefined) return []
    spans.set(record, span)
    return [span]
  })
  const attributes = {
    'canopy.topic': batch.topic,
    'canopy.partition': batch.partition,
    'canopy.records': batch.records.length,
  }
  const links = carrying.slice(0, maxRecordSpans).flatMap((record) => record.headers[traceparentHeader] ?? [])
  try {
    // With one change in the batch, everything done for it belongs into its trace.
    if (opened.length === 1 && batch.records.length === 1) {
      opened[0]!.setAttributes(attributes)
      return await context.with(trace.setSpan(context.active(), opened[0]!), run)
    }
    return await withSpan(`${name} batch`, { kind: 'consumer', attributes, links }, run)
  } catch (error) {
    for (const span of opened) failSpan(span, error)
    throw error
  } finally {
    for (const span of opened) span.end()
  }
}
