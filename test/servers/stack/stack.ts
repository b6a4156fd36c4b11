/** The distributed Canopy on loopback: real Kafka, real PostgreSQL, and a process per service. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import pg from 'pg'
import { type Kafka, startKafka } from '../kafka/kafka.ts'
import { type Postgres, startPostgres } from '../postgres/postgres.ts'
import { workdir } from '../workdir.ts'
import type { Child } from './child.ts'
import { freePorts } from './free-ports.ts'
import { type StackLab, type StackLabOptions, startStackLab } from './lab.ts'
import { type ServiceName, type StackFolder, stackFolder, stackServices } from './layout.ts'
import { mutualTls, type StackTls } from './mutual-tls.ts'
import { forgetRunning, writeRunning } from './running.ts'
import { peersOf, type ServiceChild, type ServiceGround, type ServicePlan, startServiceChild } from './service-child.ts'

export interface StackOptions {
  /** Where everything is kept, every parent open to other users (PostgreSQL is one); a temporary folder when absent. */
  readonly data?: string
  /** Processes per service; default 1 each. 0: none. */
  readonly replicas?: Readonly<Partial<Record<ServiceName, number>>>
  /** Two lab forests and a lab tenant, and their configuration applied. */
  readonly lab?: StackLabOptions
  /** Applied through the gateway once everything is ready; default: the lab's, where there is a lab. */
  readonly configuration?: string
  /** Folders with one folder per credential; default: the stack's own, where the lab's are. */
  readonly credentials?: { readonly forests?: string; readonly targets?: string }
  /** PEM files of authorities trusted besides the lab's. */
  readonly trust?: { readonly forests?: readonly string[]; readonly targets?: readonly string[] }
  /** Further settings of services, laid over the ones made here. */
  readonly sections?: Readonly<Partial<Record<ServiceName, Readonly<Record<string, unknown>>>>>
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
  /** OTLP/HTTP receiver of all processes. */
  readonly otlpEndpoint?: string
  /** How long a process may take to become ready. Default 60 s. */
  readonly readyTimeoutMs?: number
  /** Told what happens, a line each. */
  readonly onProgress?: (line: string) => void
}

export interface Stack {
  readonly folder: StackFolder
  readonly brokers: readonly string[]
  /** With the password: never log it. One schema per service. */
  readonly postgresUrl: string
  readonly gatewayUrl: string
  /** Bearer of the gateway. */
  readonly token: string
  /** For `createChannels({ peers, tls })`. */
  readonly peers: Readonly<Record<string, string>>
  readonly tls: StackTls
  /** To be killed and restarted like any other. */
  readonly kafka: Kafka
  readonly postgres: Postgres
  readonly lab: StackLab | undefined
  readonly services: readonly ServiceChild[]
  /** By name: `capture`, `capture-2`, `contoso.lab`, `tenant.lab`. Throws when there is none. */
  process(name: string): Child
  /** SIGTERM and start again (or start, after a kill); resolves when it is ready. */
  restart(name: string): Promise<void>
  /** Resolves when every service answers /readyz with 200. */
  untilReady(): Promise<void>
  /** Asks the gateway; rejects with its answer when that is not 2xx. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>
  /** Applies a sync configuration; rejects with its problems. */
  apply(configuration: string): Promise<void>
  /** Stops all in reverse order; a temporary folder goes with it. */
  close(): Promise<void>
}

/** Everything up and ready, or nothing: on a failure what was started is stopped again. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const home = await workdir('canopy-stack', options.data)
  const undo: (() => Promise<unknown>)[] = [() => home.release()]
  const close = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step().catch(() => {})
  }
  try {
    return await start(stackFolder(home.path), options, { undo, close })
  } catch (error) {
    await close()
    throw error
  }
}

interface Ending {
  readonly undo: (() => Promise<unknown>)[]
  close(): Promise<void>
}

async function start(folder: StackFolder, options: StackOptions, { undo, close }: Ending): Promise<Stack> {
  const say = options.onProgress ?? (() => {})
  const timeoutMs = options.readyTimeoutMs ?? 60_000
  const outside = await startOutside(folder, options, undo)
  const { kafka, postgres, lab, tls } = outside
  say(`Kafka at ${kafka.brokers.join()}, PostgreSQL at port ${postgres.port}`)
  const gatewayPort = (await freePorts(1))[0]!
  const token = gatewayToken(folder)
  const postgresUrl = await database(postgres)
  const ground: ServiceGround = {
    folder,
    tls,
    brokers: kafka.brokers,
    postgresUrl,
    plans: await plansOf(options),
    sections: sectionsOf({ folder, options, outside, gatewayPort }),
    logLevel: options.logLevel ?? 'info',
    otlpEndpoint: options.otlpEndpoint,
  }
  const services: ServiceChild[] = []
  const labProcesses = lab === undefined ? [] : [...lab.forests, lab.cloud].map((each) => each.process)
  undo.push(async () => forgetRunning(folder))
  undo.push(() => Promise.all(services.map((service) => service.stop())))
  // The first process makes the topics of a new Kafka; the others start on what is there.
  for (const plans of [ground.plans.slice(0, 1), ground.plans.slice(1)]) {
    services.push(...plans.map((plan) => startServiceChild(plan, ground)))
    writeRunning(folder, [...services, ...labProcesses])
    await Promise.all(services.map((service) => service.untilReady(timeoutMs)))
  }
  const processes = [...services, ...labProcesses]
  say(`${services.length} processes ready`)
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`
  writeFileSync(folder.gateway, JSON.stringify({ url: gatewayUrl, token }), { mode: 0o600 })
  undo.push(() => rm(folder.gateway, { force: true }))

  const find = (name: string): Child => {
    const found = processes.find((each) => each.name === name)
    if (found === undefined)
      throw new Error(`no process ${name}; there are ${processes.map((each) => each.name).join(', ')}`)
    return found
  }
  const ask = askGateway(gatewayUrl, token)
  const stack: Stack = {
    folder,
    brokers: kafka.brokers,
    postgresUrl,
    gatewayUrl,
    token,
    peers: peersOf(ground.plans),
    tls,
    kafka,
    postgres,
    lab,
    services,
    process: find,
    restart: async (name) => {
      await find(name).restart()
      writeRunning(folder, processes)
      await find(name).untilReady(timeoutMs)
    },
    untilReady: async () => void (await Promise.all(services.map((service) => service.untilReady(timeoutMs)))),
    ask,
    apply: (source) => applyConfiguration(ask, source),
    close,
  }
  const configuration = options.configuration ?? lab?.configuration
  if (configuration !== undefined) {
    await stack.apply(configuration)
    say('configuration applied')
  }
  return stack
}

interface Outside {
  readonly kafka: Kafka
  readonly postgres: Postgres
  readonly lab: StackLab | undefined
  readonly tls: StackTls
}

async function startOutside(folder: StackFolder, options: StackOptions, undo: Ending['undo']): Promise<Outside> {
  const kept = <T>(starting: Promise<T>, stop: (started: T) => Promise<unknown>): Promise<T> =>
    starting.then((started) => {
      undo.push(() => stop(started))
      return started
    })
  // All are waited for, so that what has started can be stopped when another has not.
  const started = await Promise.allSettled([
    kept(startKafka({ dir: folder.kafka }), (kafka) => kafka.close()),
    kept(startPostgres({ dir: folder.postgres, settings: { max_connections: '400' } }), (postgres) => postgres.close()),
    options.lab === undefined
      ? undefined
      : kept(startStackLab(folder, options.lab), (lab) =>
          Promise.all([...lab.forests, lab.cloud].map((each) => each.process.stop())),
        ),
    mutualTls(folder.tls),
  ] as const)
  const failed = started.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const [kafka, postgres, lab, tls] = started.map((each) => (each as PromiseFulfilledResult<unknown>).value)
  return { kafka, postgres, lab, tls } as Outside
}

async function plansOf(options: StackOptions): Promise<readonly ServicePlan[]> {
  const wanted = stackServices.flatMap((service) =>
    Array.from({ length: options.replicas?.[service] ?? 1 }, (_, index) => ({
      service,
      name: index === 0 ? service : `${service}-${index + 1}`,
    })),
  )
  const ports = await freePorts(wanted.length * 2)
  return wanted.map((plan, index) => ({ ...plan, rpcPort: ports[index * 2]!, healthPort: ports[index * 2 + 1]! }))
}

function sectionsOf(request: {
  readonly folder: StackFolder
  readonly options: StackOptions
  readonly outside: Outside
  readonly gatewayPort: number
}): ServiceGround['sections'] {
  const { folder, options, outside } = request
  const { lab } = outside
  const forests = [...(lab?.forests.map((forest) => forest.caFile) ?? []), ...(options.trust?.forests ?? [])]
  const targets = [...(lab === undefined ? [] : [lab.cloud.caFile]), ...(options.trust?.targets ?? [])]
  const made: ServiceGround['sections'] = {
    console: { listen: `127.0.0.1:${request.gatewayPort}`, token_file: folder.token },
    write: { credentials_dir: options.credentials?.targets ?? folder.credentials, trust: targets },
    agent: { credentials_dir: options.credentials?.forests ?? folder.credentials, trust: forests },
  }
  const all = stackServices.map((name) => [name, { ...made[name], ...options.sections?.[name] }] as const)
  return Object.fromEntries(all.filter(([, section]) => Object.keys(section).length > 0))
}

function gatewayToken(folder: StackFolder): string {
  if (!existsSync(folder.token)) writeFileSync(folder.token, randomBytes(24).toString('base64url'), { mode: 0o600 })
  return readFileSync(folder.token, 'utf8')
}

/** A database of its own beside the server's `postgres`, made once. */
async function database(postgres: Postgres): Promise<string> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'canopy'")
    if (rowCount === 0) await client.query('create database canopy')
  } finally {
    await client.end()
  }
  const url = new URL(postgres.url)
  url.pathname = '/canopy'
  return url.href
}

const askGateway =
  (url: string, token: string): Stack['ask'] =>
  async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as unknown
  }

async function applyConfiguration(ask: Stack['ask'], source: string): Promise<void> {
  const answer = (await ask('POST', '/api/v1/config/apply', { source, who: 'stack' })) as {
    readonly problems?: readonly { readonly warning?: boolean; readonly message: string; readonly path: string }[]
  }
  const problems = answer.problems?.filter((problem) => problem.warning !== true) ?? []
  if (problems.length > 0) throw new Error(problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'))
}
