/** Starts OpenTelemetry for a process: spans and metrics over OTLP/HTTP, or nothing at all. */
import { context, metrics, trace } from '@opentelemetry/api'
import { Failure } from '../failure.ts'
import { directEvents } from './define-events.ts'
import type { ProcessLog } from './pino-log.ts'
import { setTracing } from './tracing.ts'

export interface TelemetryOptions {
  /** `service.name`: "canopy-capture", or "canopy" for a process with several services. */
  readonly service: string
  readonly instance: string
  readonly version: string
  readonly log: ProcessLog
  /** Base of an OTLP/HTTP receiver, "http://collector:4318"; undefined: nothing is recorded. */
  readonly otlpEndpoint?: string
  /** Milliseconds between two exports of metrics. */
  readonly metricIntervalMs?: number
}

export interface Telemetry {
  /** Sends what is left, for at most five seconds. */
  shutdown(): Promise<void>
}

const maxFlushMs = 5_000

/**
 * Directs events to the log and, with an endpoint, spans and metrics to it. There is one telemetry per process.
 * A malformed endpoint is Failure CANOPY-CONFIG-0004.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  if (options.otlpEndpoint === undefined) {
    directEvents(options.log)
    return { shutdown: async () => {} }
  }
  const base = endpointBase(options.otlpEndpoint)
  // Loaded on demand: the SDK takes longer to load than everything else together.
  const [{ NodeSDK }, { OTLPTraceExporter }, { OTLPMetricExporter }, { PeriodicExportingMetricReader }] =
    await Promise.all([
      import('@opentelemetry/sdk-node'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/exporter-metrics-otlp-proto'),
      import('@opentelemetry/sdk-metrics'),
    ])
  const intervalMs = options.metricIntervalMs ?? 15_000
  const attributes = { 'service.version': options.version, 'service.instance.id': options.instance }
  const sdk = new NodeSDK({
    serviceName: options.service,
    resourceDetectors: [{ detect: () => ({ attributes }) }],
    traceExporter: new OTLPTraceExporter({ url: `${base}/v1/traces` }),
    metricReaders: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${base}/v1/metrics` }),
        exportIntervalMillis: intervalMs,
        exportTimeoutMillis: Math.min(intervalMs, 10_000),
      }),
    ],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  setTracing(true)
  directEvents(options.log)
  return { shutdown: () => stop(sdk, options.log) }
}

async function stop(sdk: { shutdown(): Promise<void> }, log: ProcessLog): Promise<void> {
  setTracing(false)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, maxFlushMs)
  })
  try {
    await Promise.race([sdk.shutdown(), late])
  } catch (error) {
    log.warn({ error }, 'the last spans and metrics could not be sent')
  } finally {
    clearTimeout(timer)
    // A later start in the same process must be able to register its own.
    trace.disable()
    metrics.disable()
    context.disable()
  }
}

function endpointBase(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Failure({
      kind: 'permanent',
      code: 'CANOPY-CONFIG-0004',
      message: 'the OTLP endpoint is not an http or https address',
      at: 'telemetry.otlp_endpoint',
      mend: 'give the base address of an OTLP/HTTP receiver, like http://collector:4318',
    })
  }
  return endpoint.replace(/\/+$/, '')
}
