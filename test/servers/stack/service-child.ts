/** One process of a service: its configuration file, its addresses, its readiness. */
import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import type { ServiceName, StackFolder } from './layout.ts'
import type { StackTls } from './mutual-tls.ts'

export interface ServiceChild extends Child {
  readonly service: ServiceName
  /** 127.0.0.1:port of its gRPC server (mutual TLS). */
  readonly rpcAddress: string
  readonly healthUrl: string
}

export interface ServicePlan {
  readonly service: ServiceName
  /** The service's name, and -2, -3, … for further replicas. */
  readonly name: string
  readonly rpcPort: number
  readonly healthPort: number
}

/** What all processes of a stack share. */
export interface ServiceGround {
  readonly folder: StackFolder
  readonly tls: StackTls
  readonly brokers: readonly string[]
  readonly postgresUrl: string
  readonly plans: readonly ServicePlan[]
  /** Sections of services, laid over the ones made here. */
  readonly sections: Readonly<Partial<Record<ServiceName, Readonly<Record<string, unknown>>>>>
  readonly logLevel: string
  readonly otlpEndpoint: string | undefined
}

/** Address of every service by name, as `peers` and gRPC clients want it: several replicas are one address. */
export function peersOf(plans: readonly ServicePlan[]): Readonly<Record<string, string>> {
  const addresses = Map.groupBy(plans, (plan) => plan.service)
  return Object.fromEntries(
    [...addresses].map(([service, replicas]) => {
      const list = replicas.map((plan) => `127.0.0.1:${plan.rpcPort}`)
      return [service, list.length === 1 ? list[0]! : `ipv4:///${list.join(',')}`]
    }),
  )
}

export function startServiceChild(plan: ServicePlan, ground: ServiceGround): ServiceChild {
  const file = join(ground.folder.config, `${plan.name}.yaml`)
  // JSON is YAML.
  writeFileSync(file, `${JSON.stringify(configurationOf(plan, ground), undefined, 2)}\n`, { mode: 0o600 })
  const healthUrl = `http://127.0.0.1:${plan.healthPort}`
  const child = startChild({
    name: plan.name,
    entry: `services/${plan.service}/src/main.ts`,
    args: ['--config', file],
    // Names the process in logs and leases as a pod's name would.
    env: { HOSTNAME: plan.name },
    logFile: join(ground.folder.logs, `${plan.name}.log`),
    isReady: () => answers200(`${healthUrl}/readyz`),
  })
  return Object.assign(child, { service: plan.service, rpcAddress: `127.0.0.1:${plan.rpcPort}`, healthUrl })
}

function configurationOf(plan: ServicePlan, ground: ServiceGround): Readonly<Record<string, unknown>> {
  const { tls } = ground
  const peers = Object.entries(peersOf(ground.plans)).filter(([service]) => service !== plan.service)
  const section = ground.sections[plan.service]
  return {
    bus: { kind: 'kafka', brokers: ground.brokers, replication_factor: 1 },
    sql: { url: ground.postgresUrl },
    rpc: {
      listen: `127.0.0.1:${plan.rpcPort}`,
      tls: { cert_file: tls.certFile, key_file: tls.keyFile, ca_file: tls.caFile },
    },
    peers: Object.fromEntries(peers),
    health: { listen: `127.0.0.1:${plan.healthPort}` },
    telemetry:
      ground.otlpEndpoint === undefined ? {} : { otlp_endpoint: ground.otlpEndpoint, metric_interval_ms: 1_000 },
    log_level: ground.logLevel,
    ...(section === undefined ? {} : { [plan.service]: withName(plan, section) }),
  }
}

/** Replicas of an agent are agents of their own. */
const withName = (plan: ServicePlan, section: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  plan.service === 'agent' ? { name: plan.name, ...section } : section

const answers200 = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = get(url, { agent: false, timeout: 2_000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
  })
