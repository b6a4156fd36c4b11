/** One LDAP connection: requests out, entries streamed in, the socket paused while the reader is behind. */
import type { Socket } from 'node:net'
import {
  AbandonRequest,
  BindRequest,
  EqualityFilter,
  ExtendedRequest,
  FilterParser,
  type Message,
  SearchRequest,
  UnbindRequest,
} from 'ldapts'
import {
  type Directory,
  LdapError,
  type RawEntry,
  type Search,
  type SearchFilter,
  type SearchResult,
  type SyncItem,
} from '../../ports.ts'
import { encodeControl } from './controls.ts'
import { connectionLost, timedOut } from './failure.ts'
import { Framer } from './framer.ts'
import { type LdapMessage, MessageDecoder } from './message.ts'
import { Operation, resultOf, type Streamed, searchResult, toSyncItem } from './operation.ts'

/** Bytes of entries waiting for a reader at which the socket is paused, and below which it goes on. */
const highWaterBytes = 1024 * 1024
const lowWaterBytes = 256 * 1024
/** Largest message taken: a group of some hundred thousand members in one entry still fits. */
const maxMessageBytes = 256 * 1024 * 1024
const startTlsOid = '1.3.6.1.4.1.1466.20037'
export class LdapConnection implements Directory {
  readonly server: string
  readonly closed: Promise<Error>
  private socket: Socket
  private framer = new Framer(maxMessageBytes)
  private readonly decoder = new MessageDecoder()
  private readonly operations = new Map<number, Operation>()
  private nextId = 1
  private queuedBytes = 0
  private ended: Error | undefined
  private settleClosed: (error: Error) => void = () => {}
  private detach: () => void = () => {}

  constructor(socket: Socket, server: string) {
    this.socket = socket
    this.server = server
    this.closed = new Promise((resolve) => {
      this.settleClosed = resolve
    })
    this.attach(socket)
  }

  /** Throws LdapError when the server refuses. */
  async bind(username: string, password: string, timeoutMs: number): Promise<void> {
    const end = await this.request(
      (messageId) => new BindRequest({ messageId, dn: username, password }),
      'bind',
      timeoutMs,
    )
    const result = resultOf(end)
    if (result?.code !== 0) throw new LdapError(result?.code ?? 2, result?.message ?? 'no bind response')
  }

  /** Asks for StartTLS, then replaces the socket by what `secure` makes of it. */
  async startTls(secure: (socket: Socket) => Promise<Socket>, timeoutMs: number): Promise<void> {
    const end = await this.request(
      (messageId) => new ExtendedRequest({ messageId, oid: startTlsOid }),
      'StartTLS',
      timeoutMs,
    )
    const result = resultOf(end)
    if (result?.code !== 0) throw new LdapError(result?.code ?? 2, 'StartTLS was refused')
    // Bytes sent in clear behind the answer must not be read as if they had come through TLS.
    this.detach()
    this.framer = new Framer(maxMessageBytes)
    this.socket = await secure(this.socket)
    this.attach(this.socket)
  }

  async *search(search: Search): AsyncGenerator<readonly RawEntry[], SearchResult> {
    const items = this.stream(search)
    try {
      for (;;) {
        const next = await items.next()
        if (next.done) return next.value
        const entries: RawEntry[] = []
        for (const item of next.value) if (item.type === 'entry') entries.push(item.entry)
        if (entries.length > 0) yield entries
      }
    } finally {
      await items.return(undefined as never)
    }
  }

  async *sync(search: Search): AsyncGenerator<readonly SyncItem[], SearchResult> {
    const items = this.stream(search)
    try {
      for (;;) {
        const next = await items.next()
        if (next.done) return next.value
        yield next.value.flatMap(toSyncItem)
      }
    } finally {
      await items.return(undefined as never)
    }
  }

  /** The answers of one search, as fast as they are taken; ending early abandons it. */
  private async *stream(search: Search): AsyncGenerator<readonly Streamed[], SearchResult> {
    const { signal, timeoutMs = 60_000 } = search
    signal?.throwIfAborted()
    const [id, operation] = this.send(
      (messageId) =>
        new SearchRequest({
          messageId,
          baseDN: search.base,
          scope: search.scope,
          filter: encodeFilter(search.filter),
          attributes: [...search.attributes],
          timeLimit: 0,
          controls: (search.controls ?? []).map(encodeControl),
        }),
    )
    const onAbort = (): void => {
      operation.failure ??= signal?.reason as Error
      operation.notify()
    }
    signal?.addEventListener('abort', onAbort)
    try {
      for (;;) {
        signal?.throwIfAborted()
        const items = this.take(operation)
        if (items.length > 0) yield items
        else if (operation.end) return searchResult(operation)
        else await this.next(operation, 'search', timeoutMs)
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.take(operation)
      this.operations.delete(id)
      if (!operation.end && !this.ended) this.write(new AbandonRequest({ messageId: this.nextId++, abandonId: id }))
    }
  }

  close(): void {
    if (this.ended) return
    this.write(new UnbindRequest({ messageId: this.nextId++ }))
    this.fail(connectionLost(this.server, undefined))
    this.socket.end()
    this.socket.destroySoon()
  }

  private attach(socket: Socket): void {
    const onData = (chunk: Buffer): void => this.receive(chunk)
    const onError = (error: Error): void => this.fail(connectionLost(this.server, error))
    const onClose = (): void => this.fail(connectionLost(this.server, undefined))
    socket.on('data', onData)
    socket.on('error', onError)
    socket.on('close', onClose)
    this.detach = () => {
      socket.off('data', onData)
      socket.off('error', onError)
      socket.off('close', onClose)
    }
  }

  private async request(make: (id: number) => Message, what: string, timeoutMs: number): Promise<LdapMessage> {
    const [id, operation] = this.send(make)
    try {
      while (!operation.end) await this.next(operation, what, timeoutMs)
      return operation.end
    } finally {
      this.operations.delete(id)
    }
  }

  private send(make: (id: number) => Message): [number, Operation] {
    if (this.ended) throw this.ended
    const id = this.nextId++
    const operation = new Operation()
    this.operations.set(id, operation)
    this.write(make(id))
    return [id, operation]
  }

  private write(message: Message): void {
    this.socket.write(message.write())
  }

  /** Waits for more; a server that is silent for too long loses the connection. Time while paused does not count. */
  private async next(operation: Operation, what: string, timeoutMs: number): Promise<void> {
    if (operation.failure) throw operation.failure
    const changed = operation.changed()
    let timer: NodeJS.Timeout | undefined
    const check = (): void => {
      if (this.socket.isPaused()) operation.lastHeardMs = performance.now()
      const silentMs = performance.now() - operation.lastHeardMs
      if (silentMs >= timeoutMs) {
        this.fail(timedOut(this.server, what, timeoutMs))
        this.socket.destroy()
      } else timer = setTimeout(check, timeoutMs - silentMs + 1)
    }
    operation.lastHeardMs = performance.now()
    if (timeoutMs > 0) timer = setTimeout(check, timeoutMs)
    await changed
    clearTimeout(timer)
    if (operation.failure) throw operation.failure
  }

  private take(operation: Operation): readonly Streamed[] {
    const { items } = operation
    operation.items = []
    this.queuedBytes -= operation.bytes
    operation.bytes = 0
    if (this.socket.isPaused() && this.queuedBytes < lowWaterBytes) this.socket.resume()
    return items
  }

  private receive(chunk: Buffer): void {
    const touched = new Set<Operation>()
    try {
      this.framer.push(chunk, (buffer, start, end) => {
        const operation = this.dispatch(this.decoder.decode(buffer, start, end))
        if (operation) touched.add(operation)
      })
    } catch (error) {
      this.fail(connectionLost(this.server, error))
      this.socket.destroy()
      return
    }
    if (this.queuedBytes > highWaterBytes) this.socket.pause()
    const now = performance.now()
    for (const operation of touched) {
      operation.lastHeardMs = now
      operation.notify()
    }
  }

  private dispatch(message: LdapMessage): Operation | undefined {
    const operation = this.operations.get(message.id)
    // Answers to what was abandoned, and notices of disconnection: the latter's end follows at once.
    if (!operation) return undefined
    switch (message.type) {
      case 'entry':
      case 'intermediate':
        operation.items.push(message)
        operation.bytes += message.bytes
        this.queuedBytes += message.bytes
        break
      case 'reference':
        operation.refer(message.referrals)
        break
      case 'bind':
      case 'done':
      case 'extended':
      case 'other':
        operation.end = message
        break
    }
    return operation
  }

  private fail(error: Error): void {
    if (this.ended) return
    this.ended = error
    for (const operation of this.operations.values()) {
      operation.failure = error
      operation.notify()
    }
    this.settleClosed(error)
  }
}

function encodeFilter(filter: SearchFilter): EqualityFilter | ReturnType<typeof FilterParser.parseString> {
  return typeof filter === 'string'
    ? FilterParser.parseString(filter)
    : new EqualityFilter({ attribute: filter.attribute, value: filter.equals })
}
