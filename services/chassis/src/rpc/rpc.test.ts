/** RPCs carry failures, deadlines and cancellation both ways, plain over sockets and with mutual TLS. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { introspection } from '@canopy/proto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Failure } from '../failure.ts'
import { sleep } from '../sleep.ts'
import type { Channels } from './channels.ts'
import { createChannels } from './create-channels.ts'
import { isLocal } from './credentials.ts'
import { bindRpcServer, closeRpcServer, createRpcServer } from './server.ts'
import { type CallContext, call, unary } from './unary.ts'

type Handle = (id: string, context: CallContext) => Promise<boolean>
let handle: Handle
const server = createRpcServer()
let channels: Channels
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canopy-rpc-'))
  const unused = unary(async (): Promise<never> => {
    throw new Error('not called')
  })
  server.addService(introspection.IntrospectionService, {
    getServiceStatus: unused,
    listParked: unused,
    releaseParked: unary(async ({ id }: introspection.ReleaseParkedRequest, context) => ({
      released: await handle(id, context),
    })),
  })
  const address = await bindRpcServer(server, `unix:${join(folder, 's')}`, undefined)
  channels = createChannels({ peers: { one: address, away: `unix:${join(folder, 'nobody')}` } })
})
beforeEach(() => {
  handle = async () => true
})
afterAll(async () => {
  channels.close()
  await closeRpcServer(server, 1_000)
  await rm(folder, { recursive: true })
})

const release = (options = {}, service = 'one') =>
  call(channels.client(service, introspection.IntrospectionClient), 'releaseParked', { id: 'x', service: '' }, options)

describe('a call', () => {
  it('answers, by one client per service', async () => {
    expect(await release()).toEqual({ released: true })
    expect(channels.client('one', introspection.IntrospectionClient)).toBe(
      channels.client('one', introspection.IntrospectionClient),
    )
  })

  it.each([
    ['transient', 'CANOPY-X-0001'],
    ['permanent', 'CANOPY-X-0002'],
    ['conflict', 'CANOPY-X-0003'],
    ['cancelled', 'CANOPY-X-0004'],
  ] as const)('carries a %s failure whole', async (kind, code) => {
    const failure = { kind, code, message: 'so — nicht', at: 'forests[0]', mend: 'größer machen', retryAfterMs: 1500 }
    handle = async () => {
      throw new Failure(failure)
    }
    await expect(release()).rejects.toMatchObject(failure)
  })

  it('makes a foreign error permanent, with the code for defects', async () => {
    handle = async () => {
      throw new TypeError('x is not a function')
    }
    await expect(release()).rejects.toMatchObject({ kind: 'permanent', code: 'CANOPY-0001' })
  })

  it('ends at its deadline, and the handler is told', async () => {
    const told = Promise.withResolvers<boolean>()
    handle = async (_id, { signal }) => {
      signal.addEventListener('abort', () => told.resolve(true))
      await sleep(5_000, signal)
      return true
    }
    await expect(release({ deadlineMs: 80 })).rejects.toMatchObject({ kind: 'transient', code: 'CANOPY-RPC-0002' })
    expect(await told.promise).toBe(true)
  })

  it('is cancelled by its signal, and the handler is told', async () => {
    const told = Promise.withResolvers<boolean>()
    const abort = new AbortController()
    handle = async (_id, { signal }) => {
      signal.addEventListener('abort', () => told.resolve(true))
      abort.abort()
      await sleep(5_000, signal)
      return true
    }
    await expect(release({ signal: abort.signal })).rejects.toMatchObject({ kind: 'cancelled' })
    expect(await told.promise).toBe(true)
    await expect(release({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'cancelled' })
  })

  it('is transient when nobody is there, and clear when no address is known', async () => {
    await expect(release({}, 'away')).rejects.toMatchObject({ kind: 'transient', code: 'CANOPY-RPC-0001' })
    expect(() => channels.client('stranger', introspection.IntrospectionClient)).toThrow(/no address is known/)
  })
})

describe('isLocal', () => {
  it.each([
    ['unix:/run/s', true],
    ['127.0.0.1:1', true],
    ['127.8.8.8:1', true],
    ['localhost:1', true],
    ['[::1]:1', true],
    ['0.0.0.0:1', false],
    ['127.0.0.1.example.com:1', false],
    ['capture:7443', false],
  ])('%s → %s', (address, local) => expect(isLocal(address)).toBe(local))
})
