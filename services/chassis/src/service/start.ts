/** Starts services in this process on given adapters: what `run`, standalone and tests have in common. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { topics } from '@canopy/proto'
import type { Server } from '@grpc/grpc-js'
import type { Bus } from '../bus/bus.ts'
import { parseConfigDocument } from '../config/document.ts'
import { problemsFailure } from '../config/problem.ts'
import { validateConfig } from '../config/validate.ts'
import { classify, type Failure } from '../failure.ts'
import type { Channels } from '../rpc/channels.ts'
import { createChannels } from '../rpc/create-channels.ts'
import type { TlsFiles } from '../rpc/credentials.ts'
import { addGrpcHealth } from '../rpc/grpc-health.ts'
import { addIntrospection } from '../rpc/introspection.ts'
import { bindRpcServer, closeRpcServer, createRpcServer } from '../rpc/server.ts'
import { migrate } from '../sql/migrate.ts'
import type { Sql } from '../sql/sql.ts'
import type { ProcessLog } from '../telemetry/pino-log.ts'
import { silentLog } from '../telemetry/pino-log.ts'
import { type HealthReport, serveHealth } from './health.ts'
import { refusedBus, refusedSql } from './refused.ts'
import type { Component, Context, ServiceDefinition } from './service.ts'
import { type Shutdown, shutdown } from './shutdown.ts'
import { type StageHost, stageHost } from './stage-host.ts'
import { type WaitingBoard, waitingBoard } from './waiting.ts'

export interface StartOptions {
  readonly adapters: {
    /** A pool on the schema of a service; closed with the services. */
    readonly sql: (schema: string) => Promise<Sql>
    /** Undefined only when every service says `bus: false`. Closed with the services. */
    readonly bus: Bus | undefined
  }
  /** Section of each service by name, before validation; none: its defaults. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly rpc: {
    /** Addresses to listen on; port 0 for any. */
    readonly listen: readonly string[]
    readonly tls?: TlsFiles
    /** Services that run elsewhere. */
    readonly peers?: Readonly<Record<string, string>>
  }
  readonly healthListen?: string
  readonly log?: ProcessLog
  readonly instance?: string
  readonly now?: () => Date
  /** Milliseconds calls in flight get at the end. Default 5,000. */
  readonly drainMs?: number
  /** A failure nothing can go on after. The caller decides what ends; default: logged, `failed` resolves. */
  readonly onFatal?: (failure: Failure) => void
}

export interface Running {
  readonly instance: string
  /** With their real ports. */
  readonly rpcAddresses: readonly string[]
  readonly healthAddress: string | undefined
  readonly channels: Channels
  health(): HealthReport
  /** Resolves when a service called `fatal`. */
  readonly failed: Promise<Failure>
  /** Readiness off, components in reverse, calls drained, connections closed. Safe to call again. */
  stop(): Promise<Failure | undefined>
}

interface Process {
  readonly options: StartOptions
  readonly log: ProcessLog
  readonly instance: string
  readonly server: Server
  readonly addresses: string[]
  readonly channels: Channels
  readonly board: WaitingBoard
  readonly abort: AbortController
  readonly stages: StageHost
  readonly undo: Shutdown
  readonly fatal: (error: unknown) => void
}

/** Composes all services, then starts their components in order. On a failure everything started is stopped again. */
export async function startServices(services: readonly ServiceDefinition[], options: StartOptions): Promise<Running> {
  const log = options.log ?? silentLog
  const undo = shutdown(log)
  try {
    return await start(services, options, { log, undo })
  } catch (error) {
    await undo.run()
    throw classify(error)
  }
}

async function start(
  services: readonly ServiceDefinition[],
  options: StartOptions,
  { log, undo }: { log: ProcessLog; undo: Shutdown },
): Promise<Running> {
  const { bus } = options.adapters
  if (bus !== undefined) undo.add('bus', () => bus.close())
  const listen = await listenAddresses(services, options.rpc.listen, undo)
  const self = listen.find((address) => address.startsWith('unix:'))
  const own = self === undefined ? {} : Object.fromEntries(services.map((service) => [service.name, self]))
  const channels = createChannels({ peers: { ...options.rpc.peers, ...own }, tls: options.rpc.tls })
  undo.add('channels', () => channels.close())
  const failure = Promise.withResolvers<Failure>()
  const running: Process = {
    options,
    log,
    instance: options.instance ?? randomUUID(),
    server: createRpcServer(),
    addresses: [],
    channels,
    board: waitingBoard(),
    abort: new AbortController(),
    stages: stageHost(),
    undo,
    fatal: (error) => {
      const fatal = classify(error)
      log.error({ error: fatal }, 'nothing can go on after this')
      failure.resolve(fatal)
      options.onFatal?.(fatal)
    },
  }
  let ready = false
  const health = (): HealthReport => ({ ready, waiting: running.board.all() })
  const healthServer = options.healthListen === undefined ? undefined : await serveHealth(options.healthListen, health)
  if (healthServer !== undefined) undo.add('health', () => healthServer.close())
  await bus?.ensureTopics(Object.values(topics))

  const components = await composeAll(services, running)
  const grpcHealth = addGrpcHealth(running.server)
  addIntrospection(running.server, {
    services: services.map((service) => service.name),
    stages: running.stages,
    waiting: running.board,
    startedAt: new Date(),
  })
  undo.add('rpc', () => closeRpcServer(running.server, options.drainMs ?? 5_000))
  const rpcAddresses = running.addresses
  for (const address of listen) rpcAddresses.push(await bindRpcServer(running.server, address, options.rpc.tls))
  await startAll(components, running)

  ready = true
  grpcHealth.set(true)
  undo.add('readiness', () => {
    ready = false
    grpcHealth.set(false)
    running.abort.abort(new Error('the process stops'))
  })
  return {
    instance: running.instance,
    rpcAddresses: rpcAddresses.filter(
      (address) => options.rpc.listen.length === 0 || address !== privateOf(listen, options),
    ),
    healthAddress: healthServer?.address,
    channels,
    health,
    failed: failure.promise,
    stop: () => undo.run(),
  }
}

/** Services of one process reach each other over a socket that nobody else can open. */
async function listenAddresses(
  services: readonly ServiceDefinition[],
  asked: readonly string[],
  undo: Shutdown,
): Promise<readonly string[]> {
  if (services.length < 2 || asked.some((address) => address.startsWith('unix:'))) return asked
  const folder = await mkdtemp(join(tmpdir(), 'canopy-'))
  undo.add('socket folder', () => rm(folder, { recursive: true, force: true }))
  return [...asked, `unix:${join(folder, 'rpc.sock')}`]
}

const privateOf = (listen: readonly string[], options: StartOptions): string | undefined =>
  listen.find((address) => !options.rpc.listen.includes(address))

async function composeAll(
  services: readonly ServiceDefinition[],
  running: Process,
): Promise<readonly { service: string; component: Component }[]> {
  const sqls = await Promise.all(services.map((service) => storeOf(service, running)))
  const components: { service: string; component: Component }[] = []
  for (const [index, service] of services.entries()) {
    const context = contextOf(service, sqls[index]!, running)
    for (const component of await service.compose(context)) components.push({ service: service.name, component })
  }
  return components
}

async function storeOf(service: ServiceDefinition, running: Process): Promise<Sql> {
  if (service.migrations === undefined) return refusedSql(service.name)
  const sql = await running.options.adapters.sql(service.name.replaceAll('-', '_'))
  running.undo.add(`store of ${service.name}`, () => sql.close())
  await migrate(sql, service.migrations)
  return sql
}

function contextOf(service: ServiceDefinition, sql: Sql, running: Process): Context<unknown> {
  const { options } = running
  const log = running.log.serviceLog(service.name)
  const bus = service.bus === false ? refusedBus(service.name) : (options.adapters.bus ?? refusedBus(service.name))
  return {
    service: service.name,
    config: sectionOf(service, options.config?.[service.name]),
    sql,
    bus,
    log,
    rpc: running.server,
    addresses: () => running.addresses,
    channels: running.channels,
    instance: running.instance,
    now: options.now ?? (() => new Date()),
    signal: running.abort.signal,
    stage: async (definition) => {
      const stage = await running.stages.stage(definition, {
        service: service.name,
        sql,
        bus,
        log,
        instance: running.instance,
        signal: running.abort.signal,
      })
      running.undo.add(`stage ${definition.name}`, () => stage.close())
      return stage
    },
    leases: async (lease) => {
      const pool = await running.stages.leases(lease, { sql, instance: running.instance, log })
      running.undo.add(`leases ${lease.pool}`, () => pool.close())
      return pool
    },
    waiting: (key, message) => running.board.set(service.name, key, message),
    fatal: running.fatal,
  }
}

function sectionOf(service: ServiceDefinition, section: unknown): unknown {
  const document = parseConfigDocument('')
  const validated = validateConfig({ schema: service.config, document, value: section ?? {} })
  if (!validated.ok) throw problemsFailure(validated.problems, service.name)
  return validated.value
}

async function startAll(
  components: readonly { service: string; component: Component }[],
  running: Process,
): Promise<void> {
  for (const { service, component } of components) {
    running.undo.add(`${service} ${component.name}`, () => component.stop())
    await component.start()
    running.log.debug({ part: `${service} ${component.name}` }, 'started')
  }
}
