/** One LDAP connection against a server that says exactly what a test wants it to say. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RawEntry, Search, SearchResult, SyncItem } from '../../ports.ts'
import { BerReader } from './ber.ts'
import { LdapConnection } from './connection.ts'
import { Framer } from './framer.ts'
import { syncOids } from './sync.ts'
import { entryBytes, intermediateBytes, referenceBytes, resultBytes, valueBytes } from './wire.fixture.ts'

interface Request {
  readonly id: number
  /** 0x63 search, 0x50 abandon, 0x42 unbind, … */
  readonly tag: number
  /** Of an abandon: what it abandons. */
  readonly abandons: number | undefined
}

let server: Server
let peer: Socket
let connection: LdapConnection
let requests: Request[]
let onRequest: (request: Request) => void

beforeEach(async () => {
  requests = []
  onRequest = () => {}
  const accepted = new Promise<Socket>((resolve) => {
    server = createServer((socket) => {
      const framer = new Framer(1_000_000)
      socket.on('error', () => {})
      socket.on('data', (chunk) =>
        framer.push(chunk as Buffer, (buffer, start, end) => {
          const reader = new BerReader(buffer, start, end)
          reader.enter(0x30)
          const id = reader.integer()
          const tag = reader.peek()
          const request = { id, tag, abandons: tag === 0x50 ? reader.integer(0x50) : undefined }
          requests.push(request)
          onRequest(request)
        }),
      )
      resolve(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const socket = connect({ host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 })
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  connection = new LdapConnection(socket, 'ldap://test')
  peer = await accepted
})

afterEach(() => {
  connection.close()
  peer.destroy()
  server.close()
})

const everything: Search = { base: 'DC=x', scope: 'sub', filter: '(objectClass=*)', attributes: [] }
const entry = (id: number, n: number, bytes = 10): Buffer =>
  entryBytes({ id, dn: `CN=${n},DC=x`, attributes: { description: [Buffer.alloc(bytes, 0x61)] } })

async function collect<T>(
  feed: AsyncGenerator<readonly T[], SearchResult>,
): Promise<{ items: T[]; end: SearchResult }> {
  const items: T[] = []
  for (;;) {
    const next = await feed.next()
    if (next.done) return { items, end: next.value }
    items.push(...next.value)
  }
}

async function until(check: () => boolean, withinMs = 5_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!check()) {
    if (performance.now() > end) throw new Error('not in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('a search', () => {
  test('yields entries, counts references, and ends with its result', async () => {
    onRequest = ({ id }) => {
      peer.write(Buffer.concat([entry(id, 1), referenceBytes(id, 'ldap://dc2.x'), entry(id, 2), resultBytes(id, 0)]))
    }
    const { items, end } = await collect<RawEntry>(connection.search(everything))
    expect(items.map((each) => each.dn)).toEqual(['CN=1,DC=x', 'CN=2,DC=x'])
    expect(end).toMatchObject({ code: 0, references: 1, referrals: ['ldap://dc2.x'] })
  })

  test('an empty page hands on its cookie', async () => {
    const value = valueBytes((writer) => {
      writer.writeInt(0)
      writer.writeBuffer(Buffer.from('next'), 0x04)
    })
    onRequest = ({ id }) => {
      peer.write(resultBytes(id, 0, { oid: '1.2.840.113556.1.4.319', value }))
    }
    const { items, end } = await collect(connection.search(everything))
    expect(items).toEqual([])
    expect(end.pagedCookie?.toString()).toBe('next')
  })

  test('a refusal is thrown with its code', async () => {
    onRequest = ({ id }) => {
      peer.write(resultBytes(id, 50))
    }
    await expect(collect(connection.search(everything))).rejects.toMatchObject({ name: 'LdapError', code: 50 })
  })

  test('answers of two searches at once go to whoever asked', async () => {
    onRequest = ({ id }) => {
      if (id !== 2) return
      peer.write(Buffer.concat([entry(2, 2), entry(1, 1), resultBytes(1, 0), entry(2, 22), resultBytes(2, 0)]))
    }
    const both = await Promise.all([
      collect<RawEntry>(connection.search(everything)),
      collect<RawEntry>(connection.search(everything)),
    ])
    expect(both.map(({ items }) => items.map((each) => each.dn))).toEqual([['CN=1,DC=x'], ['CN=2,DC=x', 'CN=22,DC=x']])
  })

  test('ending early abandons it, and what still comes is dropped', async () => {
    onRequest = ({ id, tag }) => {
      if (tag === 0x63) peer.write(entry(id, 1))
    }
    for await (const _ of connection.search(everything)) break
    await until(() => requests.some(({ abandons }) => abandons === 1))
    peer.write(Buffer.concat([entry(1, 2), resultBytes(1, 0)]))
    onRequest = ({ id, tag }) => {
      if (tag === 0x63) peer.write(resultBytes(id, 0))
    }
    expect((await collect(connection.search(everything))).items).toEqual([])
  })

  test('a signal abandons one that is silent', async () => {
    const abort = new AbortController()
    const waiting = collect(connection.search({ ...everything, timeoutMs: 0, signal: abort.signal }))
    await until(() => requests.length === 1)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await until(() => requests.some(({ abandons }) => abandons === 1))
  })
})

describe('a connection', () => {
  test('a server that is silent for too long loses it', async () => {
    await expect(collect(connection.search({ ...everything, timeoutMs: 50 }))).rejects.toMatchObject({
      code: 'CANOPY-LDAP-0007',
    })
    expect(await connection.closed).toMatchObject({ code: 'CANOPY-LDAP-0007' })
    await expect(connection.search(everything).next()).rejects.toMatchObject({ code: 'CANOPY-LDAP-0007' })
  })

  test('bytes that are no LDAP end it', async () => {
    onRequest = () => {
      peer.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
    }
    await expect(collect(connection.search(everything))).rejects.toMatchObject({ code: 'CANOPY-LDAP-0001' })
  })

  test('what arrived before the end is not lost', async () => {
    onRequest = ({ id }) => {
      peer.end(Buffer.concat([entry(id, 1), resultBytes(id, 0)]))
    }
    expect((await collect(connection.search(everything))).items).toHaveLength(1)
  })

  test('the server waits while the reader is behind', async () => {
    const entries = 1_000
    const bytes = 60_000
    let sent = 0
    onRequest = ({ id }) => {
      const more = (): void => {
        while (sent < entries) if (!peer.write(entry(id, sent++, bytes))) return
        peer.write(resultBytes(id, 0))
        peer.off('drain', more)
      }
      peer.on('drain', more)
      more()
    }
    const feed = connection.search(everything)
    let got = (await feed.next()).value
    await new Promise((resolve) => setTimeout(resolve, 300))
    const sentWhileBehind = sent
    let count = 0
    while (Array.isArray(got)) {
      count += got.length
      got = (await feed.next()).value
    }
    expect(count).toBe(entries)
    // 1 MB is queued, some more wait in the buffers of the two sockets; never the 60 MB there are.
    expect(sentWhileBehind * bytes).toBeLessThan(25_000_000)
  })
})

test('a synchronization yields entries and what is said between them in the order of the server', async () => {
  const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
  const state = (n: number) => ({
    oid: syncOids.state,
    value: valueBytes((writer) => {
      writer.writeEnumeration(n)
      writer.writeBuffer(uuid, 0x04)
    }),
  })
  const ids = valueBytes((writer) => {
    writer.writeBoolean(true)
    writer.startSequence(0x31)
    writer.writeBuffer(uuid, 0x04)
    writer.endSequence()
  }, 0xa3)
  const done = valueBytes((writer) => writer.writeBuffer(Buffer.from('csn=2'), 0x04), 0xa1)
  onRequest = ({ id }) => {
    peer.write(
      Buffer.concat([
        entryBytes({ id, dn: 'cn=1', controls: [state(1)] }),
        intermediateBytes(id, syncOids.info, ids),
        intermediateBytes(id, '1.2.3', ids),
        entryBytes({ id, dn: 'cn=2', controls: [state(3)] }),
        intermediateBytes(id, syncOids.info, done),
        resultBytes(id, 0, { oid: syncOids.done, value: valueBytes((writer) => writer.writeBoolean(true)) }),
      ]),
    )
  }
  const { items, end } = await collect<SyncItem>(connection.sync(everything))
  const guid = '00112233-4455-6677-8899-aabbccddeeff'
  expect(items).toMatchObject([
    { type: 'entry', entry: { dn: 'cn=1' }, state: { state: 'add', uuid: guid } },
    { type: 'info', info: { type: 'ids', deletes: true, uuids: [guid] } },
    { type: 'entry', entry: { dn: 'cn=2' }, state: { state: 'delete' } },
    { type: 'info', info: { type: 'refreshDelete', done: true, cookie: Buffer.from('csn=2') } },
  ])
  expect(end.sync).toEqual({ cookie: undefined, deletes: true })
})
