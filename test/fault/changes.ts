/** What people do to a forest in an hour, over LDAP, drawn from a seed. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Attribute, Change, Client, type Entry } from 'ldapts'
import { type ForestAccess, immutableId } from '../e2e/compare.ts'
import type { Chance } from './random.ts'

export type Kind = 'modify' | 'rename' | 'move' | 'disable' | 'add member' | 'remove member' | 'delete' | 'create'

export interface ChangeOptions {
  readonly forest: ForestAccess
  readonly chance: Chance
  /** How many of each. */
  readonly counts: Readonly<Record<Kind, number>>
  readonly pauseMs: number
}

export interface Changed {
  readonly done: number
  /** Immutable ids of the people that were deleted. */
  readonly deleted: ReadonlySet<string>
}

export async function connect(forest: ForestAccess): Promise<Client> {
  const client = new Client({
    url: forest.ldapsUrl,
    tlsOptions: { ca: [readFileSync(forest.caFile)], servername: forest.servername },
  })
  await client.bind(forest.dn, forest.password)
  return client
}

export const replace = (type: string, value: string): Change =>
  new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) })

interface Scene {
  readonly client: Client
  readonly forest: ForestAccess
  readonly chance: Chance
  /** DNs change under renames and moves: looked up by account name where one is needed. */
  readonly people: string[]
  readonly groups: string[]
  readonly units: readonly string[]
  readonly deleted: Set<string>
}

export async function change(options: ChangeOptions): Promise<Changed> {
  const client = await connect(options.forest)
  try {
    const scene = await survey(client, options)
    const plan = Object.entries(options.counts).flatMap(([kind, count]) => Array<Kind>(count).fill(kind as Kind))
    let done = 0
    for (const kind of options.chance.shuffle(plan)) {
      await perform(scene, kind, done)
      done++
      await sleep(options.pauseMs)
    }
    return { done, deleted: scene.deleted }
  } finally {
    await client.unbind()
  }
}

async function survey(client: Client, { forest, chance }: ChangeOptions): Promise<Scene> {
  const names = async (filter: string, attribute: string): Promise<string[]> => {
    const found = await client.search(forest.baseDn, {
      scope: 'sub',
      filter,
      attributes: [attribute],
      paged: { pageSize: 500 },
    })
    return found.searchEntries.map((entry) => (attribute === 'ou' ? entry.dn : String(entry[attribute])))
  }
  return {
    client,
    forest,
    chance,
    people: await names('(&(objectClass=user)(employeeType=*))', 'sAMAccountName'),
    groups: await names('(&(objectClass=group)(!(isCriticalSystemObject=TRUE)))', 'sAMAccountName'),
    units: (await names('(objectClass=organizationalUnit)', 'ou')).filter((dn) => /OU=Staff,/i.test(dn)),
    deleted: new Set(),
  }
}

async function find({ client, forest }: Scene, account: string): Promise<Entry> {
  const found = await client.search(forest.baseDn, {
    scope: 'sub',
    filter: `(sAMAccountName=${account})`,
    attributes: ['objectGUID', 'mS-DS-ConsistencyGuid', 'member', 'cn', 'displayName'],
    explicitBufferAttributes: ['objectGUID', 'mS-DS-ConsistencyGuid'],
  })
  const [entry] = found.searchEntries
  if (!entry) throw new Error(`no object ${account}`)
  return entry
}

async function perform(scene: Scene, kind: Kind, number: number): Promise<void> {
  const { client, chance } = scene
  const person = chance.pick(scene.people)
  switch (kind) {
    case 'modify':
      return client.modify(
        (await find(scene, person)).dn,
        chance.pick([replace('title', `Title ${number}`), replace('department', `Department ${number}`)]),
      )
    case 'rename': {
      const { dn } = await find(scene, person)
      await client.modify(dn, replace('displayName', `Renamed ${number}`))
      return client.modifyDN(dn, `CN=Renamed ${number}`)
    }
    case 'move': {
      const { dn } = await find(scene, person)
      return client.modifyDN(dn, `${dn.slice(0, dn.indexOf(','))},${chance.pick(scene.units)}`)
    }
    case 'disable':
      return client.modify((await find(scene, person)).dn, replace('userAccountControl', '514'))
    case 'add member':
    case 'remove member':
      return member(scene, kind, person)
    case 'delete': {
      const entry = await find(scene, person)
      await client.del(entry.dn)
      scene.deleted.add(immutableId(entry))
      scene.people.splice(scene.people.indexOf(person), 1)
      return
    }
    case 'create':
      return create(scene, number)
    default:
      return kind satisfies never
  }
}

async function member(scene: Scene, kind: 'add member' | 'remove member', person: string): Promise<void> {
  const group = await find(scene, scene.chance.pick(scene.groups))
  const members = ([] as string[]).concat((group.member as string[] | string | undefined) ?? [])
  const { dn } = await find(scene, person)
  const present = members.some((each) => each.toLowerCase() === dn.toLowerCase())
  if (kind === 'add member' ? present : members.length === 0) return
  const value = kind === 'add member' ? dn : scene.chance.pick(members)
  const modification = new Attribute({ type: 'member', values: [value] })
  await scene.client.modify(group.dn, new Change({ operation: kind === 'add member' ? 'add' : 'delete', modification }))
}

async function create(scene: Scene, number: number): Promise<void> {
  const name = `new${number}`
  const domain = scene.forest.baseDn.toLowerCase().replaceAll(/,?dc=/g, '.').slice(1)
  await scene.client.add(`CN=Newcomer ${number},${scene.chance.pick(scene.units)}`, {
    objectClass: ['top', 'person', 'organizationalPerson', 'user'],
    sAMAccountName: name,
    userPrincipalName: `${name}@${domain}`,
    displayName: `Newcomer ${number}`,
    givenName: 'Newcomer',
    sn: String(number),
    userAccountControl: '512',
  })
}
