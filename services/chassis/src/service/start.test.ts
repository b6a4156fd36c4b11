/** A process of several services: composed, started in order, reachable by name, stopped in reverse. */
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { introspection, topics } from '@canopy/proto'
import { makeClientConstructor } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Failure } from '../failure.ts'
import { channelCredentials } from '../rpc/credentials.ts'
import { healthDefinition } from '../rpc/grpc-health.ts'
import { call } from '../rpc/unary.ts'
import { probe } from './health.ts'
import { type Context, defineService, type ServiceDefinition } from './service.ts'
import { type Running, startServices } from './start.ts'

const seen: string[] = []
let running: Running | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
  seen.length = 0
})

const part = (name: string, start: () => Promise<void> = async () => {}) => ({
  name,
  start: async () => {
    seen.push(`start ${name}`)
    await start()
  },
  stop: async () => void seen.push(`stop ${name}`),
})

const contexts = new Map<string, Context<unknown>>()
const service = (name: string, start?: () => Promise<void>): ServiceDefinition =>
  defineService({
    name,
    config: z.strictObject({ size: z.number().default(1) }),
    bus: false,
    compose: async (context) => {
      seen.push(`compose ${name}`)
      contexts.set(name, context)
      return [part(`${name} a`), part(`${name} b`, start)]
    },
  })

const noSql = async (): Promise<never> => {
  throw new Error('no store was asked for')
}
const start = (services: ServiceDefinition[], config: Record<string, unknown> = {}, rest = {}) =>
  startServices(services, {
    adapters: { sql: noSql, bus: undefined },
    rpc: { listen: ['127.0.0.1:0'] },
    config,
    ...rest,
  })

const statusOf = (of: Running, name: string) =>
  call(of.channels.client(name, introspection.IntrospectionClient), 'getServiceStatus', { service: name })

describe('startServices', () => {
  it('composes all before anything starts, and stops in reverse', async () => {
    running = await start([service('one'), service('two')])
    expect(seen).toEqual(['compose one', 'compose two', 'start one a', 'start one b', 'start two a', 'start two b'])
    seen.length = 0
    await running.stop()
    expect(seen).toEqual(['stop two b', 'stop two a', 'stop one b', 'stop one a'])
  })

  it('answers by the name of each service, with what it waits for', async () => {
    running = await start([service('one'), service('two')])
    contexts.get('two')?.waiting('secret', 'waits for a new value of reader')
    expect(await statusOf(running, 'two')).toMatchObject({
      service: 'two',
      waiting: ['waits for a new value of reader'],
    })
    expect((await statusOf(running, 'one')).waiting).toEqual([])
    await expect(
      call(running.channels.client('one', introspection.IntrospectionClient), 'getServiceStatus', { service: 'three' }),
    ).rejects.toMatchObject({ code: 'CANOPY-RPC-NOT-FOUND', mend: 'it runs one, two' })
  })

  it('listens on a unix socket, and takes over one that a killed process left', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'canopy-start-'))
    const listen = [`unix:${join(folder, 's')}`]
    running = await start([service('one')], {}, { rpc: { listen, peers: { one: listen[0] } } })
    expect((await statusOf(running, 'one')).service).toBe('one')
    await expect(start([service('one')], {}, { rpc: { listen } })).rejects.toMatchObject({ code: 'CANOPY-RPC-0013' })
    await rm(folder, { recursive: true })
  })

  it('is ready only while it runs, over HTTP and gRPC', async () => {
    let duringStart: boolean | undefined
    let address = ''
    const slow = service('one', async () => {
      duringStart = await probe(address)
    })
    const folder = await mkdtemp(join(tmpdir(), 'canopy-start-'))
    address = `unix:${join(folder, 'h')}`
    running = await start([slow], {}, { healthListen: address })
    expect(duringStart).toBe(false)
    expect(await probe(address)).toBe(true)
    const Health = makeClientConstructor(healthDefinition, 'Health')
    const client = new Health(running.rpcAddresses[0]!, channelCredentials(running.rpcAddresses[0]!, undefined))
    const answer = await new Promise<{ status: number }>((resolve, reject) =>
      client.check!({}, (error: Error | null, response: { status: number }) =>
        error ? reject(error) : resolve(response),
      ),
    )
    expect(answer.status).toBe(1)
    client.close()
    await running.stop()
    expect(await probe(address)).toBe(false)
    await rm(folder, { recursive: true })
  })

  it('says which path is unknown and binds health on a free port', async () => {
    running = await start([service('one')], {}, { healthListen: '127.0.0.1:0' })
    expect(running.healthAddress).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
    const code = await new Promise((resolve) =>
      get(`http://${running?.healthAddress}/other`, (answer) => resolve(answer.statusCode)),
    )
    expect(code).toBe(404)
  })

  it('refuses a taken port, an open address without TLS, and a wrong section', async () => {
    running = await start([service('one')], {}, { healthListen: '127.0.0.1:0' })
    const taken = { rpc: { listen: [running.rpcAddresses[0]!] } }
    await expect(start([service('two')], {}, taken)).rejects.toMatchObject({
      code: 'CANOPY-RPC-0013',
      mend: 'stop the process that listens there, or choose another address',
    })
    const health = { healthListen: running.healthAddress }
    await expect(start([service('two')], {}, health)).rejects.toMatchObject({ code: 'CANOPY-HEALTH-0001' })
    const open = { rpc: { listen: ['0.0.0.0:0'] } }
    await expect(start([service('two')], {}, open)).rejects.toMatchObject({ code: 'CANOPY-RPC-0010' })
    await expect(start([service('two')], { two: { sise: 1 } })).rejects.toMatchObject({ mend: 'did you mean size?' })
  })

  it('stops what had started when a later part fails', async () => {
    const failing = service('two', async () => {
      throw new Failure({ kind: 'permanent', code: 'CANOPY-TEST-0001', message: 'cannot' })
    })
    await expect(start([service('one'), failing])).rejects.toMatchObject({ code: 'CANOPY-TEST-0001' })
    expect(seen.filter((line) => line.startsWith('stop'))).toEqual([
      'stop two b',
      'stop two a',
      'stop one b',
      'stop one a',
    ])
  })

  it('tells a fatal failure and aborts the signal when it stops', async () => {
    running = await start([service('one')])
    const context = contexts.get('one')
    context?.fatal(new Failure({ kind: 'permanent', code: 'CANOPY-TEST-0002', message: 'over' }))
    expect((await running.failed).code).toBe('CANOPY-TEST-0002')
    expect(context?.signal.aborted).toBe(false)
    await running.stop()
    expect(context?.signal.aborted).toBe(true)
  })

  it('refuses the store and the bus to a service that asked for none', async () => {
    running = await start([service('one')])
    const context = contexts.get('one')
    expect(() => context?.sql.query('select 1')).toThrow(/without having asked/)
    expect(() => context?.bus.endOffsets(topics.config)).toThrow(/without having asked/)
  })
})
