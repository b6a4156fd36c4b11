/** Takes one connection from its first byte to its last: framing, dispatch, StartTLS, and answers to what fails. */
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type SecureContext, TLSSocket } from 'node:tls'
import { BerFailure, elementSize } from '../ber/reader.ts'
import { LdapFailure, resultCode } from '../directory/failure.ts'
import { compileFilter } from '../directory/filter.ts'
import { authorizationId, bind } from './bind.ts'
import { readControls } from './controls.ts'
import { notBound } from './refusals.ts'
import { type Message, type Request, readMessage } from './request.ts'
import { answerTag, failureResult } from './result.ts'
import { answerSearch } from './search.ts'
import type { Session } from './session.ts'
import { performWrite } from './write-requests.ts'

const largestMessage = 64 * 1024 * 1024
const startTls = '1.3.6.1.4.1.1466.20037'
const whoAmI = '1.3.6.1.4.1.4203.1.11.3'

const answers = {
  bind: answerTag.bind,
  unbind: answerTag.extended,
  search: answerTag.searchDone,
  modify: answerTag.modify,
  add: answerTag.add,
  delete: answerTag.delete,
  rename: answerTag.rename,
  compare: answerTag.compare,
  abandon: answerTag.extended,
  extended: answerTag.extended,
} as const satisfies Record<Request['kind'], number>

export function serveConnection(session: Session, secure: SecureContext | undefined): void {
  let pending: Buffer = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    try {
      let at = 0
      for (;;) {
        const size = elementSize(pending, at)
        if (size !== undefined && size > largestMessage) throw new BerFailure('a message beyond every limit')
        if (size === undefined || pending.length < at + size) break
        const message = readMessage(pending.subarray(at, at + size))
        at += size
        if (isStartTls(message)) {
          upgrade(session, { id: message.id, secure, onData })
          return
        }
        void handle(session, message)
      }
      pending = at === 0 ? pending : Buffer.from(pending.subarray(at))
    } catch (failure) {
      if (!(failure instanceof BerFailure)) throw failure
      session.answer({
        messageId: 0,
        tag: answerTag.extended,
        code: resultCode.protocolError,
        diagnostic: failure.message,
      })
      session.socket.destroySoon()
    }
  }
  session.socket.on('data', onData)
}

function isStartTls(message: Message): boolean {
  return message.request.kind === 'extended' && message.request.oid === startTls
}

interface Upgrade {
  readonly id: number
  readonly secure: SecureContext | undefined
  readonly onData: (chunk: Buffer) => void
}

function upgrade(session: Session, o: Upgrade): void {
  const result = { messageId: o.id, tag: answerTag.extended, extended: { oid: startTls } }
  if (o.secure === undefined || session.socket instanceof TLSSocket) {
    session.answer({ ...result, code: resultCode.operationsError, diagnostic: 'TLS is there already or not available' })
    return
  }
  session.answer({ ...result, code: 0 })
  const plain = session.socket
  plain.off('data', o.onData)
  const secured = new TLSSocket(plain, { isServer: true, secureContext: o.secure })
  secured.on('error', () => secured.destroy())
  secured.on('close', () => session.destroy())
  session.socket = secured as Socket
  serveConnection(session, o.secure)
}

async function handle(session: Session, message: Message): Promise<void> {
  const { id: messageId, request } = message
  const tag = answers[request.kind]
  try {
    if (session.context.faults.delayMs > 0) await wait(session.context.faults.delayMs)
    if (session.closed || session.context.faults.mute) return
    await dispatch(session, message)
  } catch (failure) {
    if (failure instanceof LdapFailure) session.answer(failureResult(failure, { messageId, tag }))
    else if (failure instanceof BerFailure)
      session.answer({ messageId, tag, code: resultCode.protocolError, diagnostic: failure.message })
    else {
      session.answer({
        messageId,
        tag,
        code: resultCode.operationsError,
        diagnostic: `internal: ${(failure as Error).name}`,
      })
    }
  }
}

async function dispatch(session: Session, message: Message): Promise<void> {
  const { id: messageId, request } = message
  switch (request.kind) {
    case 'bind':
      bind(session, request.name, request.password)
      session.answer({ messageId, tag: answerTag.bind, code: 0 })
      return
    case 'unbind':
      session.socket.end()
      return
    case 'abandon':
      if (!session.watches.delete(request.messageId)) session.abandoned.add(request.messageId)
      return
    case 'search':
      session.abandoned.delete(messageId)
      await answerSearch(session, messageId, { request, controls: readControls(message.controls) })
      return
    case 'compare':
      compare(session, messageId, request)
      return
    case 'extended':
      if (request.oid !== whoAmI)
        throw new LdapFailure(resultCode.protocolError, '0000203D: LdapErr: DSID-0C090F36, unknown extended request')
      session.answer({ messageId, tag: answerTag.extended, code: 0, extended: { value: authorizationId(session) } })
      return
    case 'add':
    case 'modify':
    case 'rename':
    case 'delete':
      performWrite(session, request, readControls(message.controls))
      session.answer({ messageId, tag: answers[request.kind], code: 0 })
      return
  }
}

const compareFalse = 5
const compareTrue = 6

function compare(session: Session, messageId: number, request: Request & { readonly kind: 'compare' }): void {
  if (session.account === undefined) throw notBound()
  const { store } = session.context.directory
  const entry = store.find(request.dn)
  if (entry === undefined || entry.deleted)
    throw new LdapFailure(resultCode.noSuchObject, '0000208D: NameErr: problem 2001 (NO_OBJECT)')
  const same = compileFilter(store, { kind: 'equal', name: request.name, value: request.value })(entry)
  session.answer({ messageId, tag: answerTag.compare, code: same === true ? compareTrue : compareFalse })
}
