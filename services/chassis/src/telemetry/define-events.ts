/** Makes typed calls from event declarations: each call logs, counts, records and marks the active span. */
import { type Attributes, type Counter, type Gauge, type Histogram, metrics, trace } from '@opentelemetry/api'
import type { EventDeclaration, Events } from './events.ts'
import type { Log } from './log.ts'
import { metricName, snake } from './metric-name.ts'
import { type ProcessLog, silentLog } from './pino-log.ts'

type Declarations = Readonly<Record<string, EventDeclaration>>
type Value = string | number | boolean
type Listener = (service: string, event: string, fields: Readonly<Record<string, Value>>) => void

/** Every declaration that was loaded, for the generated reference. */
const registry = new Map<string, Declarations>()
const listeners = new Set<Listener>()
const sink: { log: ProcessLog; generation: number } = { log: silentLog, generation: 0 }

/**
 * Where events of this process go from now on. Instruments are made anew: those made before telemetry was started
 * count nothing.
 */
export function directEvents(log: ProcessLog): void {
  sink.log = log
  sink.generation++
}

/** Calls `listener` for every event of this process until the returned function is called. */
export function onEvents(listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Every event that was declared, by service. */
export const declaredEvents = (): ReadonlyMap<string, Declarations> => registry

/** One function per declared event. */
export function defineEvents<const T extends Declarations>(service: string, declarations: T): Events<T> {
  registry.set(service, { ...registry.get(service), ...declarations })
  const calls: Record<string, (fields: Readonly<Record<string, Value>>) => void> = {}
  for (const [event, declaration] of Object.entries(declarations)) calls[event] = eventCall(service, event, declaration)
  return calls as Events<T>
}

interface Instruments {
  readonly generation: number
  readonly log: Log
  readonly count: Counter
  readonly numbers: readonly { readonly field: string; readonly record: (value: number, labels: Attributes) => void }[]
}

function eventCall(
  service: string,
  event: string,
  declaration: EventDeclaration,
): (fields: Readonly<Record<string, Value>>) => void {
  const fieldNames = Object.keys(declaration.fields)
  const labelNames = fieldNames.filter((field) => declaration.fields[field] === 'label')
  const spanEvent = `canopy.${snake(service)}.${snake(event)}`
  let instruments: Instruments | undefined
  return (given) => {
    if (instruments?.generation !== sink.generation) instruments = makeInstruments(service, event, declaration)
    // Only declared fields travel on, whatever the object holds besides.
    const fields = pick(given, fieldNames)
    const labels = pick(given, labelNames)
    instruments.count.add(1, labels)
    for (const number of instruments.numbers) {
      const value = fields[number.field]
      if (typeof value === 'number') number.record(value, labels)
    }
    const span = trace.getActiveSpan()
    if (span?.isRecording()) span.addEvent(spanEvent, fields)
    instruments.log[declaration.level]({ event, ...fields }, declaration.message)
    for (const listener of listeners) listener(service, event, fields)
  }
}

function pick(given: Readonly<Record<string, Value>>, names: readonly string[]): Record<string, Value> {
  const picked: Record<string, Value> = {}
  for (const name of names) {
    const value = given[name]
    if (value !== undefined) picked[name] = value
  }
  return picked
}

function makeInstruments(service: string, event: string, declaration: EventDeclaration): Instruments {
  const meter = metrics.getMeter(`canopy.${snake(service)}`)
  const numbers: { field: string; record: (value: number, labels: Attributes) => void }[] = []
  for (const [field, kind] of Object.entries(declaration.fields)) {
    if (kind === 'label' || kind === 'field') continue
    const name = metricName(service, event, field)
    const options = { description: declaration.doc, unit: declaration.units?.[field] ?? '1' }
    switch (kind) {
      case 'sum': {
        const counter = meter.createCounter(name, options)
        numbers.push({ field, record: (value, labels) => counter.add(value, labels) })
        break
      }
      case 'histogram': {
        const histogram: Histogram = meter.createHistogram(name, options)
        numbers.push({ field, record: (value, labels) => histogram.record(value, labels) })
        break
      }
      case 'gauge': {
        const gauge: Gauge = meter.createGauge(name, options)
        numbers.push({ field, record: (value, labels) => gauge.record(value, labels) })
        break
      }
      default:
        kind satisfies never
    }
  }
  return {
    generation: sink.generation,
    log: sink.log.serviceLog(service),
    count: meter.createCounter(metricName(service, event), { description: declaration.doc, unit: '{event}' }),
    numbers,
  }
}
