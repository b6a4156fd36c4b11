import { capture, contribution, desired, record, resolve, write } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { compare } from './comparison.ts'
import { forestProgress, syncState } from './progress.ts'
import { durationMs, parseSince } from './since.ts'

const now = new Date('2026-11-22T12:00:00Z')

describe('times', () => {
  it.each([
    ['2h', '2026-11-22T10:00:00.000Z'],
    ['1h30m', '2026-11-22T10:30:00.000Z'],
    ['2026-11-21', '2026-11-21T00:00:00.000Z'],
    ['2026-11-21T08:00:00Z', '2026-11-21T08:00:00.000Z'],
    ['2026-11-21T08:00:00+02:00', '2026-11-21T06:00:00.000Z'],
    ['yesterday', undefined],
    ['2026-13-01', undefined],
    ['12', undefined],
  ])('%s', (text, at) => expect(parseSince(text, now)?.toISOString()).toBe(at))
  it('durations', () =>
    expect([durationMs('10m'), durationMs('10'), durationMs('')]).toEqual([600_000, undefined, undefined]))
})

const mark = (checkpoint: bigint, objects = 0) =>
  record.Watermark.fromPartial({ forest: 'a', partition: 'dc=A', epoch: 1n, checkpoint, objects, edges: objects })
const partition = capture.PartitionStatus.fromPartial({
  forest: 'a',
  namingContext: 'DC=a',
  state: 'PARTITION_STATE_STREAM',
  complete: true,
  users: 500,
  groups: 80,
  contacts: 20,
  memberships: 1_204,
})

describe('progress', () => {
  it('is what the watermarks that reached the end held', () => {
    const part = forestProgress(partition, { captured: [mark(3n, 600)], reached: [mark(2n, 450)] })
    expect(part).toMatchObject({
      objects: 600,
      reachedObjects: 450,
      memberships: 1_204,
      reachedMemberships: 450,
      reached: false,
    })
    expect(forestProgress(partition, { captured: [mark(3n)], reached: [mark(3n)] })).toMatchObject({
      reachedObjects: 600,
      reached: true,
    })
    expect(forestProgress(partition, { captured: [mark(3n)], reached: [] })).toMatchObject({
      reachedObjects: 0,
      reached: false,
    })
  })

  const reached = forestProgress(partition, { captured: [mark(3n)], reached: [mark(3n)] })
  const target = (over: Partial<write.TargetStatus>) =>
    write.TargetStatus.fromPartial({ mode: 'sync', state: 'writing', ...over })
  it.each([
    ['down', { down: true, forests: [reached], targets: [target({})] }],
    ['waiting', { down: false, forests: [{ ...reached, state: 'waiting' as const }], targets: [target({})] }],
    ['waiting', { down: false, forests: [reached], targets: [target({ state: 'waiting' })] }],
    ['reading', { down: false, forests: [], targets: [target({})] }],
    ['reading', { down: false, forests: [{ ...reached, complete: false }], targets: [target({})] }],
    ['resolving', { down: false, forests: [{ ...reached, reached: false }], targets: [target({})] }],
    ['writing', { down: false, forests: [reached], targets: [target({ backlog: { creates: 1 } })] }],
    ['inSync', { down: false, forests: [reached], targets: [target({ backlog: { creates: 1 }, mode: 'observe' })] }],
    ['inSync', { down: false, forests: [reached], targets: [target({ held: 3 })] }],
  ])('is %s', (state, of) => expect(syncState(of)).toBe(state))
})

describe('a comparison', () => {
  const identity = resolve.Identity.fromPartial({
    desired: desired.DesiredObject.fromPartial({
      anchor: 'x',
      kind: 'user',
      attributes: {
        displayName: { values: ['Ada'], provenance: { forest: 'a' } },
        jobTitle: { values: ['Engineer'] },
        companyName: { values: ['Contoso'], onCreate: true },
        proxyAddresses: { values: ['smtp:b', 'smtp:a'] },
      },
    }),
    contributions: [
      contribution.Contribution.fromPartial({
        forest: 'a',
        guid: 'g',
        scope: 'SCOPE_IN',
        attributes: { displayName: { values: ['Ada'], rule: 'user.displayName', sources: ['DisplayName'] } },
      }),
    ],
  })
  const object = { forest: 'a', guid: 'g', dn: 'CN=Ada', attributes: { displayName: { values: [Buffer.from('Ada')] } } }
  const objects = capture.FindObjectsResponse.fromPartial({ objects: [object] }).objects
  const cloud = (over: Partial<write.CloudObject>) =>
    write.CloudObject.fromPartial({
      cloudId: 'c',
      state: 'due',
      attributes: {
        displayName: '"Adele"',
        jobTitle: '"Engineer"',
        companyName: '"Other"',
        proxyAddresses: '["smtp:a","smtp:b"]',
      },
      ...over,
    })
  const differing = (of: write.CloudObject | undefined): string[] =>
    compare({ identity, objects, cloud: of })
      .rows.filter(({ differs }) => differs)
      .map(({ attribute }) => attribute)

  it('finds the source value by the name the rule gives, whatever its case', () => {
    const row = compare({ identity, objects, cloud: undefined }).rows.find(
      ({ attribute }) => attribute === 'displayName',
    )
    expect(row?.forests).toEqual([{ forest: 'a', source: { DisplayName: ['Ada'] }, mapped: ['Ada'] }])
  })
  it('marks what the cloud has otherwise, but not what people may change', () => {
    expect(differing(cloud({}))).toEqual(['displayName'])
  })
  it('marks what is missing while it is due, not what the target does not take', () => {
    const attributes = { displayName: '"Ada"' }
    expect(differing(cloud({ attributes }))).toEqual(['jobTitle', 'proxyAddresses'])
    expect(differing(cloud({ attributes, state: 'done' }))).toEqual([])
  })
  it('marks nothing where there is nothing yet', () => {
    expect(differing(undefined)).toEqual([])
    expect(differing(cloud({ cloudId: '', attributes: {} }))).toEqual([])
  })
})
