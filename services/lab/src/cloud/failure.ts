/** The ways a directory request fails, with the status, code and words a client has to recognise them by. */

export interface FailureDetail {
  readonly code: string
  readonly target?: string
  readonly message: string
}

interface FailureShape {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: readonly FailureDetail[]
  readonly headers?: Readonly<Record<string, string>>
}

/** A refused request: what the client is told, never an internal fault. */
export class GraphFailure extends Error {
  readonly status: number
  readonly code: string
  readonly details: readonly FailureDetail[] | undefined
  readonly headers: Readonly<Record<string, string>> | undefined

  constructor(shape: FailureShape) {
    super(shape.message)
    this.status = shape.status
    this.code = shape.code
    this.details = shape.details
    this.headers = shape.headers
  }
}

export const badRequest = (message: string, details?: readonly FailureDetail[]): GraphFailure =>
  new GraphFailure({ status: 400, code: 'Request_BadRequest', message, details })

/** The object is missing, deleted, or not replicated yet: a client cannot tell which. */
export const notFound = (id: string): GraphFailure =>
  new GraphFailure({
    status: 404,
    code: 'Request_ResourceNotFound',
    message: `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  })

/** A reference to or from an object that is too fresh to be seen everywhere. */
export const referenceNotReady = (): GraphFailure =>
  badRequest('The source resource object or one of the objects being referenced do not exist.')

/** Another object holds the value of a property that must be unique. */
export const conflict = (target: string, holder: string): GraphFailure => {
  const message = `Another object with the same value for property ${target} already exists.`
  return badRequest(message, [
    { code: 'ObjectConflict', target, message },
    { code: 'ConflictingObjects', target: holder, message: `The conflicting object is ${holder}.` },
  ])
}

export const invalidValue = (property: string, resource: string, why?: string): GraphFailure => {
  const message = `Invalid value specified for property '${property}' of resource '${resource}'.`
  return badRequest(message, [{ code: 'InvalidValue', target: property, message: why ?? message }])
}

export const denied = (): GraphFailure =>
  new GraphFailure({
    status: 403,
    code: 'Authorization_RequestDenied',
    message: 'Insufficient privileges to complete the operation.',
  })

/** Another sync engine is the master of this object. */
export const masteredElsewhere = (): GraphFailure =>
  badRequest(
    'Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently ' +
      'undergoing migration.',
  )

export const unsupportedQuery = (message: string): GraphFailure =>
  new GraphFailure({ status: 400, code: 'Request_UnsupportedQuery', message })

export const noSuchSegment = (segment: string): GraphFailure =>
  new GraphFailure({
    status: 400,
    code: 'BadRequest',
    message: `Resource not found for the segment '${segment}'.`,
  })

export const wrongMethod = (): GraphFailure =>
  new GraphFailure({
    status: 405,
    code: 'Request_BadRequest',
    message: 'Specified HTTP method is not allowed for the request target.',
  })

export interface ErrorIdentity {
  readonly requestId: string
  readonly clientRequestId: string
  readonly nowMs: number
}

/** The body of a failed answer. */
export const errorBody = (failure: GraphFailure, identity: ErrorIdentity): object => ({
  error: {
    code: failure.code,
    message: failure.message,
    ...(failure.details === undefined ? {} : { details: failure.details }),
    innerError: {
      date: new Date(identity.nowMs).toISOString().slice(0, 19),
      'request-id': identity.requestId,
      'client-request-id': identity.clientRequestId,
    },
  },
})
