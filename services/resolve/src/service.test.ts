import { call, type createChannels, defineService } from '@canopy/chassis'
import { collect, type TestProcess, testProcess } from '@canopy/chassis/testing'
import { contribution, resolve as rpc, topics } from '@canopy/proto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { deriveAnchor } from './adapters/hash.ts'
import { resolve } from './service.ts'
import { edge, guidOf, said, testConfiguration } from './testing/store.ts'

let channels: ReturnType<typeof createChannels>
/** Asks resolve from inside the process, as another service does. */
const asker = defineService({
  name: 'asker',
  config: z.strictObject({}),
  compose: async (context) => {
    channels = context.channels
    return []
  },
})
const client = () => channels.client('resolve', rpc.ResolveClient)

let running: TestProcess
beforeEach(async () => {
  const outputs = [topics.contributions, topics.edges]
  running = await testProcess({ services: [resolve, asker], outputs, config: { resolve: { poll_ms: 100 } } })
})
afterEach(() => running.stop())

const object = (of: contribution.Contribution) => ({ key: `${of.forest}/${of.guid}`, message: of })
const membership = (of: ReturnType<typeof edge>) => ({ key: `${of.forest}/${of.groupGuid}/${of.member}`, message: of })
let checkpoint = 0n
const mark = (forest: string) =>
  running.watermark({
    forest,
    partition: `DC=${forest}`,
    epoch: 1n,
    checkpoint: ++checkpoint,
    observedAt: new Date(),
    objects: 1,
    edges: 1,
  })
const status = () => call(client(), 'getResolveStatus', {})

describe('resolve', () => {
  it('waits for every forest, decides, passes the watermarks on, then resolves what comes', async () => {
    const desired = await collect(running.bus, topics.desired)
    const edges = await collect(running.bus, topics.desiredEdges)
    const [ada, eve, team] = [guidOf(1), guidOf(2), guidOf(9)]
    const upn = { userPrincipalName: 'ada@x' }
    await running.configure(testConfiguration())
    await running.say(topics.edges, [membership(edge('a', team, ada))])
    await running.say(topics.contributions, [
      object(said({ forest: 'a', guid: ada }, upn)),
      object(said({ forest: 'b', guid: eve }, upn)),
      object(said({ forest: 'a', guid: team, kind: 'group' })),
    ])
    await mark('a')
    await vi.waitFor(async () => expect(await status()).toMatchObject({ barrierOpen: false, waitingFor: ['b'] }), 5_000)
    expect(desired.messages).toEqual([])
    await mark('b')
    await vi.waitFor(() => expect(new Set(desired.watermarks)).toHaveLength(2), 5_000)
    await vi.waitFor(() => expect(edges.watermarks.length).toBeGreaterThan(0), 5_000)
    expect(desired.messages).toHaveLength(3)
    expect(edges.messages).toMatchObject([{ message: { present: true, source: `a/${team}/${ada}` } }])
    expect(await status()).toMatchObject({
      identities: 3,
      users: 2,
      groups: 1,
      edges: 1,
      conflicts: 1,
      barrierOpen: true,
    })
    const { conflicts } = await call(client(), 'listConflicts', { limit: 0 })
    expect(conflicts).toMatchObject([{ winner: deriveAnchor('user', `a:${ada}`), loserSource: `b: cn=${eve},dc=b` }])
    const { identities } = await call(client(), 'findIdentities', { who: `b/${eve}`, limit: 0 })
    expect(identities[0]?.conflicts).toEqual([conflicts[0]?.id])
    await running.say(topics.contributions, [
      object(said({ forest: 'a', guid: ada, version: 2n }, { userPrincipalName: 'ada.p@x' })),
    ])
    await vi.waitFor(() => expect(desired.messages).toHaveLength(5), 5_000)
    expect(desired.messages.at(-1)?.message).toMatchObject({ anchor: deriveAnchor('user', `b:${eve}`), holds: [] })
    await desired.close()
    await edges.close()
  })

  it('uses the rules of a newer version once everything was evaluated under it', async () => {
    const desired = await collect(running.bus, topics.desired)
    await running.configure(testConfiguration())
    const mail = (forest: string, n: number) =>
      object(said({ forest, guid: guidOf(n), sourceAnchor: 'S' }, { mail: `${forest}@x` }))
    await running.say(topics.contributions, [mail('a', 1), mail('b', 2)])
    await mark('a')
    await mark('b')
    await vi.waitFor(() => expect(desired.messages).toHaveLength(1), 5_000)
    await running.configure(testConfiguration({ version: 2n, precedence: [{ attribute: 'mail', order: ['b'] }] }))
    const marker = contribution.Contribution.fromPartial({
      kind: 'configuration',
      version: 2n,
      configurationVersion: 2n,
    })
    const keys = Array.from({ length: 64 }, (_, n) => ({ key: `=configuration/${n}`, message: marker }))
    await new Promise((resume) => setTimeout(resume, 300))
    expect(desired.messages).toHaveLength(1)
    await running.say(topics.contributions, keys)
    await vi.waitFor(() => expect(desired.messages).toHaveLength(2), 5_000)
    expect(desired.messages.at(-1)?.message.attributes.mail?.values).toEqual(['b@x'])
    await desired.close()
  })
})
