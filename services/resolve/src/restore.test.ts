import type { Topic } from '@canopy/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tally } from './adapters/work.sql.ts'
import { restoreStore } from './restore.ts'
import { edge, guidOf, type ResolveStore, resolveStore, said, sourceOf } from './testing/store.ts'

const [ada, eve, twin, boss, left, gone, group] = [1, 2, 3, 4, 5, 6, 9].map(guidOf) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
]

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

/** Everything of the pipeline's present: what transform and capture would say again from the start. */
const upn = { userPrincipalName: 'ada@x' }
const first = [
  said({ forest: 'a', guid: ada, references: { manager: boss } }, upn),
  said({ forest: 'b', guid: eve, createdAt: new Date(5) }, upn),
  said({ forest: 'b', guid: twin, sourceAnchor: `a:${ada}` }, { mail: 'twin@x' }),
  said({ forest: 'a', guid: boss }, { displayName: 'Boss' }),
  said({ forest: 'a', guid: left }, { displayName: 'Left' }),
  said({ forest: 'a', guid: gone }, { displayName: 'Gone' }),
  said({ forest: 'a', guid: group, kind: 'group' }, { displayName: 'Team' }),
]
const edges = [edge('a', group, ada), edge('a', group, boss), edge('a', group, gone)]
const later = [
  said({ forest: 'a', guid: boss, version: 2n, sourceAnchor: 'moved' }, { displayName: 'Boss' }),
  said({ forest: 'a', guid: left, version: 2n, scope: 'SCOPE_OUT', source: sourceOf(new Date(5_000)) }),
  said({ forest: 'a', guid: gone, version: 2n, gone: true }),
]
const lastEdges = [...edges.slice(0, 2), edge('a', group, gone, { version: 2n, present: false })]
const last = [...later, ...first.filter((one) => !later.some((other) => other.guid === one.guid))]

async function lived(): Promise<void> {
  // Eve claimed the name before Ada came, so she has it although Ada comes first in rank.
  await opened()
  await store.contributions(first[1]!)
  await store.contributions(...first.filter((one) => one.guid !== eve))
  await store.edges(...edges)
  await store.contributions(...later)
  await store.edges(lastEdges[2]!)
  await store.drain()
}

/** The topics as compaction leaves them, read again by a store that lost everything. */
async function lose(): Promise<void> {
  const { decisions, desired, edges: members } = store.published
  const topicsThen: Record<string, unknown[]> = {
    'canopy.decisions': [...decisions.values()],
    'canopy.desired': [...desired.values()],
    'canopy.desired-edges': [...members.values()],
  }
  await store.reset()
  await restoreStore({
    sql: store.sql,
    read: async <M>(topic: Topic<M>, each: (messages: readonly M[]) => Promise<void>) =>
      each(topicsThen[topic.name] as M[]),
  })
}

describe('a store that lost everything', () => {
  it('publishes nothing where nothing changed: anchors, joins, winners and versions stay', async () => {
    await lived()
    const before = await tally(store.sql)
    const desired = new Map(store.published.desired)
    await lose()
    expect(await tally(store.sql)).toEqual(before)
    await store.contributions(...last)
    await store.edges(...lastEdges)
    expect(store.published.log).toEqual([])
    await opened()
    expect(store.published.log).toEqual([])
    expect(await tally(store.sql)).toEqual(before)
    const conflicts = await store.sql.query('select claim, loser from conflict')
    expect(conflicts).toHaveLength(1)
    const [anchor, was] = [...desired].find(([, one]) => one.attributes.displayName?.values[0] === 'Boss')!
    await store.contributions(
      said({ forest: 'a', guid: boss, version: 3n, sourceAnchor: 'moved' }, { displayName: 'Chief' }),
    )
    expect(store.published.desired.get(anchor)?.version).toBe(was.version + 1n)
  })

  it('publishes what changed meanwhile, above the versions that were found', async () => {
    await lived()
    const desired = new Map(store.published.desired)
    await lose()
    const changed = last.map((one) =>
      one.guid === boss ? said({ forest: 'a', guid: boss, version: 3n, gone: true }) : one,
    )
    await store.contributions(...changed)
    await store.edges(lastEdges[0]!, edge('a', group, boss, { version: 2n, present: false }), lastEdges[2]!)
    await opened()
    const [anchor, was] = [...desired].find(([, one]) => one.attributes.displayName?.values[0] === 'Boss')!
    expect(store.published.desired.get(anchor)).toMatchObject({ gone: true, version: was.version + 1n })
    const employee = [...store.published.desired.values()].find((one) => one.members.includes(`a/${ada}`))
    expect(employee?.references).toEqual({})
    expect([...store.published.edges.values()].map((one) => one.present)).toEqual([false])
  })

  it('is built again once, and goes on where it was interrupted', async () => {
    await lived()
    const count = store.published.desired.size
    await lose()
    await store.sql.query('delete from restored')
    await restoreStore({ sql: store.sql, read: async () => undefined })
    const rows = await store.sql.query('select from identity')
    expect(rows).toHaveLength(count)
  })
})
