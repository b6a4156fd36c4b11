import { type Channels, call, defineService, Failure, unary } from '@canopy/chassis'
import { collect, type TestProcess, testProcess } from '@canopy/chassis/testing'
import { filetimeFromDate } from '@canopy/domain'
import { capture, change, configuration, transform as rpc, topics } from '@canopy/proto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { transform } from './service.ts'

const staff = 'OU=Staff,DC=contoso,DC=lab'
const guidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** Containers that capture knows by now. */
const containers = new Map<string, string>()

/** Objects that capture has, by GUID. */
const known = new Map<string, change.DirectoryObject>()

let peers: Channels

/** Another service that answers for the connector space. */
const directory = defineService({
  name: 'capture',
  config: z.strictObject({}),
  compose: async ({ rpc, channels }) => {
    peers = channels
    const refused = unary(async () => {
      throw new Failure({ kind: 'permanent', code: 'TEST', message: 'not asked for here' })
    })
    rpc.addService(capture.CaptureService, {
      resolveContainers: unary(async ({ dns }: capture.ResolveContainersRequest) => ({
        guids: Object.fromEntries(dns.flatMap((dn) => (containers.has(dn) ? [[dn, containers.get(dn)!]] : []))),
      })),
      getForests: refused,
      findObjects: unary(async ({ who }: capture.FindObjectsRequest) => ({
        objects: [...known.values()].filter(({ guid }) => guid === who),
      })),
      listObjects: unary(async ({ forest, after }: capture.ListObjectsRequest) => {
        const all = [...known.values()].filter((one) => one.forest === forest && one.guid > after)
        const objects = all.toSorted((a, b) => (a.guid < b.guid ? -1 : 1)).slice(0, 2)
        return { objects, next: objects.at(-1)?.guid ?? '' }
      }),
      checkForest: refused,
      resnapshot: refused,
    })
    return []
  },
})

const person = (n: number, displayName: string, more: Partial<change.DirectoryObject> = {}) => ({
  key: `contoso/${guidOf(n)}`,
  message: {
    ...change.DirectoryObject.fromPartial({
      forest: 'contoso',
      guid: guidOf(n),
      version: 1n,
      kind: 'user',
      path: ['staff'],
    }),
    attributes: { displayName: { values: [Buffer.from(displayName)] } },
    ...more,
  },
})

const base: configuration.DeepPartial<configuration.Configuration> = {
  name: 'test',
  forests: [{ name: 'contoso', state: 'active' }],
  mappings: [{ kind: 'user', target: 'displayName', source: { $case: 'direct', value: 'displayName' } }],
}

let running: TestProcess
let seen: Awaited<ReturnType<typeof collect<ReturnType<typeof topics.contributions.codec.decode>>>>
beforeEach(async () => {
  containers.clear()
  known.clear()
  const config = { transform: { binding_retry_ms: 100 } }
  running = await testProcess({ services: [transform, directory], outputs: [topics.changes], config })
  seen = await collect(running.bus, topics.contributions)
})
afterEach(async () => {
  await seen.close()
  await running.stop()
})

const objects = () => seen.messages.filter(({ key }) => !key.startsWith('='))
const named = () => objects().map(({ message }) => message.attributes.displayName?.values[0])
const mark = () =>
  running.watermark({
    forest: 'contoso',
    partition: 'DC=contoso',
    epoch: 1n,
    checkpoint: BigInt(Date.now()),
    observedAt: new Date(),
    objects: 1,
    edges: 0,
  })

describe('transform', () => {
  it('publishes what is new, under a version of its own, and passes the watermark on behind it', async () => {
    await running.say(topics.changes, [person(1, 'Ada'), person(2, 'Eve')])
    await running.configure({ ...base, version: 1n })
    await vi.waitFor(() => expect(named().sort()).toEqual(['Ada', 'Eve']), 5_000)
    await running.say(topics.changes, [
      person(1, 'Ada', { version: 2n }),
      person(1, 'Ada P', { version: 3n }),
      person(3, 'Boo', { version: 1n, gone: true, attributes: {} }),
    ])
    await mark()
    await vi.waitFor(() => expect(seen.watermarks.length).toBeGreaterThan(0), 5_000)
    expect(named().sort()).toEqual(['Ada', 'Ada P', 'Eve'])
    const versions = objects().map(({ message }) => message.version)
    expect(versions.at(-1)).toBe(2n ** 40n + 1n)
  })

  it('under a newer configuration publishes only what differs, then says that all were evaluated', async () => {
    await running.configure({ ...base, version: 1n })
    await running.say(topics.changes, [person(1, 'Ada'), person(2, 'eve')])
    await vi.waitFor(() => expect(objects()).toHaveLength(2), 5_000)
    const upper: configuration.DeepPartial<configuration.MappingRule> = {
      kind: 'user',
      target: 'displayName',
      source: { $case: 'expression', value: 'ToUpper([displayName])' },
    }
    await running.say(topics.changes, [person(3, 'ZOE')])
    await vi.waitFor(() => expect(objects()).toHaveLength(3), 5_000)
    await running.configure({ ...base, version: 2n, mappings: [upper] })
    const markers = () =>
      seen.messages.filter(({ key, message }) => key.startsWith('=') && message.configurationVersion === 2n)
    await vi.waitFor(() => expect(markers()).toHaveLength(running.bus.partitions(topics.contributions)), 5_000)
    expect(named().slice(3).sort()).toEqual(['ADA', 'EVE'])
    expect(objects().at(-1)?.message.configurationVersion).toBe(2n)
  })

  it('is undecided while an OU of the scope is not found, never out, and decides once it is', async () => {
    const scopes = [{ forest: 'contoso', includeOus: [staff] }]
    await running.configure({ ...base, version: 1n, scopes })
    await running.say(topics.changes, [person(1, 'Ada'), person(2, 'Eve', { path: ['elsewhere'] })])
    await vi.waitFor(() => expect(objects()).toHaveLength(2), 5_000)
    expect(objects().map(({ message }) => message.scope)).toEqual(['SCOPE_UNKNOWN', 'SCOPE_UNKNOWN'])
    containers.set(staff.toLowerCase(), 'staff')
    await vi.waitFor(() => expect(objects()).toHaveLength(4), 5_000)
    const last = new Map(objects().map(({ key, message }) => [key, message.scope]))
    expect(last.get(`contoso/${guidOf(1)}`)).toBe('SCOPE_IN')
    expect(last.get(`contoso/${guidOf(2)}`)).toBe('SCOPE_OUT')
    containers.clear()
    await running.configure({ ...base, version: 2n, scopes })
    await running.say(topics.changes, [person(3, 'Zoe')])
    await vi.waitFor(() => expect(objects().at(-1)?.message.scope).toBe('SCOPE_IN'), 5_000)
  })

  it('counts what each clause of a draft drops, of every page that capture has; the active version stays', async () => {
    const departments = ['Sales', 'Contractors', '', 'Contractors', 'Legal']
    for (const [n, department] of departments.entries()) {
      const attributes = { department: { values: department === '' ? [] : [Buffer.from(department)] } }
      known.set(guidOf(n + 1), person(n + 1, '', { attributes, path: n < 2 ? ['staff'] : [] }).message)
    }
    containers.set(staff, 'staff')
    await running.configure({ ...base, version: 1n })
    const client = peers.client('transform', rpc.TransformClient)
    const excludeClauses = [{ attribute: 'department', operator: 'equals', value: 'Contractors' }]
    const draft = { ...base, scopes: [{ forest: 'contoso', includeOus: [staff], excludeClauses }] }
    const asked = { configuration: configuration.Configuration.fromPartial(draft) }
    const { forests } = await call(client, 'countScope', asked)
    expect(forests).toMatchObject([
      {
        forest: 'contoso',
        objects: 5,
        inScope: 1,
        outOfScope: 4,
        partial: false,
        clauses: [{ applies: 2, absent: 1 }],
      },
    ])
    await expect
      .poll(() => call(client, 'countScope', { configuration: undefined }))
      .toMatchObject({
        forests: [{ objects: 5, inScope: 5, clauses: [] }],
      })
  })

  it('says that an account is disabled when it expires, though nothing changes in the directory', async () => {
    const rule = { kind: 'user', target: 'accountEnabled', source: { $case: 'constant', value: 'True' } } as const
    await running.configure({ ...base, version: 1n, mappings: [rule] })
    const expires = new Date(Date.now() + 2_000)
    const account = person(1, 'Ada', {
      attributes: { accountExpires: { values: [Buffer.from(String(filetimeFromDate(expires)))] } },
    })
    known.set(guidOf(1), account.message)
    await running.say(topics.changes, [account])
    const enabled = () => objects().map(({ message }) => message.attributes.accountEnabled?.values[0])
    await vi.waitFor(() => expect(enabled()).toEqual(['true']), 5_000)
    await vi.waitFor(() => expect(enabled()).toEqual(['true', 'false']), 6_000)
    expect(objects().at(-1)?.message.sourceVersion).toBe(1n)
  })

  it('a version that changes nothing publishes nothing but that all were evaluated', async () => {
    await running.configure({ ...base, version: 1n })
    await running.say(
      topics.changes,
      Array.from({ length: 1_200 }, (_, n) => person(n, `P${n}`)),
    )
    await vi.waitFor(() => expect(objects()).toHaveLength(1_200), 10_000)
    await running.configure({ ...base, version: 2n })
    const markers = () => seen.messages.filter(({ key }) => key.startsWith('='))
    await vi.waitFor(() => expect(markers()).toHaveLength(running.bus.partitions(topics.contributions)), 10_000)
    expect(objects()).toHaveLength(1_200)
  })

  it('a version whose scope names what is not found is pending: the one before it stays in use', async () => {
    await running.configure({ ...base, version: 1n, scopes: [{ forest: 'contoso' }] })
    await running.say(topics.changes, [person(1, 'Ada'), person(2, 'Eve', { path: ['elsewhere'] })])
    await vi.waitFor(() => expect(objects()).toHaveLength(2), 5_000)
    await running.configure({ ...base, version: 2n, scopes: [{ forest: 'contoso', includeOus: [staff] }] })
    await new Promise((resume) => setTimeout(resume, 500))
    await running.say(topics.changes, [person(3, 'Zoe', { path: ['elsewhere'] })])
    await vi.waitFor(() => expect(objects()).toHaveLength(3), 5_000)
    expect(objects().map(({ message }) => message.scope)).toEqual(['SCOPE_IN', 'SCOPE_IN', 'SCOPE_IN'])
    containers.set(staff.toLowerCase(), 'staff')
    await vi.waitFor(() => expect(objects()).toHaveLength(5), 5_000)
    const out = objects().filter(({ message }) => message.scope === 'SCOPE_OUT')
    expect(out.map(({ key, message }) => [key, message.configurationVersion]).sort()).toEqual([
      [`contoso/${guidOf(2)}`, 2n],
      [`contoso/${guidOf(3)}`, 2n],
    ])
  })
})
