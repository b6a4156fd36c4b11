/** Proves that the distributed stack comes up, answers, survives the loss of a process, and leaves nothing behind. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { call, createChannels } from '@canopy/chassis'
import { introspection } from '@canopy/proto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kafkaServer } from '../kafka/kafka.ts'
import { postgresServer } from '../postgres/postgres.ts'
import { describeWith } from '../required.ts'
import { type Stack, startStack } from './stack.ts'

const timeoutMs = 120_000

interface Status {
  readonly services: readonly { readonly service: string; readonly state: 'up' | 'down' }[]
  readonly forests: readonly { readonly forest: string }[]
}

describeWith([kafkaServer, postgresServer], () => {
  let stack: Stack

  beforeAll(async () => {
    stack = await startStack({ lab: { population: { users: 60, groups: 8, contacts: 3 } }, replicas: { transform: 2 } })
  }, timeoutMs)
  afterAll(() => stack?.close(), timeoutMs)

  test('every process is ready, and the gateway reaches every service', async () => {
    expect(stack.services.map((service) => service.name).sort()).toEqual(
      ['agent', 'audit', 'capture', 'console', 'control', 'resolve', 'transform', 'transform-2', 'write'].sort(),
    )
    for (const service of stack.services) expect(await service.ready(), service.name).toBe(true)
    const status = (await stack.ask('GET', '/api/v1/status')) as Status
    expect(status.services.filter((service) => service.state !== 'up')).toEqual([])
    expect(status.services.map(({ service }) => service)).toEqual(
      expect.arrayContaining(['audit', 'capture', 'control', 'resolve', 'transform', 'write']),
    )
  })

  test('the lab’s configuration is the active one', async () => {
    await expect
      .poll(
        async () => ((await stack.ask('GET', '/api/v1/status')) as Status).forests.map(({ forest }) => forest).sort(),
        { timeout: 20_000 },
      )
      .toEqual(['contoso.lab', 'fabrikam.lab'])
  })

  test('services keep their stores apart, a schema each', async () => {
    const client = new pg.Client({ connectionString: stack.postgresUrl })
    await client.connect()
    try {
      const { rows } = await client.query<{ name: string }>(
        "select nspname::text as name from pg_namespace where nspname !~ '^(pg_|information_schema|public)' order by 1",
      )
      expect(rows.map(({ name }) => name)).toEqual(['audit', 'capture', 'control', 'resolve', 'transform', 'write'])
    } finally {
      await client.end()
    }
  })

  test('calls need the stack’s certificate', async () => {
    const ask = async (tls: Stack['tls'] | undefined): Promise<string> => {
      const channels = createChannels({ peers: stack.peers, tls })
      try {
        const client = channels.client('write', introspection.IntrospectionClient)
        return (await call(client, 'getServiceStatus', { service: 'write' }, { deadlineMs: 5_000 })).service
      } finally {
        channels.close()
      }
    }
    expect(await ask(stack.tls)).toBe('write')
    await expect(ask(undefined)).rejects.toThrow()
  })

  test(
    'a killed process is started again at the same address',
    async () => {
      const write = stack.process('write')
      const before = write.pid
      await write.kill()
      expect(write.running()).toBe(false)
      expect(await write.ready()).toBe(false)
      await stack.restart('write')
      expect(write.pid).not.toBe(before)
      expect(await write.ready()).toBe(true)
    },
    timeoutMs,
  )

  test(
    'a stop is orderly, and leaves no process and no folder',
    async () => {
      const { root } = stack.folder
      expect(mentions(root).length).toBeGreaterThan(10)
      for (const service of stack.services) expect(await service.stop(), service.name).toBe(0)
      await stack.close()
      expect(mentions(root)).toEqual([])
      expect(existsSync(root)).toBe(false)
    },
    timeoutMs,
  )
})

/** Processes whose command line names the folder. */
function mentions(folder: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return command.includes(folder) ? [command] : []
    } catch {
      return []
    }
  })
}
