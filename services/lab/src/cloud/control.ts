/** The lab's own path for another process: faults are set and the whole state is read, from this machine and with the token. */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Fault, FaultState } from './faults.ts'
import type { LabTenant } from './lab-tenant.ts'
import type { Answer } from './request.ts'
import type { Properties } from './store.ts'

export interface ControlCall {
  readonly request: IncomingMessage
  readonly path: string
  readonly query: string
  readonly text: string
  readonly directory: LabTenant
  readonly faults: FaultState
  readonly controlToken: string
}

const plain = (status: number, message: string): Answer => ({ status, body: { message } })

function isAllowed(call: ControlCall): boolean {
  const address = call.request.socket.remoteAddress ?? ''
  const isLoopback = address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
  const given = Buffer.from(call.request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${call.controlToken}`)
  return isLoopback && given.length === wanted.length && timingSafeEqual(given, wanted)
}

function setFaults(call: ControlCall): Answer {
  try {
    const body: unknown = JSON.parse(call.text)
    for (const fault of Array.isArray(body) ? body : [body]) call.faults.set(fault as Fault)
    return { status: 204 }
  } catch (error) {
    return plain(400, error instanceof Error ? error.message : 'Not a fault.')
  }
}

const kinds = ['users', 'groups', 'members', 'contacts'] as const

function dumpState(call: ControlCall): Answer {
  const wanted = new URLSearchParams(call.query).get('kind')
  const kind = kinds.find((known) => known === wanted)
  if (kind === undefined) return plain(400, `kind must be one of ${kinds.join(', ')}`)
  let text = ''
  for (const line of call.directory.dump(kind)) text += `${JSON.stringify(line)}\n`
  return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: text }
}

/** What a person does at the portal: every rule but rights applies. */
type PersonAct =
  | { readonly act: 'create'; readonly kind: 'user' | 'group'; readonly body: Properties }
  | { readonly act: 'patch'; readonly id: string; readonly body: Properties }
  | { readonly act: 'remove'; readonly id: string }
  | { readonly act: 'addMember' | 'removeMember'; readonly group: string; readonly member: string }

function actAsPerson(call: ControlCall): Answer {
  const { directory } = call
  const request = JSON.parse(call.text) as PersonAct
  switch (request.act) {
    case 'create':
      return { status: 201, body: directory.create(request.kind, request.body) }
    case 'patch':
      directory.patch(request.id, request.body)
      return { status: 204 }
    case 'remove':
      directory.remove(request.id)
      return { status: 204 }
    case 'addMember':
      directory.addMember(request.group, request.member)
      return { status: 204 }
    case 'removeMember':
      directory.removeMember(request.group, request.member)
      return { status: 204 }
    default:
      request satisfies never
      return plain(400, 'act must be one of create, patch, remove, addMember, removeMember')
  }
}

/** Answers below /lab/. */
export function answerControl(call: ControlCall): Answer {
  if (!isAllowed(call))
    return plain(403, 'The control path is for this machine and needs the token printed at the start.')
  if (call.path === '/lab/faults' && call.request.method === 'POST') return setFaults(call)
  if (call.path === '/lab/person' && call.request.method === 'POST') return actAsPerson(call)
  if (call.path === '/lab/state' && call.request.method === 'GET') return dumpState(call)
  if (call.path === '/lab/requests' && call.request.method === 'GET') {
    const { requestLog } = call.directory
    return { status: 200, body: { writes: call.directory.writes(), requests: Object.fromEntries(requestLog) } }
  }
  return plain(404, 'Known: POST /lab/faults, POST /lab/person, GET /lab/state?kind=…, GET /lab/requests')
}
