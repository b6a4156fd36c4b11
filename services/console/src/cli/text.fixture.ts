/** A state of everything as the gateway tells it, for the tests of what is printed. */
import { result, write } from '@canopy/proto'
import type { ShowAnswer } from '../api/show.ts'
import type { StatusSnapshot } from '../api/status.ts'
import type { ForestProgress } from '../core/progress.ts'
import { jsonText } from '../http/json.ts'
import type { Json } from './json.ts'

export const now = new Date('2026-11-22T22:14:10Z')
export const asJson = <T>(value: T): Json<T> => JSON.parse(jsonText(value)) as Json<T>

export const forest = (over: Partial<ForestProgress> = {}): ForestProgress => ({
  forest: 'contoso.lab',
  domain: 'contoso.lab',
  server: 'ldaps://127.0.0.1:40243',
  agent: 'standalone',
  dialect: 'dirsync',
  state: 'following',
  blind: false,
  missing: 0,
  placeReadings: [],
  code: '',
  message: '',
  mend: '',
  objects: 600,
  memberships: 1_204,
  reachedObjects: 600,
  reachedMemberships: 1_204,
  reached: true,
  freshAt: new Date('2026-11-22T22:14:09Z'),
  complete: true,
  entriesRead: 600,
  optional: false,
  readings: 1n,
  ...over,
})

export const target = (over: Partial<write.TargetStatus> = {}): write.TargetStatus =>
  write.TargetStatus.fromPartial({
    target: 'entra',
    type: 'graph',
    mode: 'sync',
    state: 'writing',
    created: 1_071,
    objects: 1_071,
    objectsEqual: 1_071,
    edges: 2_192,
    edgesEqual: 2_192,
    barrierOpen: true,
    propagationP50Ms: 84,
    propagationP99Ms: 210,
    ...over,
  })

export const status = (over: Partial<StatusSnapshot> = {}): Json<StatusSnapshot> =>
  asJson<StatusSnapshot>({
    at: now,
    state: 'inSync',
    forests: [
      forest(),
      forest({ forest: 'fabrikam.lab', server: 'ldaps://127.0.0.1:38059', memberships: 988, reachedMemberships: 988 }),
    ],
    targets: [target()],
    resolve: {
      identities: 1_071,
      users: 875,
      groups: 160,
      contacts: 36,
      joined: 25,
      edges: 2_192,
      conflicts: 3,
      barrierOpen: true,
      waitingFor: [],
    },
    services: [
      { service: 'capture', state: 'up', version: '0.1.0', startedAt: now, lag: 0n, parked: 0, outbox: 0, waiting: [] },
      {
        service: 'write',
        state: 'up',
        version: '0.1.0',
        startedAt: now,
        lag: 1_200n,
        parked: 2,
        outbox: 0,
        waiting: [],
      },
    ],
    ...over,
  })

export const updated = (over: Partial<result.Result> = {}) =>
  asJson({
    sequence: 7n,
    chain: 0,
    hash: '00',
    result: result.Result.fromPartial({
      id: 'r',
      anchor: '8a957bd3-72f7-54b4-8c3c-99170683c1a3',
      target: 'entra',
      kind: 'user',
      action: 'update',
      outcome: 'OUTCOME_DONE',
      cloudId: 'e0e9121b-e87e-4bb0-ba46-bdc0c7f932da',
      display: 'Ada Park-Lindqvist',
      at: new Date('2026-11-22T22:14:03.084Z'),
      observedAt: new Date('2026-11-22T22:14:03Z'),
      changes: [
        {
          attribute: 'displayName',
          oldValues: ['Ada Park'],
          newValues: ['Ada Park-Lindqvist'],
          provenance: { forest: 'contoso', rule: 'user.displayName' },
        },
        {
          attribute: 'surname',
          oldValues: [],
          newValues: ['Park-Lindqvist'],
          provenance: { forest: 'contoso', rule: 'user.surname' },
        },
      ],
      steps: [
        { stage: 'import', at: new Date('2026-11-22T22:14:03Z'), note: 'dc1.contoso.com' },
        { stage: 'export', at: new Date('2026-11-22T22:14:03.084Z'), note: 'update' },
      ],
      ...over,
    }),
  })

export const shown: Json<ShowAnswer> = {
  who: 'ada@contoso.com',
  missing: [],
  found: [
    {
      anchor: '8a957bd3-72f7-54b4-8c3c-99170683c1a3',
      kind: 'user',
      display: 'Ada Park',
      gone: false,
      leftScope: false,
      holds: [],
      conflicts: ['case_7f3k'],
      sources: [
        {
          forest: 'contoso',
          guid: 'dda33cf5-3d0d-44ce-8d47-d7d2b7e2d835',
          dn: 'CN=Ada Park,OU=Staff,DC=contoso,DC=com',
          gone: false,
          scope: 'in',
          scopeReason: '',
        },
        {
          forest: 'fabrikam',
          guid: '24f4f7b2-a4e3-4cd3-8b69-d45aa999cae4',
          dn: 'CN=A. Park,OU=Guests,DC=fabrikam,DC=com',
          gone: false,
          scope: 'out',
          scopeReason: 'OU=Guests is excluded',
        },
      ],
      cloud: {
        target: 'entra',
        cloudId: 'e0e9121b-e87e-4bb0-ba46-bdc0c7f932da',
        state: 'due',
        message: '',
        members: [],
        journal: [],
      },
      rows: [
        {
          attribute: 'displayName',
          forests: [
            { forest: 'contoso', source: { displayName: ['Ada Park'], cn: ['Ada'] }, mapped: ['Ada Park'] },
            { forest: 'fabrikam', source: { displayName: ['A. Park'] }, mapped: ['A. Park'] },
          ],
          resolved: ['Ada Park'],
          cloud: ['Ada Parker'],
          from: 'contoso',
          rule: 'user.displayName',
          differs: true,
          contested: true,
        },
        {
          attribute: 'businessPhones',
          forests: [{ forest: 'contoso', source: { telephoneNumber: [] }, mapped: [] }],
          resolved: [],
          cloud: undefined as never,
          from: 'contoso',
          rule: 'user.businessPhones',
          differs: false,
          contested: false,
        },
      ],
    },
  ],
}
