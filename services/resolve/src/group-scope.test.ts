import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deriveAnchor } from './adapters/hash.ts'
import { edge, guidOf, type ResolveStore, resolveStore, said } from './testing/store.ts'

const [ada, eve, pilot, team, inner, banned] = [1, 2, 50, 51, 52, 53].map(guidOf) as [
  string,
  string,
  string,
  string,
  string,
  string,
]
const byGroup = { scope: 'SCOPE_UNKNOWN' as const, scopeReason: 'decided by groups', admittingGroups: [pilot] }
const person = (guid: string, more = {}) => said({ forest: 'a', guid, ...byGroup, ...more }, { displayName: guid })
const anchorOf = (guid: string, forest = 'a') => deriveAnchor('user', `${forest}:${guid}`)

let store: ResolveStore
let version = 1n
beforeEach(async () => {
  store = await resolveStore()
})
afterEach(() => store.close())

const opened = async () => {
  await store.watermark('a')
  await store.watermark('b')
  await store.open()
}
const member = (group: string, who: string, present = true) => edge('a', group, who, { version: ++version, present })
const tell = async (...edges: ReturnType<typeof member>[]) => {
  await store.edges(...edges)
  await store.drain()
}
const standing = (guid: string, forest = 'a') => {
  const desired = store.published.desired.get(anchorOf(guid, forest))
  if (!desired) return 'nothing'
  if (desired.leftScope) return 'left'
  return desired.holds.length > 0 ? 'held' : 'live'
}

describe('scope by group', () => {
  it('is decided by membership, at once, in and out and in again', async () => {
    await opened()
    await store.contributions(person(ada))
    expect(standing(ada)).toBe('nothing')
    await tell(member(pilot, ada))
    expect(standing(ada)).toBe('live')
    await tell(member(pilot, ada, false))
    expect(standing(ada)).toBe('left')
    await tell(member(pilot, ada))
    expect(standing(ada)).toBe('live')
  })

  it('reaches through nested groups, and through a circle of them', async () => {
    await opened()
    await store.contributions(person(ada), person(eve))
    await tell(member(inner, ada), member(team, inner), member(inner, team), member(team, eve))
    expect([standing(ada), standing(eve)]).toEqual(['nothing', 'nothing'])
    await tell(member(pilot, team))
    expect([standing(ada), standing(eve)]).toEqual(['live', 'live'])
    await tell(member(team, inner, false))
    expect([standing(ada), standing(eve)]).toEqual(['left', 'live'])
    await tell(member(team, inner), member(pilot, team, false))
    expect([standing(ada), standing(eve)]).toEqual(['left', 'left'])
  })

  it('is lost where two memberships of a chain go in one batch', async () => {
    await opened()
    await store.contributions(person(ada))
    await tell(member(inner, ada), member(team, inner), member(pilot, team))
    expect(standing(ada)).toBe('live')
    await tell(member(pilot, team, false), member(team, inner, false))
    expect(standing(ada)).toBe('left')
  })

  it('is unknown until the memberships of the forest are in: who was stays, who never was is held', async () => {
    await store.contributions(person(ada))
    await store.edges(member(pilot, ada))
    await store.watermark('b')
    await store.open()
    expect(store.published.log).toEqual([])
    await store.watermark('a')
    await store.open()
    expect(standing(ada)).toBe('live')
    const other = { forest: 'c', ...byGroup }
    await store.contributions(said({ ...other, guid: eve }))
    expect(standing(eve, 'c')).toBe('held')
    await store.edges(edge('c', pilot, eve, { version: ++version }))
    await store.drain()
    expect(standing(eve, 'c')).toBe('held')
    await store.watermark('c')
    await store.drain()
    expect(standing(eve, 'c')).toBe('live')
  })

  it('excludes members whatever admits them', async () => {
    await opened()
    await store.contributions(person(ada, { scope: 'SCOPE_IN', admittingGroups: [], excludingGroups: [banned] }))
    expect(standing(ada)).toBe('live')
    await tell(member(banned, team), member(team, ada))
    expect(standing(ada)).toBe('left')
    await tell(member(banned, team, false))
    expect(standing(ada)).toBe('live')
  })

  it('reaches members of another forest through groups that are members by SID', async () => {
    const [sid, sidOfB] = ['S-1-5-21-1-1-1-1', 'S-1-5-21-2-2-2-2']
    await opened()
    await store.contributions(person(ada, { sid }))
    await store.edges(edge('b', team, sid, { version: ++version }))
    await tell(member(pilot, sidOfB))
    expect(standing(ada)).toBe('nothing')
    await store.contributions(said({ forest: 'b', guid: team, kind: 'group', sid: sidOfB }))
    await store.drain()
    expect(standing(ada)).toBe('live')
  })

  it('decides who is a manager, also while everything is decided for the first time', async () => {
    await store.contributions(person(ada, { references: { manager: eve } }), person(eve, { createdAt: new Date(9) }))
    await store.edges(member(pilot, ada), member(pilot, eve))
    await opened()
    expect(store.published.desired.get(anchorOf(ada))?.references).toEqual({ manager: anchorOf(eve) })
  })

  it('of thousands nested in a group is looked at in chunks that go on where they were', async () => {
    const count = 2_500
    const people = Array.from({ length: count }, (_, n) => guidOf(1_000 + n))
    await store.contributions(...people.map((guid) => person(guid)))
    for (let at = 0; at < count; at += 500) {
      await store.edges(...people.slice(at, at + 500).map((guid) => member(team, guid)))
    }
    await opened()
    expect(store.published.desired.size).toBe(0)
    await store.edges(member(pilot, team))
    expect(await store.rescope()).toBe(true)
    expect(await store.rescope()).toBe(true)
    const [row] = await store.sql.query<{ cursor: string; done: boolean }>('select cursor, done from rescope')
    expect(row).toMatchObject({ done: false, cursor: people[999] })
    await store.drain()
    expect(people.filter((guid) => standing(guid) !== 'live')).toEqual([])
    expect(await store.sql.query('select from rescope')).toEqual([])
    await tell(member(pilot, team, false))
    expect(people.filter((guid) => standing(guid) !== 'left')).toEqual([])
  })
})
