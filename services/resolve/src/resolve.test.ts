import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findIdentities, listConflicts } from './adapters/find.sql.ts'
import { deriveAnchor } from './adapters/hash.ts'
import { tally } from './adapters/work.sql.ts'
import { edge, guidOf, now, type ResolveStore, resolveStore, said, testConfiguration } from './testing/store.ts'

const [one, two, three, group] = [guidOf(1), guidOf(2), guidOf(3), guidOf(9)]
const person = (forest: string, guid: string, values = {}, more = {}) => said({ forest, guid, ...more }, values)
const team = (forest = 'a', more = {}) => said({ forest, guid: group, kind: 'group', ...more }, { displayName: 'Team' })
const anchorOf = (forest: string, guid: string, kind = 'user') => deriveAnchor(kind, `${forest}:${guid}`)

let store: ResolveStore
beforeEach(async () => {
  store = await resolveStore()
})
afterEach(() => store.close())

const opened = async () => {
  await store.watermark('a')
  await store.watermark('b')
  await store.open()
}
const desired = (forest: string, guid: string, kind = 'user') =>
  store.published.desired.get(anchorOf(forest, guid, kind))
const edgeOf = (forest: string, member: string) =>
  store.published.edges.get(`${anchorOf('a', group, 'group')}/${anchorOf(forest, member)}`)

describe('the barrier', () => {
  it('publishes nothing before every awaited forest is in, then everything', async () => {
    await store.contributions(person('a', one, { displayName: 'Ada' }), team())
    await store.edges(edge('a', group, one))
    await store.watermark('a')
    await store.open()
    expect(store.published.log).toEqual([])
    await store.watermark('b')
    await store.open()
    expect(desired('a', one)?.attributes.displayName?.values).toEqual(['Ada'])
    expect(edgeOf('a', one)).toMatchObject({ present: true, incarnation: 1n })
    expect([...store.published.decisions.keys()]).toContain('barrier/test')
  })
  it('decides by forest order, age and GUID, whatever came first', async () => {
    const upn = { userPrincipalName: 'ada@x' }
    await store.contributions(person('b', three, upn, { createdAt: new Date(0) }))
    await store.contributions(person('a', two, upn, { createdAt: new Date(2000) }))
    await store.contributions(person('a', one, upn, { createdAt: new Date(3000) }))
    await opened()
    expect(desired('a', two)?.holds).toEqual([])
    for (const [forest, guid] of [
      ['a', one],
      ['b', three],
    ] as const) {
      expect(desired(forest, guid)?.holds).toMatchObject([
        { reason: 'conflict', attribute: 'userPrincipalName', anchor: anchorOf('a', two) },
      ])
    }
    expect(store.published.decisions.get('claim/userPrincipalName:ada@x')?.body).toMatchObject({
      value: { anchor: anchorOf('a', two) },
    })
  })
  it('resolves again what changed while it was being decided', async () => {
    await store.contributions(person('a', one, { displayName: 'Ada' }))
    await store.watermark('a')
    await store.watermark('b')
    await store.step()
    await store.step()
    await store.contributions(person('a', one, { displayName: 'Ada P' }, { version: 2n }), person('b', two, {}))
    await store.open()
    expect(desired('a', one)?.attributes.displayName?.values).toEqual(['Ada P'])
    expect(desired('b', two)?.gone).toBe(false)
  })
})

describe('a person with an account in both forests', () => {
  const a = person('a', one, { displayName: 'Ada', title: 'Boss', accountEnabled: 'true' }, { sourceAnchor: 'S' })
  const b = person('b', two, { displayName: 'Ada B', mail: 'ada@b', accountEnabled: 'false' }, { sourceAnchor: 'S' })
  const joined = () => store.published.desired.get(deriveAnchor('user', 'S'))
  it('is one identity: the first forest that has a value gives it, losers are kept, disable wins', async () => {
    await store.contributions(b, a)
    await opened()
    expect(joined()).toMatchObject({ members: [`a/${one}`, `b/${two}`], sourceDisabled: true })
    expect(joined()?.attributes).toMatchObject({
      displayName: {
        values: ['Ada'],
        provenance: { forest: 'a' },
        losers: [{ values: ['Ada B'], reason: 'precedence' }],
      },
      mail: { values: ['ada@b'], provenance: { forest: 'b', rule: 'user.mail' } },
      accountEnabled: { values: ['false'], losers: [{ values: ['true'], reason: 'disableWins' }] },
    })
    expect(await tally(store.sql)).toMatchObject({ users: 1, joined: 1 })
    expect([...store.published.decisions.keys()].filter((id) => id.startsWith('member/'))).toEqual([`member/b/${two}`])
  })
  it('stays with the values of the other account when one goes, and is gone with the last', async () => {
    await opened()
    await store.contributions(a)
    await store.contributions(b)
    await store.contributions({ ...a, version: 2n, gone: true, attributes: {}, claims: [], kind: 'user' })
    expect(joined()).toMatchObject({ gone: false, members: [`b/${two}`] })
    expect(joined()?.attributes).toMatchObject({ displayName: { values: ['Ada B'] } })
    expect(joined()?.attributes).not.toHaveProperty('title')
    await store.contributions({ ...b, version: 2n, gone: true, attributes: {}, claims: [] })
    expect(joined()).toMatchObject({ gone: true, members: [] })
    expect(await tally(store.sql)).toMatchObject({ users: 0, joined: 0 })
  })
  it('keeps a membership while one of the accounts is a member', async () => {
    await opened()
    const sid = 'S-1-5-21-1-2-3-1001'
    await store.contributions(a, team())
    await store.contributions({ ...b, sid })
    await store.edges(edge('a', group, one), edge('a', group, sid))
    const membership = () => store.published.edges.get(`${anchorOf('a', group, 'group')}/${deriveAnchor('user', 'S')}`)
    expect(membership()?.present).toBe(true)
    await store.edges(edge('a', group, one, { version: 2n, present: false }))
    expect(membership()?.present).toBe(true)
    await store.edges(edge('a', group, sid, { version: 2n, present: false }))
    expect(membership()?.present).toBe(false)
  })
  it('is not made of two accounts of one forest: the second is held', async () => {
    await opened()
    await store.contributions(a)
    await store.contributions(person('a', three, {}, { sourceAnchor: 'S' }))
    const other = store.published.desired.get(deriveAnchor('user', 'S', `a/${three}`))
    expect(other?.holds).toMatchObject([{ attribute: 'sourceAnchor', anchor: deriveAnchor('user', 'S') }])
  })
  it('keeps its anchor when the source anchor changes later', async () => {
    await opened()
    await store.contributions(a)
    await store.contributions({ ...a, version: 2n, sourceAnchor: 'T', dn: 'CN=new' })
    expect([...store.published.desired.keys()]).toEqual([deriveAnchor('user', 'S')])
  })
})

describe('a value that only one may have', () => {
  const upn = { userPrincipalName: 'Ada@X' }
  it('stays with the incumbent, and goes to who waits once it is free', async () => {
    await opened()
    await store.contributions(person('b', two, upn))
    await store.contributions(person('a', one, upn))
    expect(desired('b', two)?.holds).toEqual([])
    expect(desired('a', one)?.holds).toMatchObject([{ anchor: anchorOf('b', two) }])
    const { conflicts, total } = await listConflicts(store.sql, 10)
    expect(total).toBe(1)
    expect(conflicts).toMatchObject([
      {
        attribute: 'userPrincipalName',
        value: 'ada@x',
        winner: anchorOf('b', two),
        loser: anchorOf('a', one),
        effect: 'hold',
      },
    ])
    expect(conflicts[0]!.id).toMatch(/^case_[a-z2-7]{8}$/)
    expect((await listConflicts(store.sql, 10)).conflicts[0]!.id).toBe(conflicts[0]!.id)
    await store.contributions(person('b', two, { userPrincipalName: 'eve@x' }, { version: 2n }))
    await store.drain()
    expect(desired('a', one)?.holds).toEqual([])
    expect((await listConflicts(store.sql, 10)).total).toBe(0)
    expect(store.published.decisions.get('claim/userPrincipalName:ada@x')).toMatchObject({
      revoked: false,
      body: { value: { anchor: anchorOf('a', one) } },
    })
    await store.contributions(person('a', one, { userPrincipalName: 'ada.p@x' }, { version: 2n }))
    await store.drain()
    expect(store.published.decisions.get('claim/userPrincipalName:ada@x')?.revoked).toBe(true)
  })
  it('goes to the first in rank of those who wait, not to who is looked at first', async () => {
    await opened()
    const upn = { userPrincipalName: 'ada@x' }
    await store.contributions(person('b', three, upn))
    await store.contributions(person('b', two, upn, { createdAt: new Date(1) }))
    await store.contributions(person('a', one, upn, { createdAt: new Date(2) }))
    const freed = person('b', three, {}, { version: 2n })
    await store.contributions(freed, person('b', two, { ...upn, displayName: 'Eve' }, { version: 2n }))
    await store.contributions(person('b', two, { ...upn, displayName: 'Eva' }, { version: 3n }))
    await store.drain()
    expect(desired('a', one)?.holds).toEqual([])
    expect(desired('b', two)?.holds).toMatchObject([{ anchor: anchorOf('a', one) }])
    expect((await listConflicts(store.sql, 10)).conflicts).toMatchObject([{ loser: anchorOf('b', two) }])
  })
  it('is dropped where it is a proxy address, and listed', async () => {
    await opened()
    await store.contributions(person('a', one, { mail: 'team@x' }))
    await store.contributions(person('b', two, { proxyAddresses: ['SMTP:ada@x', 'smtp:Team@x'] }))
    expect(desired('b', two)).toMatchObject({
      holds: [],
      attributes: {
        proxyAddresses: { values: ['SMTP:ada@x'], losers: [{ values: ['smtp:Team@x'], reason: 'claim' }] },
      },
    })
    expect((await listConflicts(store.sql, 10)).conflicts).toMatchObject([
      { effect: 'dropValue', value: 'smtp:team@x' },
    ])
  })
  it('is swapped between two in one batch', async () => {
    await opened()
    await store.contributions(
      person('a', one, { userPrincipalName: 'x@x' }),
      person('a', two, { userPrincipalName: 'y@x' }),
    )
    await store.contributions(
      person('a', one, { userPrincipalName: 'y@x' }, { version: 2n }),
      person('a', two, { userPrincipalName: 'x@x' }, { version: 2n }),
    )
    expect([desired('a', one)?.holds, desired('a', two)?.holds]).toEqual([[], []])
  })
})

describe('scope', () => {
  it('that is left disables and deletes later; coming back undoes it', async () => {
    await opened()
    const source = { server: '', namingContext: '', epoch: 1n, batch: 1n, observedAt: new Date(5_000), snapshot: false }
    await store.contributions(person('a', one, { displayName: 'Ada' }))
    await store.contributions(person('a', one, {}, { version: 2n, scope: 'SCOPE_OUT', source }))
    expect(desired('a', one)).toMatchObject({ leftScope: true, onLeave: 'disable', deleteAt: new Date(65_000) })
    const later = { ...source, observedAt: new Date(9_000) }
    await store.contributions(person('a', one, {}, { version: 3n, scope: 'SCOPE_OUT', source: later, dn: 'CN=x' }))
    expect(desired('a', one)?.deleteAt).toEqual(new Date(65_000))
    await store.contributions(person('a', one, { displayName: 'Ada' }, { version: 4n }))
    expect(desired('a', one)).toMatchObject({ leftScope: false, deleteAt: undefined })
  })
  it('tells a change by its own time, and what it does to others by the time of that', async () => {
    await opened()
    const source = { server: '', namingContext: '', epoch: 1n, batch: 1n, observedAt: new Date(5_000), snapshot: false }
    const boss = person('a', two, { displayName: 'Grace' }, { source })
    await store.contributions(boss)
    await store.contributions(person('a', one, {}, { references: { manager: two }, source }))
    expect(desired('a', one)?.observedAt).toEqual(new Date(5_000))
    await store.contributions({ ...boss, version: 2n, gone: true })
    await store.drain()
    expect(desired('a', one)).toMatchObject({ references: {}, observedAt: now })
  })
  it('that is unknown holds who never was desired, and changes nothing about who was', async () => {
    await opened()
    const unknown = { scope: 'SCOPE_UNKNOWN', scopeReason: 'an OU is not found yet' }
    await store.contributions(
      person('a', one, { displayName: 'Ada' }, unknown),
      person('a', two, { displayName: 'Eve' }),
    )
    expect(desired('a', one)?.holds).toMatchObject([{ reason: 'scopeUnknown', message: 'an OU is not found yet' }])
    const published = store.published.log.length
    await store.contributions(person('a', two, {}, { ...unknown, version: 2n }))
    expect(store.published.log).toHaveLength(published)
  })
  it('of a group that goes voids its edges at once and brings them back with it', async () => {
    await opened()
    await store.contributions(team(), person('a', one))
    await store.edges(edge('a', group, one))
    await store.contributions(team('a', { version: 2n, scope: 'SCOPE_OUT' }))
    expect(desired('a', group, 'group')).toMatchObject({ leftScope: true, incarnation: 2n })
    await store.drain()
    expect(edgeOf('a', one)?.present).toBe(false)
    await store.contributions(team('a', { version: 3n }))
    await store.drain()
    expect(edgeOf('a', one)).toMatchObject({ present: true, incarnation: 2n })
    expect(await tally(store.sql)).toMatchObject({ edges: 1 })
  })
})

describe('references and edges', () => {
  it('wait for the other end, and go with it', async () => {
    await opened()
    await store.edges(edge('a', group, one))
    await store.contributions(person('a', one, {}, { references: { manager: two } }), team())
    expect(edgeOf('a', one)?.present).toBe(true)
    expect(desired('a', one)?.references).toEqual({})
    await store.contributions(person('a', two))
    await store.drain()
    expect(desired('a', one)?.references).toEqual({ manager: anchorOf('a', two) })
    await store.contributions(
      person('a', two, {}, { version: 2n, gone: true }),
      person('a', one, {}, { version: 2n, gone: true }),
    )
    await store.drain()
    expect(edgeOf('a', one)?.present).toBe(false)
  })
  it('of another forest are found by SID, whichever comes first', async () => {
    await opened()
    const sid = 'S-1-5-21-9-9-9-500'
    await store.contributions(team())
    await store.edges(edge('a', group, sid))
    await store.contributions(person('b', two, {}, { sid }))
    expect(edgeOf('b', two)).toMatchObject({ present: true, source: `a/${group}/${sid}` })
    await store.contributions(person('b', two, {}, { version: 2n, sid: 'S-1-5-21-9-9-9-501' }))
    expect(edgeOf('b', two)?.present).toBe(false)
  })
  it('of a large group are derived behind live changes, in chunks', async () => {
    await opened()
    const count = 2_500
    for (let n = 0; n < count; n += 500) {
      const some = Array.from({ length: 500 }, (_, k) => guidOf(1_000 + n + k))
      await store.contributions(...some.map((guid) => person('a', guid)))
      await store.edges(...some.map((guid) => edge('a', group, guid)))
    }
    await store.contributions(team())
    expect(store.published.edges.size).toBe(0)
    await store.drain()
    expect([...store.published.edges.values()].filter((one) => one.present)).toHaveLength(count)
    await store.contributions(team('a', { version: 2n, gone: true }))
    expect(desired('a', group, 'group')).toMatchObject({ gone: true, incarnation: 2n })
    await store.drain()
    expect([...store.published.edges.values()].filter((one) => one.present)).toHaveLength(0)
  })
})

describe('level-triggered', () => {
  it('nothing is published for what is handled twice or says nothing new', async () => {
    await opened()
    const ada = person('a', one, { displayName: 'Ada' })
    await store.contributions(ada, team())
    await store.edges(edge('a', group, one))
    const published = store.published.log.length
    await store.contributions(ada, team())
    await store.contributions({ ...ada, version: 2n, dn: 'CN=moved' })
    await store.edges(edge('a', group, one), edge('a', group, one, { version: 2n }))
    await store.contributions({ ...ada, version: 1n, attributes: {} })
    await store.drain()
    expect(store.published.log).toHaveLength(published)
  })
  it('other precedence changes what is resolved again', async () => {
    const anchor = { sourceAnchor: 'S' }
    await store.contributions(person('a', one, { mail: 'a@x' }, anchor), person('b', two, { mail: 'b@x' }, anchor))
    await opened()
    store.useRules(testConfiguration({ precedence: [{ attribute: 'mail', order: ['b'] }] }))
    await store.sql.query('insert into rework (anchor) select anchor from identity')
    await store.drain()
    const resolved = store.published.desired.get(deriveAnchor('user', 'S'))
    expect(resolved?.attributes.mail).toMatchObject({ values: ['b@x'], losers: [{ values: ['a@x'] }] })
    expect((await store.sql.query('select claim from claim')).map((row) => row.claim)).toEqual([
      'proxyAddresses:smtp:b@x',
    ])
  })
})

describe('a newer configuration version', () => {
  const under = (version: bigint) => ({ sourceAnchor: 'S', configurationVersion: version })
  const anchor = deriveAnchor('user', 'S')
  const next = testConfiguration({ version: 2n, precedence: [{ attribute: 'mail', order: ['b'] }] })
  const isEvaluated = new Set<string>()
  const both = async () => {
    isEvaluated.clear()
    await store.contributions(
      person('a', one, { mail: 'a@x' }, under(1n)),
      person('b', two, { mail: 'b@x' }, under(1n)),
    )
    await opened()
    store.published.log.length = 0
    store.evaluating(next, ({ forest }) => isEvaluated.has(forest))
  }

  it('is used for an identity when all its objects were evaluated under it, and only then', async () => {
    await both()
    await store.contributions(person('a', one, { mail: 'A@x' }, { ...under(2n), version: 2n }))
    await store.drain()
    expect(store.published.log).toEqual([])
    await store.contributions(person('b', two, { mail: 'B@x' }, { ...under(2n), version: 2n }))
    expect(store.published.desired.get(anchor)?.attributes.mail).toMatchObject({
      values: ['B@x'],
      losers: [{ values: ['A@x'] }],
    })
  })
  it('counts an object whose partition was evaluated, though it says nothing new', async () => {
    await both()
    await store.contributions(person('a', one, { mail: 'A@x' }, { ...under(2n), version: 2n }))
    isEvaluated.add('b')
    await store.sql.query('insert into rework (anchor) select anchor from deferred')
    await store.drain()
    expect(store.published.desired.get(anchor)?.attributes.mail).toMatchObject({
      values: ['b@x'],
      losers: [{ values: ['A@x'] }],
    })
  })
  it('never keeps a disable waiting', async () => {
    await both()
    const disabled = { mail: 'a@x', accountEnabled: 'false' }
    await store.contributions(person('a', one, disabled, { ...under(2n), version: 2n }))
    expect(store.published.desired.get(anchor)?.attributes.accountEnabled?.values).toEqual(['false'])
  })
  it('that is not known here yet makes its records wait', async () => {
    await both()
    const newer = person('a', one, {}, { ...under(3n), version: 2n })
    await expect(store.contributions(newer)).rejects.toMatchObject({ kind: 'transient', code: 'CANOPY-RESOLVE-0002' })
  })
})

describe('an identity is found', () => {
  it('by anchor, object, DN, UPN, mail and source anchor', async () => {
    await opened()
    await store.contributions(person('a', one, { userPrincipalName: 'Ada@x', mail: 'A.Park@x' }))
    const anchor = anchorOf('a', one)
    for (const who of [anchor, `a/${one}`, one, `cn=${one},dc=A`, 'ada@X', 'a.park@x', `a:${one}`]) {
      const [found] = await findIdentities(store.sql, who, 10)
      expect(found?.desired?.anchor, who).toBe(anchor)
      expect(found?.contributions).toHaveLength(1)
    }
    expect(await findIdentities(store.sql, `b/${one}`, 10)).toEqual([])
    expect(await findIdentities(store.sql, 'nobody', 10)).toEqual([])
  })
})
