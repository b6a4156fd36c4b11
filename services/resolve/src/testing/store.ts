/** For tests: resolve's own steps on a real store, with what they publish kept as the newest of each key. */
import type { Incoming, Out, Tx } from '@canopy/chassis'
import { testSql } from '@canopy/chassis/testing'
import { type change, configuration, contribution, type desired, type Topic, topics } from '@canopy/proto'
import { writeWatermark } from '../adapters/barrier.sql.ts'
import { deriveAgain, resolveAgain } from '../again.ts'
import { rulesOf } from '../core/rules.ts'
import type { Versions } from '../core/versions.ts'
import { step } from '../decide.ts'
import { gate } from '../gate.ts'
import { askRescopeOfForest, rescopeAgain } from '../group-scope.ts'
import { type Intake, takeContributions } from '../intake-contributions.ts'
import { takeEdges } from '../intake-edges.ts'

export const now = new Date('2026-11-22T20:00:00Z')

export const testConfiguration = (more: configuration.DeepPartial<configuration.Configuration> = {}) =>
  configuration.Configuration.fromPartial({
    name: 'test',
    version: 1n,
    forests: [
      { name: 'a', state: 'active' },
      { name: 'b', state: 'active' },
    ],
    ...more,
  })

export interface Published {
  readonly desired: Map<string, desired.DesiredObject>
  readonly edges: Map<string, desired.DesiredEdge>
  readonly decisions: Map<string, desired.Decision>
  /** Everything in order. */
  readonly log: { readonly topic: string; readonly key: string; readonly message: unknown }[]
}

export async function resolveStore(config = testConfiguration()) {
  const store = await testSql('resolve', new URL('../../migrations/', import.meta.url))
  const published: Published = { desired: new Map(), edges: new Map(), decisions: new Map(), log: [] }
  const tables: Record<string, Map<string, never>> = {
    [topics.desired.name]: published.desired as Map<string, never>,
    [topics.desiredEdges.name]: published.edges as Map<string, never>,
    [topics.decisions.name]: published.decisions as Map<string, never>,
  }
  let shared = gate()
  let rules = rulesOf(config)
  /** Puts only what commits. */
  const run = async <T>(fn: (tx: Tx, out: Out) => Promise<T>): Promise<T> => {
    const puts: { topic: string; key: string; message: unknown }[] = []
    const out: Out = {
      put: <M>(topic: Topic<M>, key: string, message: M) => {
        const bytes = topic.codec.encode(message).finish()
        puts.push({ topic: topic.name, key, message: topic.codec.decode(bytes) })
      },
      putWatermark: () => undefined,
    }
    const result = await store.sql.tx((tx) => fn(tx, out))
    for (const put of puts) {
      published.log.push(put)
      tables[put.topic]!.set(put.key, put.message as never)
    }
    return result
  }
  let next: Versions['next']
  const versions = (): Versions => (next ? { used: rules, next } : { used: rules })
  const take = (records: readonly Incoming[], how: (intake: Intake) => Promise<unknown>) =>
    run(async (tx, out) => {
      const state = await shared.enter(tx)
      await how({ tx, out, rules, versions: versions(), now, state, records })
    })
  const drain = async (): Promise<void> => {
    const again = (work: typeof resolveAgain) =>
      run((tx, out) => work({ tx, out, rules, versions: versions(), now, gate: shared }))
    while (
      (await run((tx) => rescopeAgain({ tx, gate: shared }))) ||
      (await again(resolveAgain)) ||
      (await again(deriveAgain))
    );
  }
  return {
    sql: store.sql,
    published,
    run,
    drain,
    /** A newer version is being evaluated; an object is when `isEvaluated` says so, or it says so itself. */
    evaluating: (
      of: configuration.Configuration,
      isEvaluated: (of: contribution.Contribution) => boolean = () => false,
    ) => {
      next = { rules: rulesOf(of), isEvaluated }
    },
    /** One chunk of whom a changed membership may concern. */
    rescope: () => run((tx) => rescopeAgain({ tx, gate: shared })),
    useRules: (next: configuration.Configuration) => {
      rules = rulesOf(next)
    },
    step: () => run((tx, out) => step({ tx, out, rules, now })),
    contributions: (...some: contribution.Contribution[]) =>
      take(
        some.map((one) => incoming(topics.contributions, `${one.forest}/${one.guid}`, one)),
        takeContributions,
      ),
    edges: (...some: change.SourceEdge[]) =>
      take(
        some.map((one) => incoming(topics.edges, `${one.forest}/${one.groupGuid}/${one.member}`, one)),
        takeEdges,
      ),
    watermark: (forest: string) =>
      run(async (tx) => {
        if ((await shared.enter(tx)) !== 'waiting') await askRescopeOfForest(tx, forest)
        await writeWatermark(tx, {
          forest,
          partition: `DC=${forest}`,
          epoch: 1n,
          checkpoint: 1n,
          observedAt: now,
          objects: 0,
          edges: 0,
        })
      }),
    open: async () => {
      for (;;) {
        const state = await run((tx, out) => step({ tx, out, rules, now }))
        if (state === 'open' || state === 'blocked') break
      }
      await drain()
    },
    /** Forgets everything. */
    reset: async () => {
      await store.sql.query(`truncate contribution, identity, claim, conflict, reference, source_edge, desired_edge, decision,
        barrier, input_watermark, rework, rederive, tally, scope_group, edge_news, rescope, deferred, restored, assigned`)
      for (const table of [published.desired, published.edges, published.decisions]) table.clear()
      published.log.length = 0
      shared = gate()
      next = undefined
    },
    close: store.close,
  }
}

export type ResolveStore = Awaited<ReturnType<typeof resolveStore>>

const incoming = <M>(topic: Topic<M>, key: string, message: M): Incoming<M> => ({
  topic,
  partition: 0,
  offset: 0n,
  key,
  message,
  bytes: topic.codec.encode(message).finish(),
  headers: {},
  timeMs: 0,
})

/** A GUID made of a number. */
export const guidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** `values`: single values by attribute. */
export function said(
  of: Partial<contribution.Contribution> & { forest: string; guid: string },
  values: Record<string, string | string[]> = {},
): contribution.Contribution {
  const attributes: contribution.Contribution['attributes'] = {}
  for (const [name, value] of Object.entries(values)) {
    attributes[name] = contribution.MappedValue.fromPartial({
      values: [value].flat(),
      rule: `user.${name}`,
      sources: [name],
    })
  }
  const claims = Object.entries(values).flatMap(([name, value]) =>
    name === 'userPrincipalName'
      ? [`userPrincipalName:${String(value).toLowerCase()}`]
      : name === 'proxyAddresses'
        ? [value].flat().map((one) => `proxyAddresses:${one.toLowerCase()}`)
        : name === 'mail'
          ? [`proxyAddresses:smtp:${String(value).toLowerCase()}`]
          : [],
  )
  return {
    ...contribution.Contribution.fromPartial({ version: 1n, kind: 'user', scope: 'SCOPE_IN', enabledCounts: true }),
    sourceAnchor: `${of.forest}:${of.guid}`,
    dn: `CN=${of.guid},DC=${of.forest}`,
    onLeave: 'disable',
    deleteAfterSeconds: 60,
    createdAt: new Date(0),
    attributes,
    claims,
    ...of,
  }
}

export const edge = (forest: string, groupGuid: string, member: string, more: Partial<change.SourceEdge> = {}) => ({
  forest,
  groupGuid,
  member,
  version: 1n,
  present: true,
  source: undefined,
  ...more,
})

/** Where a state was read, observed at this time. */
export const sourceOf = (observedAt: Date): contribution.Contribution['source'] => ({
  server: '',
  namingContext: '',
  epoch: 1n,
  batch: 1n,
  observedAt,
  snapshot: false,
})
