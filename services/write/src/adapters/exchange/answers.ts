/** What an answer of the Exchange admin endpoint means. */
import type { CloudAnswer, CloudRequest } from '../../ports.ts'
import { retryAfterMs } from '../graph/answers.ts'
import type { Json } from '../graph/body.ts'
import type { HttpAnswer } from '../graph/http.ts'

interface ExchangeError {
  readonly error?: { readonly code?: string; readonly details?: readonly { readonly message?: string }[] }
}

/** The exception's type is the second part of "id|type|text"; the text may quote values and is not shown. */
const exceptionOf = (body: unknown): string => {
  const message = (body as ExchangeError | undefined)?.error?.details?.[0]?.message ?? ''
  return message.split('|')[1]?.split('.').at(-1) ?? ''
}

export function exchangeAnswer(request: CloudRequest, cmdlet: string, answer: HttpAnswer): CloudAnswer {
  if (answer.status >= 200 && answer.status < 300) {
    const first = (answer.body as { value?: Json[] } | undefined)?.value?.[0]
    const id = first?.ExternalDirectoryObjectId ?? first?.Guid
    return typeof id === 'string' ? { ok: true, id } : { ok: true }
  }
  const exception = exceptionOf(answer.body)
  const code = (answer.body as ExchangeError | undefined)?.error?.code ?? `HTTP ${answer.status}`
  const after = retryAfterMs(answer.headers)
  const fail = (
    kind: 'exists' | 'missing' | 'done' | 'refused' | 'throttled' | 'transient' | 'waiting',
  ): CloudAnswer => ({
    ok: false,
    failure: {
      kind,
      code: exception || code,
      message: `${cmdlet}: ${exception || code}`,
      ...(after ? { retryAfterMs: after } : {}),
    },
  })
  if (answer.status === 429) return fail('throttled')
  if (answer.status === 408 || answer.status >= 500 || /UnableToWriteToAad/.test(exception)) return fail('transient')
  if (answer.status === 401) return fail('waiting')
  if (/ManagementObjectNotFound/.test(exception) || answer.status === 404) {
    return request.op === 'delete' ? { ok: true } : fail('missing')
  }
  if (/AlreadyExists|ProxyAddressExists|Duplicate|NameNotUnique/i.test(exception)) return fail('exists')
  return fail('refused')
}
