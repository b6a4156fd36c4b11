/** Killed at any moment, a standalone Canopy goes on where it was: nothing lost, nothing twice, nobody else's touched. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addMemberAsPerson, createAsPerson, dump, requests, setFault, writes } from '../bench/cloud-control.ts'
import { prepareData, startWorld, type World } from '../bench/world.ts'
import { differences, type ForestAccess, readForest, readTenant } from '../e2e/compare.ts'
import { type Changed, change } from './changes.ts'
import { chance } from './random.ts'
import { endDatabase, launch } from './standalone-process.ts'

const random = chance()
const seed = `CANOPY_SEED=${random.seed}`
let world: World
let forest: ForestAccess
let stranger: string
let strangersGroup: string

beforeAll(async () => {
  world = await startWorld({ users: 200, groups: 20, membersPerGroup: 10, contacts: 5 })
  prepareData(world)
  forest = { ...world.forest, ...world.forest.admin }
  stranger = await createAsPerson(world.cloud, 'user', {
    accountEnabled: true,
    displayName: 'Nobody of the forests',
    mailNickname: 'nobody',
    userPrincipalName: 'nobody@tenant.onmicrosoft.lab',
    passwordProfile: { password: 'Not-for-sign-in-1!', forceChangePasswordNextSignIn: false },
  })
  strangersGroup = await createAsPerson(world.cloud, 'group', {
    displayName: 'Of the tenant alone',
    mailEnabled: false,
    mailNickname: 'alone',
    securityEnabled: true,
  })
  await addMemberAsPerson(world.cloud, strangersGroup, stranger)
})

afterAll(async () => {
  endDatabase(world.data)
  await world.close()
})

const args = (): string[] => ['--data', world.data, '--config', world.configuration]

/** Starts it and kills it: every other time after a while, else when some more was written. Resolves with what it had said. */
async function killedOnce(round: number): Promise<string> {
  const before = await writes(world.cloud)
  const afterMs = random.between(200, 4_000)
  const more = random.between(1, 60)
  const canopy = launch([...args(), '--json'])
  if (round % 2 === 0) await sleep(afterMs)
  else {
    const deadline = Date.now() + 15_000
    while (canopy.running() && Date.now() < deadline && (await writes(world.cloud)) < before + more) await sleep(15)
  }
  const endedByItself = !canopy.running()
  await canopy.kill('SIGKILL')
  expect(endedByItself, `${seed}: ended before it was killed\n${canopy.errors}`).toBe(false)
  return canopy.output
}

async function untilSynced(): Promise<void> {
  const canopy = launch([...args(), '--until-synced', '--json'])
  const code = await Promise.race([canopy.exited, sleep(60_000)])
  if (canopy.running()) await canopy.kill('SIGKILL')
  expect(code, `${seed}\n${canopy.errors}\n${canopy.output.slice(-2_000)}`).toBe(0)
}

async function strangers(): Promise<string> {
  const [users, groups, members] = await Promise.all(
    ['users', 'groups', 'members'].map((kind) => dump(world.cloud, kind)),
  )
  const lines = [
    users?.find(({ id }) => id === stranger),
    groups?.find(({ id }) => id === strangersGroup),
    members?.filter(({ group }) => group === strangersGroup),
  ]
  return JSON.stringify(lines)
}

/** Everything there is in the cloud under Canopy's keys was created by exactly one request that succeeded. */
async function everyCreateCounts(): Promise<void> {
  const tenant = await readTenant(world.cloud)
  const counted = await requests(world.cloud)
  const made =
    tenant.users.filter((user) => user.onPremisesImmutableId !== undefined).length +
    tenant.groups.filter((group) => group.uniqueName !== undefined).length
  const creates = Object.entries(counted).filter(([what]) => what.endsWith(' 201'))
  expect(
    creates.reduce((sum, [, count]) => sum + count, 0),
    seed,
  ).toBe(made)
  expect(counted['New-MailContact 200'], seed).toBe(tenant.contacts.length)
}

async function compared(deleted: ReadonlySet<string>): Promise<readonly string[]> {
  return differences({ forests: [await readForest(forest)], tenant: await readTenant(world.cloud), deleted })
}

test('killed during the first sync', { timeout: 180_000 }, async () => {
  const untouched = await strangers()
  // Answers take a while, so that kills meet requests under way.
  await setFault(world.cloud, { fault: 'delay', ms: 120 })
  for (let round = 0; round < 6; round++) await killedOnce(round)
  await setFault(world.cloud, { fault: 'delay', ms: 0 })
  await untilSynced()
  expect(await compared(new Set()), seed).toEqual([])
  await everyCreateCounts()
  expect(await strangers(), seed).toBe(untouched)
})

test('killed while people work', { timeout: 240_000 }, async () => {
  const untouched = await strangers()
  const before = await readTenant(world.cloud)
  await setFault(world.cloud, { fault: 'delay', ms: 60 })
  const counts = {
    modify: 75,
    rename: 14,
    move: 14,
    disable: 12,
    'add member': 16,
    'remove member': 9,
    delete: 4,
    create: 6,
  } as const
  let changed: Changed | undefined
  const changing = change({ forest, chance: chance(random.seed + 1), counts, pauseMs: 100 }).then((all) => {
    changed = all
  })
  for (let round = 0; round < 6; round++) await killedOnce(round)
  await changing
  await setFault(world.cloud, { fault: 'delay', ms: 0 })
  await untilSynced()
  expect(changed?.done, seed).toBe(150)
  expect(await compared(changed?.deleted ?? new Set()), seed).toEqual([])
  await everyCreateCounts()
  expect(await strangers(), seed).toBe(untouched)
  // What went on living is the object it was.
  const after = await readTenant(world.cloud)
  const ids = new Set(after.users.map(({ id }) => id))
  expect(
    before.users.every(({ id }) => ids.has(id)),
    seed,
  ).toBe(true)
  expect(after.users.filter(({ deletedAt }) => deletedAt !== undefined)).toHaveLength(counts.delete)
})
