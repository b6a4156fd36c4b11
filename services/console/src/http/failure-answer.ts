/** Failures as HTTP: a status and {code, message, at, mend}. */
import { classify, type Failure } from '@canopy/chassis'

export interface FailureAnswer {
  readonly status: number
  readonly body: {
    readonly code: string
    readonly message: string
    readonly at: string | undefined
    readonly mend: string | undefined
  }
}

export function failureAnswer(error: unknown): FailureAnswer {
  const failure = classify(error)
  const { code, message, at, mend } = failure
  return { status: statusOf(failure), body: { code, message, at, mend } }
}

function statusOf(failure: Failure): number {
  if (failure.code === 'CANOPY-CONSOLE-0003') return 401
  if (failure.code.endsWith('-NOT-FOUND')) return 404
  switch (failure.kind) {
    case 'transient':
      return 503
    case 'conflict':
      return 409
    case 'cancelled':
      return 499
    case 'permanent':
      return failure.code.startsWith('CANOPY-0001') ? 500 : 400
    default:
      return failure.kind satisfies never
  }
}
