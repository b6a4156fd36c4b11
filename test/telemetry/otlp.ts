/** Decodes what an OTLP/HTTP receiver is sent, into plain values for assertions. */
import { createRequire } from 'node:module'

export interface ReceivedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly status: { readonly code: number; readonly message: string }
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[]
  readonly resource: Readonly<Record<string, unknown>>
}

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly kind: 'sum' | 'gauge' | 'histogram'
  /** Of the first data point; a histogram's sum. */
  readonly value: number
  readonly attributes: Readonly<Record<string, unknown>>
}

interface Pair {
  readonly key: string
  readonly value: {
    readonly stringValue?: string
    readonly intValue?: number
    readonly doubleValue?: number
    readonly boolValue?: boolean
  }
}
interface Resource {
  readonly attributes?: readonly Pair[]
}
interface WireSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly status?: { readonly code?: number; readonly message?: string }
  readonly attributes?: readonly Pair[]
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly Pair[] }[]
}
interface Point {
  readonly attributes?: readonly Pair[]
  readonly asDouble?: number
  readonly asInt?: number
  readonly sum?: number
}
interface WireMetric {
  readonly name: string
  readonly unit?: string
  readonly sum?: { readonly dataPoints: readonly Point[] }
  readonly gauge?: { readonly dataPoints: readonly Point[] }
  readonly histogram?: { readonly dataPoints: readonly Point[] }
}
interface Message<T> {
  decode(bytes: Uint8Array): unknown
  toObject(message: unknown, options: object): T
}
interface Generated {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly trace: {
          readonly v1: {
            readonly ExportTraceServiceRequest: Message<{
              resourceSpans?: readonly {
                resource?: Resource
                scopeSpans?: readonly { spans?: readonly WireSpan[] }[]
              }[]
            }>
          }
        }
        readonly metrics: {
          readonly v1: {
            readonly ExportMetricsServiceRequest: Message<{
              resourceMetrics?: readonly { scopeMetrics?: readonly { metrics?: readonly WireMetric[] }[] }[]
            }>
          }
        }
      }
    }
  }
}

const require = createRequire(import.meta.url)
const generated: Generated = require('@opentelemetry/otlp-transformer/build/src/generated/root')
const { trace, metrics } = generated.opentelemetry.proto.collector
const plain = { longs: Number, bytes: String, enums: Number }

/** Body of a POST to /v1/traces. */
export function decodeSpans(body: Uint8Array): readonly ReceivedSpan[] {
  const type = trace.v1.ExportTraceServiceRequest
  const request = type.toObject(type.decode(body), plain)
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    (scopeSpans ?? []).flatMap(({ spans }) =>
      (spans ?? []).map((span) => readSpan(span, attributes(resource?.attributes))),
    ),
  )
}

/** Body of a POST to /v1/metrics. */
export function decodeMetrics(body: Uint8Array): readonly Metric[] {
  const type = metrics.v1.ExportMetricsServiceRequest
  const request = type.toObject(type.decode(body), plain)
  return (request.resourceMetrics ?? []).flatMap(({ scopeMetrics }) =>
    (scopeMetrics ?? []).flatMap((scope) => (scope.metrics ?? []).flatMap(readMetric)),
  )
}

const readSpan = (span: WireSpan, resource: Readonly<Record<string, unknown>>): ReceivedSpan => ({
  name: span.name,
  traceId: hex(span.traceId),
  spanId: hex(span.spanId),
  parentSpanId: hex(span.parentSpanId ?? ''),
  status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
  attributes: attributes(span.attributes),
  events: (span.events ?? []).map((event) => ({ name: event.name, attributes: attributes(event.attributes) })),
  resource,
})

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

function readMetric(metric: WireMetric): readonly Metric[] {
  const kinds = ['sum', 'gauge', 'histogram'] as const
  return kinds.flatMap((kind) => {
    const point = metric[kind]?.dataPoints[0]
    if (point === undefined) return []
    const value = (kind === 'histogram' ? point.sum : (point.asDouble ?? point.asInt)) ?? 0
    return [{ name: metric.name, unit: metric.unit ?? '', kind, value, attributes: attributes(point.attributes) }]
  })
}

const attributes = (pairs: readonly Pair[] | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    (pairs ?? []).map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue,
    ]),
  )
