/** The domains of a tenant become part of the configuration once; a change of them waits for a person. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  call,
  defineService,
  joinLeasePool,
  postgresBus,
  postgresSql,
  type Running,
  startServices,
  unary,
} from '@canopy/chassis'
import { testServer } from '@canopy/chassis/testing'
import { control as proto, write } from '@canopy/proto'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { control } from './service.ts'

const source = `version: canopy/v1
name: test
forests: [{ name: a, domains: [{ name: a.lab, credential: r }] }]
targets: [{ name: cloud, type: graph, tenant: t, credential: w }]
`
/** What the tenant says; none: it cannot be asked. */
let domains: write.TenantDomain[] = []

/** The service that knows targets. */
const cloud = defineService({
  name: 'write',
  config: z.strictObject({}),
  compose: async ({ rpc }) => {
    const refused = unary(async (): Promise<never> => {
      throw new Error('not asked for here')
    })
    rpc.addService(write.WriteService, {
      getTenantDomains: unary(async () => ({ domains })),
      getTargets: refused,
      getCloudObject: refused,
      listHeld: refused,
      decideHeld: refused,
      checkTarget: refused,
      reconcile: refused,
    })
    return []
  },
})

let running: Running
let folder: string
let close: () => Promise<void>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canopy-domains-'))
  const connection = await testServer()
  const sql = (schema: string) => postgresSql({ connection, schema: `domains_${schema}` })
  const store = await sql('bus')
  const bus = await postgresBus({
    sql: store,
    leases: (options) => joinLeasePool(options, { sql: store, instance: 'test' }),
  })
  running = await startServices([control, cloud], {
    adapters: { sql, bus },
    rpc: { listen: [`unix:${join(folder, 's')}`] },
    config: { control: { domains_poll_ms: 100 } },
  })
  close = async () => {
    await running.stop()
    await store.close()
  }
})
afterAll(async () => {
  await close()
  await rm(folder, { recursive: true })
})

const client = () => running.channels.client('control', proto.ControlClient)
const active = () => call(client(), 'getConfiguration', { name: '', version: 0n })
const domain = (name: string, verified = true, initial = false) => ({ name, verified, initial })

it('takes the first list by itself, shows what changed since, and takes that when it is applied', async () => {
  const applied = await call(client(), 'applyConfiguration', { source, who: 'ada' })
  expect(applied.configuration?.targets[0]?.verifiedDomains).toEqual([])

  domains = [domain('Contoso.com'), domain('c.onmicrosoft.com', true, true), domain('fabrikam.com', false)]
  await vi.waitFor(async () => expect((await active()).version).toBe(2n ** 40n + 1n), 5_000)
  expect(await active()).toMatchObject({
    appliedBy: 'tenant',
    source,
    targets: [{ verifiedDomains: ['c.onmicrosoft.com', 'contoso.com'], initialDomain: 'c.onmicrosoft.com' }],
  })

  domains = [...domains.slice(0, 2), domain('fabrikam.com')]
  const difference = () => call(client(), 'diffConfiguration', { source })
  await vi.waitFor(async () => expect((await difference()).differences).toHaveLength(1), 5_000)
  expect((await difference()).differences).toEqual([
    {
      path: 'targets[cloud].verifiedDomains',
      oldValue: 'c.onmicrosoft.com, contoso.com',
      newValue: 'c.onmicrosoft.com, contoso.com, fabrikam.com',
    },
  ])
  expect((await active()).version).toBe(2n ** 40n + 1n)

  const again = await call(client(), 'applyConfiguration', { source, who: 'ada' })
  expect([again.changed, again.configuration?.targets[0]?.verifiedDomains]).toEqual([
    true,
    ['c.onmicrosoft.com', 'contoso.com', 'fabrikam.com'],
  ])
  expect((await call(client(), 'applyConfiguration', { source, who: 'ada' })).changed).toBe(false)
})
