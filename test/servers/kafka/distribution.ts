/** Fetches Apache Kafka's broker with its runtime dependencies from Maven Central, once. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from '../cache.ts'
import { runCommand } from '../command.ts'

export const kafkaVersion = '4.4.0'
/** The broker names no logging backend of its own; without one it is silent. */
const loggingVersion = '2.25.5'
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1'
const fetchTimeoutMs = 300_000

/** The folder with every jar of the broker; the first call needs Maven and the network (about 40 MB). */
export function kafkaJars(version = kafkaVersion): Promise<string> {
  return cached(`kafka-${version}`, async (dir) => {
    const project = join(dir, 'project')
    await mkdir(project)
    await writeFile(join(project, 'pom.xml'), pom(version))
    const goal = `${dependencyPlugin}:copy-dependencies`
    await runCommand('mvn', ['-q', '-B', goal, `-DoutputDirectory=${dir}`, '-DincludeScope=runtime'], {
      cwd: project,
      timeoutMs: fetchTimeoutMs,
    })
    await rm(project, { recursive: true })
  })
}

/** A copy-ready log directory formatted for KRaft, made once per Kafka version. */
export async function formattedStorage(jars: string, version = kafkaVersion): Promise<string> {
  const entry = await cached(`kafka-${version}-storage`, async (dir) => {
    const config = join(dir, 'format.properties')
    await writeFile(
      config,
      [
        'process.roles=broker,controller',
        'node.id=1',
        'controller.quorum.voters=1@127.0.0.1:9093',
        'listeners=CLIENT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
        'listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name=CLIENT',
        'controller.listener.names=CONTROLLER',
        `log.dirs=${join(dir, 'log')}`,
      ].join('\n'),
    )
    const clusterId = 'Q2Fub3B5VGVzdEthZmthMQ'
    await runCommand('java', [
      '-cp',
      join(jars, '*'),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      config,
    ])
    await rm(config)
  })
  return join(entry, 'log')
}

function pom(version: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>canopy.test</groupId>
  <artifactId>kafka-broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${loggingVersion}</version>
    </dependency>
  </dependencies>
</project>
`
}
