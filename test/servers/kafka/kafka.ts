/** Runs a real single-node Apache Kafka (KRaft, no ZooKeeper) on loopback for tests. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { missingPrograms } from '../command.ts'
import { beginLife, type Lifecycle } from '../lifecycle.ts'
import { freePort } from '../loopback.ts'
import { startOwned } from '../owned-process.ts'
import type { TestServer } from '../required.ts'
import { workdir } from '../workdir.ts'
import { formattedStorage, kafkaJars, kafkaVersion } from './distribution.ts'

const readyTimeoutMs = 60_000

export interface KafkaOptions {
  /** Where data and configuration go; a temporary folder when absent. */
  readonly dir?: string
  /** Broker properties that replace or add to the ones here, such as `message.max.bytes`. */
  readonly properties?: Readonly<Record<string, string>>
  /** Java heap in MiB. */
  readonly heapMib?: number
}

export interface Kafka extends Lifecycle {
  /** Bootstrap servers, as clients want them. */
  readonly brokers: readonly string[]
}

/** For `describeWith`. */
export const kafkaServer: TestServer = {
  name: 'Apache Kafka',
  available: async () => {
    const missing = missingPrograms(['java', 'mvn'])
    if (missing !== undefined) return missing
    try {
      await kafkaJars()
      return undefined
    } catch (error) {
      return `Kafka ${kafkaVersion} could not be fetched by Maven: ${(error as Error).message}`
    }
  },
}

/** A broker that answers clients when this resolves: about 2 s, and some seconds more for the very first fetch. */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const jars = await kafkaJars()
  const storage = await formattedStorage(jars)
  const home = await workdir('canopy-kafka', options.dir)
  return home.guard(async () => {
    const ports = { client: await freePort(), controller: await freePort() }
    const logDir = join(home.path, 'log')
    await mkdir(logDir, { recursive: true })
    await cp(storage, logDir, { recursive: true, force: false })
    await writeFile(join(home.path, 'log4j2.properties'), logging)
    await writeFile(join(home.path, 'server.properties'), properties(ports, logDir, options.properties))
    const life = await beginLife({
      home,
      start: () => startOwned({ command: 'java', args: javaArgs(jars, home.path, options.heapMib ?? 512) }),
      ready: (output) => output.includes('Kafka Server started'),
      readyTimeoutMs,
    })
    return { brokers: [`127.0.0.1:${ports.client}`], ...life }
  })
}

function javaArgs(jars: string, home: string, heapMib: number): readonly string[] {
  return [
    `-Xmx${heapMib}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Djava.awt.headless=true',
    `-Dlog4j2.configurationFile=${join(home, 'log4j2.properties')}`,
    '-cp',
    join(jars, '*'),
    'kafka.Kafka',
    join(home, 'server.properties'),
  ]
}

function properties(
  ports: { readonly client: number; readonly controller: number },
  logDir: string,
  extra: KafkaOptions['properties'],
): string {
  const all: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `CLIENT://127.0.0.1:${ports.client},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${ports.client}`,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'CLIENT',
    'log.dirs': logDir,
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // A broker that was killed may register again only after its old session has run out (9 s by default).
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'log.segment.delete.delay.ms': '1000',
    ...extra,
  }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

const logging = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %p %m (%c{1})%n%throwable
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
`
