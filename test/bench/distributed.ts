/** The distributed Canopy under measurement: Apache Kafka, PostgreSQL, one process per service. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeCredential } from '@canopy/standalone'
import { startStack } from '../servers/stack/stack.ts'
import { Gateway } from './gateway.ts'
import { type Applied, arrival, type Pipeline } from './pipeline.ts'
import { figures, processesWith, sumCpu } from './process-figures.ts'
import type { World } from './world.ts'

interface StatusBody {
  readonly state: string
  readonly forests: readonly { readonly objects: number }[]
  readonly resolve?: { readonly identities: number }
  readonly targets: readonly { readonly objectsEqual: number }[]
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

/** The clock starts when the configuration is applied: the processes are up before. */
export async function startDistributed(world: World, progress: (line: string) => void): Promise<Pipeline> {
  const credentials = { forests: join(world.folder, 'forests'), targets: join(world.folder, 'targets') }
  for (const folder of Object.values(credentials)) mkdirSync(folder, { recursive: true, mode: 0o755 })
  const { forest, cloud } = world
  writeCredential(credentials.forests, 'big-reader', { username: forest.account.dn, password: forest.account.password })
  writeCredential(credentials.targets, 'tenant-writer', {
    client_id: cloud.client.id,
    client_secret: cloud.client.secret,
  })
  progress('starting Kafka, PostgreSQL and a process per service …')
  const stack = await startStack({ credentials, trust: { forests: [forest.caFile], targets: [cloud.caFile] } })
  await stack.apply(readFileSync(world.configuration, 'utf8'))
  const startedMs = performance.now()
  const gateway = new Gateway(async () => ({ url: stack.gatewayUrl, token: stack.token }))
  const changes = new EventTarget()
  let written = 0
  let log: { stop(): void } | undefined
  const look = async (): Promise<StatusBody> => {
    const status = (await gateway.ask('GET', '/api/v1/status')) as StatusBody
    written = sum(status.targets.map((target) => target.objectsEqual))
    return status
  }
  let closed = false
  const ready = (async () => {
    while (!closed) {
      const status = await look().catch(() => undefined)
      if (status) {
        const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
        progress(
          `${seconds} s  ${status.state}  read ${sum(status.forests.map((each) => each.objects))}  resolved ${status.resolve?.identities ?? 0}  written ${written}`,
        )
        if (status.state === 'inSync') return { startedMs, readyMs: performance.now() }
      }
      await sleep(1_000)
    }
    throw new Error('closed before it was in sync')
  })()
  ready.catch(() => undefined)
  return {
    brokers: stack.brokers,
    inSync: () => ready,
    written: () => written,
    arrival: (fits, withinMs) => {
      log ??= gateway.follow((applied: Applied) =>
        changes.dispatchEvent(new CustomEvent('applied', { detail: applied })),
      )
      return arrival(changes, fits, withinMs)
    },
    epochs: () => gateway.epochs(),
    equal: () => gateway.equal(),
    ask: (method, path, body) => gateway.ask(method, path, body),
    figures: () => ({
      ...Object.fromEntries(stack.services.map((service) => [service.name, figures(service.pid)])),
      kafka: figures(processesWith('kafka.Kafka')[0] ?? 0),
      postgresCpuSeconds: Math.round(sumCpu(processesWith('canopy-postgres'))),
      forest: figures(forest.process.pid ?? 0),
      cloud: figures(cloud.process.pid ?? 0),
    }),
    close: async () => {
      closed = true
      log?.stop()
      await stack.close()
    },
  }
}
