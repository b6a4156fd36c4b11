/** What an answer of Graph means; never shows a value of a person. */
import type { CloudAnswer, CloudFailure, CloudRequest } from '../../ports.ts'
import type { Json } from './body.ts'

interface ErrorBody {
  readonly error?: {
    readonly code?: string
    readonly message?: string
    readonly details?: readonly { readonly code?: string; readonly target?: string }[]
  }
}

export const retryAfterMs = (headers: Readonly<Record<string, unknown>>): number | undefined => {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'retry-after')
  const seconds = Number(name ? headers[name] : Number.NaN)
  return Number.isFinite(seconds) ? Math.ceil(seconds * 1000) : undefined
}

/**
 *   status | text                                          | means
 *   -------+-----------------------------------------------+----------
 *   2xx    |                                               | done
 *   400    | added object references already exist         | done for one member; exists for several: none was added
 *   400/404| removed object references do not exist        | done (removeMember only)
 *   400/409| ObjectConflict, "already exists", same key    | exists
 *   400    | one of the objects being referenced           | notYet
 *   404    | on something that exists by our own record    | missing for objects, notYet for references
 *   409    | ConcurrencyViolation                          | transient
 *   401    |                                               | waiting (the token is dropped)
 *   403    |                                               | refused
 *   429    |                                               | throttled
 *   5xx    |                                               | transient
 */
export function answerOf(
  request: CloudRequest,
  status: number,
  headers: Readonly<Record<string, unknown>>,
  body: unknown,
): CloudAnswer {
  if (status >= 200 && status < 300) return { ok: true, ...idOf(body) }
  const error = (body as ErrorBody | undefined)?.error
  const text = error?.message ?? ''
  const code = error?.code ?? `HTTP ${status}`
  const fail = (kind: CloudFailure['kind'], more: Partial<CloudFailure> = {}): CloudAnswer => {
    const after = retryAfterMs(headers)
    return {
      ok: false,
      failure: { kind, code, message: messageOf(code, text), ...(after ? { retryAfterMs: after } : {}), ...more },
    }
  }
  if (status === 429) return fail('throttled')
  if (status >= 500 || /ConcurrencyViolation/i.test(code)) return fail('transient')
  if (status === 401) return fail('waiting')
  if (status === 403) return fail('refused')
  if (request.op === 'addMembers' && /added object references already exist/i.test(text)) {
    return request.members.length === 1 ? { ok: true } : fail('exists')
  }
  if (request.op === 'removeMember' && /removed object references do not exist/i.test(text)) return { ok: true }
  const conflict = error?.details?.find((d) => d.code === 'ObjectConflict' || d.code === 'ConflictingObjects')
  if (conflict || /already exists|SameKeyValue|conflicting object/i.test(`${code} ${text}`)) {
    const attribute = conflict?.target ?? /property (\w+)/.exec(text)?.[1]
    return fail('exists', attribute ? { attribute } : {})
  }
  if (/objects being referenced do not exist/i.test(text)) return fail('notYet')
  if (status === 404) return fail(missingKind(request))
  return fail('refused')
}

function missingKind(request: CloudRequest): CloudFailure['kind'] {
  switch (request.op) {
    case 'addMembers':
    case 'setManager':
      return 'notYet'
    case 'removeMember':
    case 'clearManager':
    case 'delete':
    case 'revokeSessions':
      return 'done'
    default:
      return 'missing'
  }
}

/** Codes and the generic part of the text only: messages of the directory may quote values. */
const messageOf = (code: string, text: string): string =>
  /^[\w .]+$/.test(code) && text !== '' ? `${code}: ${text.replaceAll(/'[^']*'/g, "'…'").slice(0, 160)}` : code

function idOf(body: unknown): { id?: string } {
  const id = (body as Json | undefined)?.id
  return typeof id === 'string' ? { id } : {}
}
