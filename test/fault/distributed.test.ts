/** Each service of a distributed Canopy is killed while it works, and started again: the cloud ends up equal to the forests. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAsPerson, dump, requests } from '../bench/cloud-control.ts'
import { differences, type ForestAccess, readForest, readTenant } from '../e2e/compare.ts'
import { kafkaServer } from '../servers/kafka/kafka.ts'
import { postgresServer } from '../servers/postgres/postgres.ts'
import { describeWith } from '../servers/required.ts'
import { type Stack, startStack } from '../servers/stack/stack.ts'
import { change } from './changes.ts'
import { chance } from './random.ts'

const killed = ['agent', 'capture', 'transform', 'resolve', 'write', 'audit', 'control'] as const

describeWith([kafkaServer, postgresServer], () => {
  const random = chance()
  const seed = `CANOPY_SEED=${random.seed}`
  let stack: Stack
  let forest: ForestAccess
  let stranger: string

  beforeAll(async () => {
    stack = await startStack({
      lab: { forests: ['contoso.lab'], population: { users: 60, groups: 8, contacts: 3, membersPerGroup: 6 } },
      logLevel: 'warn',
      readyTimeoutMs: 120_000,
    })
    const { lab } = stack
    if (!lab) throw new Error('no lab')
    const [first] = lab.forests
    if (!first) throw new Error('no forest')
    forest = { ...first, ...first.admin }
    stranger = await createAsPerson(lab.cloud, 'user', {
      accountEnabled: true,
      displayName: 'Nobody of the forests',
      mailNickname: 'nobody',
      userPrincipalName: 'nobody@tenant.onmicrosoft.lab',
      passwordProfile: { password: 'Not-for-sign-in-1!', forceChangePasswordNextSignIn: false },
    })
  }, 240_000)
  afterAll(() => stack?.close(), 60_000)

  const cloud = () => {
    if (!stack.lab) throw new Error('no lab')
    return stack.lab.cloud
  }

  /** SIGKILL in a random order after random pauses; a process is down for a moment, others meanwhile go on. */
  async function killAll(): Promise<void> {
    for (const name of random.shuffle(killed)) {
      await sleep(random.between(200, 1_500))
      await stack.process(name).kill()
      await sleep(random.between(0, 500))
      await stack.restart(name)
    }
  }

  async function equal(deleted: ReadonlySet<string>): Promise<void> {
    let found: readonly string[] = ['not compared yet']
    const deadline = Date.now() + 90_000
    for (;;) {
      const status = (await stack.ask('GET', '/api/v1/status')) as { readonly state: string }
      if (status.state === 'inSync') {
        found = differences({ forests: [await readForest(forest)], tenant: await readTenant(cloud()), deleted })
        if (found.length === 0) break
      } else found = [`the status is ${status.state}`]
      if (Date.now() > deadline) break
      await sleep(500)
    }
    expect(found, seed).toEqual([])
    const tenant = await readTenant(cloud())
    const counted = await requests(cloud())
    const creates = Object.entries(counted)
      .filter(([what]) => what.endsWith(' 201'))
      .reduce((sum, [, count]) => sum + count, 0)
    const made =
      tenant.users.filter((user) => user.onPremisesImmutableId !== undefined).length +
      tenant.groups.filter((group) => group.uniqueName !== undefined).length
    expect(creates, seed).toBe(made)
    expect(counted['New-MailContact 200'], seed).toBe(tenant.contacts.length)
  }

  const strangerNow = async (): Promise<string> =>
    JSON.stringify((await dump(cloud(), 'users')).find(({ id }) => id === stranger))

  test('every service is killed once during the first sync', async () => {
    const untouched = await strangerNow()
    await killAll()
    await equal(new Set())
    expect(await strangerNow(), seed).toBe(untouched)
  }, 240_000)

  test('and once more while people work', async () => {
    const untouched = await strangerNow()
    const counts = {
      modify: 25,
      rename: 6,
      move: 6,
      disable: 5,
      'add member': 8,
      'remove member': 4,
      delete: 2,
      create: 4,
    } as const
    const changing = change({ forest, chance: chance(random.seed + 1), counts, pauseMs: 250 })
    await killAll()
    const { deleted } = await changing
    await equal(deleted)
    expect(await strangerNow(), seed).toBe(untouched)
  }, 240_000)
})
