/**
 * The cloud directory behind Exchange Online's admin REST endpoint: mail contacts.
 *
 * The endpoint (InvokeCommand, beta) is what Microsoft's own module calls and is not documented for others: it stays in
 * this folder, calls go one by one and few at a time.
 */
import { classify, Failure } from '@canopy/chassis'
import { agent } from '@canopy/proto'
import type { CloudAnswer, CloudDirectory, CloudObject, CloudRequest } from '../../ports.ts'
import type { Json } from '../graph/body.ts'
import { type Http, type HttpAnswer, HttpFailure } from '../graph/http.ts'
import type { TokenSource } from '../graph/token.ts'
import { exchangeAnswer } from './answers.ts'
import { type Cmdlet, contactCommands, findCommand, finishCommand, parseContact, readCommand } from './cmdlets.ts'

export interface ExchangeOptions {
  readonly target: string
  readonly http: Http
  /** "/adminapi/beta/<tenant>". */
  readonly root: string
  readonly tenant: string
  readonly tokens: TokenSource
}

type Invoke = (cmdlet: Cmdlet, timeoutMs: number, path?: string) => Promise<HttpAnswer>

export function exchangeDirectory(options: ExchangeOptions): CloudDirectory {
  const invoke: Invoke = async (cmdlet, timeoutMs, path = `${options.root}/InvokeCommand`) => {
    const answer = await options.http.request({
      method: 'POST',
      path,
      headers: {
        authorization: `Bearer ${await options.tokens.token()}`,
        'x-anchormailbox': `APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@${options.tenant}`,
        'x-cmdletname': cmdlet.name,
        'x-responseformat': 'json',
        'x-serializationlevel': 'Partial',
        'x-clientapplication': 'ExoManagementModule',
        'parameter-based-routing': 'true',
        prefer: 'odata.maxpagesize=1000',
      },
      body: JSON.stringify({ CmdletInput: { CmdletName: cmdlet.name, Parameters: cmdlet.parameters } }),
      timeoutMs,
    })
    if (answer.status === 401) options.tokens.forget()
    return answer
  }
  return {
    capabilities: { kinds: ['contact'], batch: 1, concurrency: 3, membersPerRequest: 1 },
    send: (requests, timeoutMs) => Promise.all(requests.map((request) => sendOne(invoke, request, timeoutMs))),
    list: (kind) => listContacts(invoke, options.http.origin, kind === 'contact'),
    // A contact has no members.
    members: async function* () {},
    // Those of the graph target count.
    domains: async () => [],
    check: () => checkExchange(options.target, invoke),
    close: () => options.http.close(),
  }
}

async function sendOne(invoke: Invoke, request: CloudRequest, timeoutMs: number): Promise<CloudAnswer> {
  const endsAt = performance.now() + timeoutMs
  try {
    if (request.op === 'find' || request.op === 'read') return await look(invoke, request, timeoutMs)
    let id: string | undefined
    for (const cmdlet of contactCommands(request)) {
      const answer = await invoke(cmdlet, Math.max(100, endsAt - performance.now()))
      const read = exchangeAnswer(request, cmdlet.name, answer)
      if (!read.ok) return read
      id ??= read.id
    }
    return id ? { ok: true, id } : { ok: true }
  } catch (error) {
    return unanswered(error)
  }
}

async function look(
  invoke: Invoke,
  request: CloudRequest & { op: 'find' | 'read' },
  timeoutMs: number,
): Promise<CloudAnswer> {
  const cmdlet = request.op === 'read' ? readCommand(request.id) : findCommand(request)
  if (!cmdlet) return { ok: true }
  const answer = await invoke(cmdlet, timeoutMs)
  const read = exchangeAnswer(request, cmdlet.name, answer)
  if (!read.ok) return request.op === 'find' && read.failure.kind === 'missing' ? { ok: true } : read
  const found = (answer.body as { value?: Json[] } | undefined)?.value?.[0]
  const rest = request.op === 'find' && found ? finishCommand(request, found) : undefined
  if (rest) {
    const finished = exchangeAnswer(request, rest.name, await invoke(rest, timeoutMs))
    if (!finished.ok) return finished
  }
  return found ? { ok: true, id: parseContact(found).id, object: parseContact(found) } : { ok: true }
}

function unanswered(error: unknown): CloudAnswer {
  if (error instanceof HttpFailure) {
    const failure = {
      kind: error.sent ? 'unknown' : 'transient',
      code: 'CANOPY-CLOUD-0001',
      message: error.message,
    } as const
    return { ok: false, failure }
  }
  const failure = classify(error)
  const kind = failure.kind === 'transient' ? 'transient' : 'waiting'
  return {
    ok: false,
    failure: { kind, code: failure.code, message: failure.message, ...(failure.mend ? { mend: failure.mend } : {}) },
  }
}

async function* listContacts(invoke: Invoke, origin: string, any: boolean): AsyncIterable<readonly CloudObject[]> {
  let path: string | undefined
  while (any) {
    const answer: HttpAnswer = await invoke(
      { name: 'Get-MailContact', parameters: { ResultSize: 'Unlimited' } },
      30_000,
      path,
    )
    if (answer.status !== 200) {
      throw new Failure({
        kind: 'transient',
        code: 'CANOPY-CLOUD-0005',
        message: `reading contacts: HTTP ${answer.status}`,
      })
    }
    const body = answer.body as { value?: Json[]; '@odata.nextLink'?: string }
    yield (body.value ?? []).map(parseContact)
    const next = body['@odata.nextLink']
    if (!next) return
    const url = new URL(next)
    if (url.origin !== origin) {
      throw new Failure({ kind: 'permanent', code: 'CANOPY-CLOUD-0006', message: 'the next page is on another host' })
    }
    path = url.pathname + url.search
  }
}

async function checkExchange(target: string, invoke: Invoke): Promise<agent.CheckLine[]> {
  const line = (verdict: agent.Verdict, message: string, mend = ''): agent.CheckLine[] => [
    { subject: target, check: 'Exchange admin endpoint', verdict, message, mend },
  ]
  try {
    const answer = await invoke({ name: 'Get-MailContact', parameters: { ResultSize: 1 } }, 10_000)
    return answer.status === 200
      ? line(agent.Verdict.PASS, 'Get-MailContact answers')
      : line(
          agent.Verdict.FAIL,
          `HTTP ${answer.status}`,
          'grant Exchange.ManageAsApp and the Exchange Recipient Administrator role',
        )
  } catch (error) {
    const failure = classify(error)
    return line(agent.Verdict.FAIL, `${failure.code} ${failure.message}`, failure.mend ?? '')
  }
}
