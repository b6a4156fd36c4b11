import type { change, contribution } from '@canopy/proto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { edge, guidOf, type ResolveStore, resolveStore, said } from './testing/store.ts'

/** What a forest says of one object or membership: before the barrier, and once more afterwards. */
type Fact =
  | { readonly type: 'object'; readonly message: contribution.Contribution }
  | { readonly type: 'edge'; readonly message: change.SourceEdge }

type Ending = 'same' | 'renamed' | 'out' | 'gone' | 'late'

const forests = ['a', 'b'] as const
const sidOf = (forest: string, n: number): string => `S-1-5-21-${forest === 'a' ? 1 : 2}-1-1-${1000 + n}`

const person = fc.record({
  forest: fc.constantFrom(...forests),
  sourceAnchor: fc.integer({ min: 0, max: 4 }),
  upn: fc.integer({ min: 0, max: 3 }),
  age: fc.integer({ min: 0, max: 3 }),
  manager: fc.integer({ min: 0, max: 7 }),
  isEnabled: fc.boolean(),
  isByGroup: fc.boolean(),
  ending: fc.constantFrom<Ending>('same', 'renamed', 'out', 'gone', 'late'),
})
const team = fc.record({
  forest: fc.constantFrom(...forests),
  ending: fc.constantFrom<Ending>('same', 'renamed', 'out', 'gone', 'late'),
})
const membership = fc.record({
  team: fc.integer({ min: 0, max: 1 }),
  member: fc.integer({ min: 0, max: 7 }),
  ending: fc.constantFrom('stays', 'goes', 'comes'),
})
const population = fc.record({
  people: fc.array(person, { minLength: 3, maxLength: 8 }),
  teams: fc.array(team, { minLength: 2, maxLength: 2 }),
  memberships: fc.uniqueArray(membership, { maxLength: 10, selector: (one) => `${one.team}/${one.member}` }),
})
type Population = typeof population extends fc.Arbitrary<infer T> ? T : never

/** One account per forest and source anchor: two of one forest are a case of their own. */
function factsOf(of: Population): { readonly before: Fact[]; readonly after: Fact[] } {
  const before: Fact[] = []
  const after: Fact[] = []
  const add = (first: contribution.Contribution, ending: Ending): void => {
    const next = { ...first, version: 2n }
    const leaving = { ...next, attributes: {}, claims: [], references: {} }
    if (ending !== 'late') before.push({ type: 'object', message: first })
    if (ending === 'late') after.push({ type: 'object', message: { ...first, claims: [] } })
    if (ending === 'renamed') after.push({ type: 'object', message: { ...next, attributes: renamed(next) } })
    if (ending === 'out') after.push({ type: 'object', message: { ...leaving, scope: 'SCOPE_OUT' } })
    if (ending === 'gone') after.push({ type: 'object', message: { ...leaving, gone: true } })
  }
  const people = of.people.filter(
    (one, n) => of.people.findIndex((o) => o.forest === one.forest && o.sourceAnchor === one.sourceAnchor) === n,
  )
  people.forEach((one, n) => {
    const partner = people.find((other) => other !== one && other.sourceAnchor === one.sourceAnchor)
    // Who joins a person later and comes before it in rank would change who gets a value that was freed meanwhile.
    const ending = one.ending === 'late' && partner && one.forest === 'a' ? 'same' : one.ending
    // The name of a person is the same in both forests: a name that changes with its winner is a new claim. Who leaves
    // scope keeps what it had until then, which is a matter of when: such a person has a name nobody else wants.
    const accounts = people.filter((other) => other.sourceAnchor === one.sourceAnchor)
    const leaves = accounts.some((other) => other.ending === 'out')
    // So may who is in scope by a group; and whether somebody ever was in scope is a matter of when, too, unless both were there
    // from the start.
    const isLasting = !partner && (ending === 'same' || ending === 'renamed')
    const byGroup = one.isByGroup && isLasting && of.teams[0]!.forest === one.forest
    const upn = leaves || byGroup ? `left${one.sourceAnchor}` : `u${accounts[0]!.upn}`
    const manager = people[one.manager % people.length]!
    const references: Record<string, string> =
      manager.forest === one.forest ? { manager: guidOf(people.indexOf(manager)) } : {}
    const values: Record<string, string> = { displayName: `P${n}`, accountEnabled: String(one.isEnabled) }
    // Who comes later claims nothing: a claim after the barrier is decided by who is first, on purpose.
    if (ending !== 'late') values.userPrincipalName = `${upn}@x`
    const more = {
      forest: one.forest,
      guid: guidOf(n),
      sourceAnchor: `S${one.sourceAnchor}`,
      sid: sidOf(one.forest, n),
      ...(byGroup ? { scope: 'SCOPE_UNKNOWN' as const, admittingGroups: [guidOf(100)] } : {}),
    }
    add(said({ ...more, createdAt: new Date(one.age * 1000), references }, values), ending)
  })
  of.teams.forEach((one, n) => {
    add(said({ forest: one.forest, guid: guidOf(100 + n), kind: 'group' }, { displayName: `T${n}` }), one.ending)
  })
  for (const { team: t, member, ending } of of.memberships) {
    const n = member % people.length
    const { forest } = of.teams[t]!
    const name = people[n]!.forest === forest ? guidOf(n) : sidOf(people[n]!.forest, n)
    const first = edge(forest, guidOf(100 + t), name)
    if (ending !== 'comes') before.push({ type: 'edge', message: first })
    if (ending === 'goes') after.push({ type: 'edge', message: { ...first, version: 2n, present: false } })
    if (ending === 'comes') after.push({ type: 'edge', message: first })
  }
  return { before, after }
}

const renamed = (of: contribution.Contribution) => ({
  ...of.attributes,
  displayName: { ...of.attributes.displayName!, values: ['renamed'] },
})

/** A delivery: an order, and after which facts a batch ends or work left for later is done. */
interface Delivery {
  readonly order: readonly number[]
  readonly cuts: readonly ('batch' | 'drain' | 'on')[]
}
const delivery = fc.record({
  order: fc.array(fc.nat(), { minLength: 64, maxLength: 64 }),
  cuts: fc.array(fc.constantFrom('batch', 'drain', 'on', 'on'), { minLength: 64, maxLength: 64 }),
})

/** Another one each time; what it was is in the message of a failure, and CANOPY_ORDER_SEED repeats it. */
const seed = Number(process.env.CANOPY_ORDER_SEED ?? Math.trunc(Math.random() * 2 ** 31))

let store: ResolveStore
beforeAll(async () => {
  store = await resolveStore()
})
afterAll(() => store.close())

async function deliver(facts: readonly Fact[], how: Delivery): Promise<void> {
  const sorted = facts.map((fact, n) => ({ fact, place: how.order[n % 64]! })).sort((a, b) => a.place - b.place)
  let batch: Fact[] = []
  const flush = async (): Promise<void> => {
    const objects = batch.filter((fact) => fact.type === 'object').map((fact) => fact.message)
    const edges = batch.filter((fact) => fact.type === 'edge').map((fact) => fact.message)
    const edgesFirst = batch[0]?.type === 'edge'
    if (edgesFirst && edges.length > 0) await store.edges(...edges)
    if (objects.length > 0) await store.contributions(...objects)
    if (!edgesFirst && edges.length > 0) await store.edges(...edges)
    batch = []
  }
  for (const [n, { fact }] of sorted.entries()) {
    batch.push(fact)
    const cut = how.cuts[n % 64]
    if (cut !== 'on') await flush()
    if (cut === 'drain') await store.drain()
  }
  await flush()
}

async function outcome(of: Population, first: Delivery, second: Delivery) {
  await store.reset()
  const { before, after } = factsOf(of)
  await deliver(before, first)
  await store.watermark('a')
  await store.watermark('b')
  await store.open()
  await deliver(after, second)
  await store.drain()
  const { desired, edges } = store.published
  const objects = [...desired].map(([anchor, { version, incarnation, steps, observedAt, deleteAt, ...rest }]) => [
    anchor,
    rest,
  ])
  const groups = new Map(desired)
  const members = [...edges].filter(([, one]) => {
    const group = groups.get(one.groupAnchor)
    return one.present && one.incarnation === group?.incarnation && !group.gone && !group.leftScope
  })
  const conflicts = await store.sql.query('select claim, loser from conflict order by 1, 2')
  return { objects: objects.sort(), members: members.map(([key]) => key).sort(), conflicts }
}

describe('the outcome', () => {
  it(`is a function of what the forests say, whatever order and batches it came in (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(population, fc.array(delivery, { minLength: 4, maxLength: 4 }), async (of, [a, b, c, d]) => {
        expect(await outcome(of, a!, b!)).toEqual(await outcome(of, c!, d!))
      }),
      { seed, numRuns: Number(process.env.CANOPY_ORDER_RUNS ?? 25), endOnFailure: true },
    )
  }, 120_000)
})
