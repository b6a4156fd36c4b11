/** Explicit spans and their way through record headers: W3C `traceparent`, written and read by hand. */
import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { classify } from '../failure.ts'

/** Name of the header on records and RPCs. */
export const traceparentHeader = 'traceparent'

const state: { on: boolean } = { on: false }

/** Whether spans go anywhere. Everything here costs next to nothing while they do not. */
export const isTracing = (): boolean => state.on

/** Called by `startTelemetry` alone. */
export function setTracing(on: boolean): void {
  state.on = on
}

const tracer = () => trace.getTracer('canopy')

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly attributes?: Attributes
  /** `traceparent` of the parent; default: the active span. */
  readonly parent?: string
  /** `traceparent`s of spans this one belongs to without being their child. */
  readonly links?: readonly string[]
}

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

/** Runs `fn` in a span that ends with it; a thrown failure marks the span by its code, never by its values. */
export async function withSpan<T>(name: string, options: SpanOptions, fn: () => Promise<T>): Promise<T> {
  if (!state.on) return fn()
  const { span, within } = openSpan(name, options)
  try {
    return await context.with(within, fn)
  } catch (error) {
    failSpan(span, error)
    throw error
  } finally {
    span.end()
  }
}

/** A span that the caller ends: for work that begins and ends in different calls. Undefined when nobody listens. */
export function startSpan(name: string, options: SpanOptions = {}): Span | undefined {
  return state.on ? openSpan(name, options).span : undefined
}

/** Marks a span as failed. */
export function failSpan(span: Span, error: unknown): void {
  const failure = classify(error)
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.code })
  span.setAttribute('canopy.code', failure.code)
}

/**
 * A finished span that begins a trace, as a header for the records that came of it: where a directory change enters.
 * Empty when nobody listens, so that it can be spread into headers as it is.
 */
export function rootTrace(name: string, attributes?: Attributes): Readonly<Record<string, string>> {
  if (!state.on) return noHeaders
  const span = tracer().startSpan(name, { root: true, attributes })
  span.end()
  return headersOf(span)
}

/** The same as a step of the trace that `parent` (a `traceparent`) names; without one it begins a trace. */
export function stepTrace(
  name: string,
  parent: string | undefined,
  attributes?: Attributes,
): Readonly<Record<string, string>> {
  if (parseTraceparent(parent) === undefined) return rootTrace(name, attributes)
  const span = startSpan(name, { ...(attributes ? { attributes } : {}), ...(parent ? { parent } : {}) })
  span?.end()
  return span === undefined ? noHeaders : headersOf(span)
}

/** Headers that make what is published now a child of the active span; empty when there is none. */
export function traceHeaders(): Readonly<Record<string, string>> {
  const span = state.on ? trace.getActiveSpan() : undefined
  return span === undefined ? noHeaders : headersOf(span)
}

/** `traceparent` of a span, or of the active one. */
export function traceparent(span: Span | undefined = trace.getActiveSpan()): string | undefined {
  const of = span?.spanContext()
  if (of === undefined || !trace.isSpanContextValid(of)) return undefined
  return `00-${of.traceId}-${of.spanId}-0${of.traceFlags & TraceFlags.SAMPLED}`
}

/** A span context from a header; undefined for anything malformed. */
export function parseTraceparent(header: string | undefined): SpanContext | undefined {
  const parts = header === undefined ? undefined : /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header)
  if (!parts) return undefined
  const traceFlags = Number.parseInt(parts[3]!, 16) & TraceFlags.SAMPLED
  const parsed: SpanContext = { traceId: parts[1]!, spanId: parts[2]!, traceFlags, isRemote: true }
  return trace.isSpanContextValid(parsed) ? parsed : undefined
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

function headersOf(span: Span): Readonly<Record<string, string>> {
  const header = traceparent(span)
  return header === undefined ? noHeaders : { [traceparentHeader]: header }
}

function openSpan(name: string, options: SpanOptions): { span: Span; within: Context } {
  const parent = parseTraceparent(options.parent)
  const base = parent === undefined ? context.active() : trace.setSpanContext(ROOT_CONTEXT, parent)
  const links = (options.links ?? []).flatMap((link) => {
    const linked = parseTraceparent(link)
    return linked === undefined ? [] : [{ context: linked }]
  })
  const span = tracer().startSpan(
    name,
    { kind: kinds[options.kind ?? 'internal'], attributes: options.attributes, links },
    base,
  )
  return { span, within: trace.setSpan(base, span) }
}
