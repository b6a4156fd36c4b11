/** Unary RPCs as async functions on both sides: deadline, cancellation, trace and failures are seen to here. */
import {
  type CallOptions,
  type ClientUnaryCall,
  type handleUnaryCall,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { traceHeaders, traceparentHeader, withSpan } from '../telemetry/tracing.ts'
import { fromServiceError, toServiceError } from './failure-status.ts'
import { type PeerCertificate, peerCertificate } from './peer.ts'

/** Milliseconds a call may take when nobody says otherwise. */
export const defaultDeadlineMs = 10_000

export interface CallContext {
  /** Aborted when the caller gave up or its deadline passed. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch after which nobody waits for the answer. */
  readonly deadlineMs: number
  readonly metadata: Metadata
  /** The caller's certificate, where it showed one that is believed. */
  readonly peer: PeerCertificate | undefined
}

/**
 * A handler from an async function:
 * `rpc.addService(ControlService, { listConfigurations: unary(async (request) => …) })`.
 */
export function unary<Request, Response>(
  handle: (request: Request, call: CallContext) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const abort = new AbortController()
    const deadline = call.getDeadline()
    const asked = deadline instanceof Date ? deadline.getTime() : deadline
    const deadlineMs = Number.isFinite(asked) ? asked : Date.now() + defaultDeadlineMs
    const timer = setTimeout(() => abort.abort(new Error('deadline exceeded')), Math.max(0, deadlineMs - Date.now()))
    call.on('cancelled', () => abort.abort(new Error('cancelled by the caller')))
    const parent = call.metadata.get(traceparentHeader)[0]?.toString()
    const context: CallContext = {
      signal: abort.signal,
      deadlineMs,
      metadata: call.metadata,
      peer: peerCertificate(call),
    }
    withSpan(call.getPath(), { kind: 'server', parent }, () => handle(call.request, context))
      .then(
        (response) => callback(null, response),
        (error) => callback(toServiceError(error)),
      )
      .finally(() => clearTimeout(timer))
  }
}

/** The full form of a generated client's method. */
type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall

/** Names of a client's unary methods. */
type UnaryName<C> = { [K in keyof C]: C[K] extends UnaryMethod<never, unknown> ? K : never }[keyof C]
type RequestOf<C, K extends keyof C> = C[K] extends UnaryMethod<infer Request, unknown> ? Request : never
type ResponseOf<C, K extends keyof C> = C[K] extends UnaryMethod<never, infer Response> ? Response : never

export interface CallRequest {
  /** Default 10,000 ms. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

/** Calls a method of a generated client: `await call(client, 'getForests', {})`. Throws Failure. */
export function call<C extends object, K extends UnaryName<C> & string>(
  client: C,
  method: K,
  request: RequestOf<C, K>,
  options: CallRequest = {},
): Promise<ResponseOf<C, K>> {
  return withSpan(`rpc ${method}`, { kind: 'client' }, () => {
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(traceHeaders())) metadata.set(name, value)
    const deadline = new Date(Date.now() + (options.deadlineMs ?? defaultDeadlineMs))
    const invoke = (client[method] as UnaryMethod<RequestOf<C, K>, ResponseOf<C, K>>).bind(client)
    return new Promise<ResponseOf<C, K>>((resolve, reject) => {
      if (options.signal?.aborted) return reject(fromServiceError(cancelledError(), method))
      const onAbort = (): void => running.cancel()
      const running = invoke(request, metadata, { deadline }, (error, response) => {
        options.signal?.removeEventListener('abort', onAbort)
        if (error) reject(fromServiceError(error, method))
        else resolve(response)
      })
      options.signal?.addEventListener('abort', onAbort, { once: true })
    })
  })
}

const cancelledError = (): ServiceError =>
  Object.assign(new Error('cancelled'), { code: status.CANCELLED, details: 'cancelled', metadata: new Metadata() })
