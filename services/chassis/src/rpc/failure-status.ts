/** Failures across RPC: kind as a status code, code, place and mend as metadata, both ways. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { classify, Failure, type FailureKind } from '../failure.ts'

const keys = {
  code: 'canopy-code',
  kind: 'canopy-kind',
  retryAfterMs: 'canopy-retry-after-ms',
  // Free text: binary keys carry any character.
  at: 'canopy-at-bin',
  mend: 'canopy-mend-bin',
} as const

/**
 * | kind      | status              |
 * |-----------|---------------------|
 * | transient | UNAVAILABLE         |
 * | permanent | FAILED_PRECONDITION, NOT_FOUND for codes ending in -NOT-FOUND, INTERNAL for CANOPY-0001 |
 * | conflict  | ABORTED             |
 * | cancelled | CANCELLED           |
 */
function statusOf(failure: Failure): status {
  switch (failure.kind) {
    case 'transient':
      return status.UNAVAILABLE
    case 'conflict':
      return status.ABORTED
    case 'cancelled':
      return status.CANCELLED
    case 'permanent':
      if (failure.code.endsWith('-NOT-FOUND')) return status.NOT_FOUND
      return failure.code.startsWith('CANOPY-0001') ? status.INTERNAL : status.FAILED_PRECONDITION
    default:
      return failure.kind satisfies never
  }
}

/** What a handler answers instead of a response. */
export function toServiceError(error: unknown): ServiceError {
  const failure = classify(error)
  const metadata = new Metadata()
  metadata.set(keys.code, failure.code)
  metadata.set(keys.kind, failure.kind)
  if (failure.retryAfterMs !== undefined) metadata.set(keys.retryAfterMs, String(failure.retryAfterMs))
  if (failure.at !== undefined) metadata.set(keys.at, Buffer.from(failure.at))
  if (failure.mend !== undefined) metadata.set(keys.mend, Buffer.from(failure.mend))
  return Object.assign(new Error(failure.message), { code: statusOf(failure), details: failure.message, metadata })
}

/** What a caller throws: the other side's Failure, or one made from the bare status. */
export function fromServiceError(error: ServiceError, at: string): Failure {
  const text = (key: string): string | undefined => error.metadata?.get(key)[0]?.toString()
  const code = text(keys.code)
  const kind = text(keys.kind)
  const retryAfterMs = Number(text(keys.retryAfterMs))
  if (code !== undefined && isKind(kind)) {
    return new Failure({
      kind,
      code,
      message: error.details,
      at: text(keys.at),
      mend: text(keys.mend),
      retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : undefined,
      cause: error,
    })
  }
  return new Failure({ ...bareStatus(error), message: `${at}: ${error.details}`, at, cause: error })
}

function bareStatus(error: ServiceError): { kind: FailureKind; code: string; mend?: string } {
  switch (error.code) {
    case status.UNAVAILABLE:
      return { kind: 'transient', code: 'CANOPY-RPC-0001', mend: 'the service is not reachable: see whether it runs' }
    case status.DEADLINE_EXCEEDED:
      return { kind: 'transient', code: 'CANOPY-RPC-0002', mend: 'the service did not answer in time' }
    case status.RESOURCE_EXHAUSTED:
      return { kind: 'transient', code: 'CANOPY-RPC-0003' }
    case status.ABORTED:
      return { kind: 'conflict', code: 'CANOPY-RPC-0004' }
    case status.CANCELLED:
      return { kind: 'cancelled', code: 'CANOPY-0002' }
    case status.UNIMPLEMENTED:
      return { kind: 'permanent', code: 'CANOPY-RPC-0005', mend: 'the two services are of different versions' }
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return { kind: 'permanent', code: 'CANOPY-RPC-0006', mend: 'check the certificates of both services' }
    default:
      return { kind: 'permanent', code: `CANOPY-RPC-0007/${status[error.code]}` }
  }
}

const isKind = (kind: string | undefined): kind is FailureKind =>
  kind === 'transient' || kind === 'permanent' || kind === 'conflict' || kind === 'cancelled'
