import { change, configuration } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { comparable } from './comparable.ts'
import { configured } from './configured.ts'
import { contribute } from './contribute.ts'

const guid = '01234567-89ab-cdef-0123-456789abcdef'
const now = new Date('2026-11-22T20:00:00Z')
const values = (...texts: string[]) => ({ values: texts.map((text) => Buffer.from(text)) })

type Attributes = Record<string, { values: Buffer[] }>

const object = (attributes: Attributes, more: Partial<change.DirectoryObject> = {}): change.DirectoryObject => ({
  ...change.DirectoryObject.fromPartial({ forest: 'contoso', guid, version: 7n, kind: 'user', name: 'Ada Park' }),
  dn: 'CN=Ada Park,OU=Staff,DC=contoso,DC=lab',
  path: ['root-guid', 'staff-guid'],
  attributes,
  ...more,
})

const rules = [
  { kind: 'user', target: 'displayName', source: { $case: 'direct', value: 'DisplayName' } },
  { kind: 'user', target: 'userPrincipalName', source: { $case: 'direct', value: 'userPrincipalName' } },
  { kind: 'user', target: 'mail', source: { $case: 'expression', value: 'Trim([mail])' } },
  { kind: 'user', target: 'companyName', source: { $case: 'constant', value: 'Contoso' }, onCreate: true },
  { kind: 'user', target: 'usageLocation', source: { $case: 'direct', value: 'c' }, defaultValue: 'DE' },
  { kind: 'user', target: 'faxNumber', source: { $case: 'none', value: true } },
  { kind: 'user', target: 'city', source: { $case: 'expression', value: 'Item([l], 2)' } },
  { kind: 'user', target: 'manager', source: { $case: 'reference', value: 'Manager' } },
  {
    kind: 'user',
    target: 'accountEnabled',
    source: { $case: 'expression', value: 'IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")' },
  },
] as const

const config = (scope: configuration.DeepPartial<configuration.ScopeRule> = {}) =>
  configured(
    configuration.Configuration.fromPartial({
      name: 'test',
      version: 3n,
      forests: [{ name: 'contoso' }],
      mappings: [...rules],
      scopes: [{ forest: 'contoso', ...scope }],
    }),
  )

const bound = (dn: string): string | undefined =>
  ({
    'OU=Staff,DC=contoso,DC=lab': 'staff-guid',
    'OU=Other,DC=contoso,DC=lab': 'other-guid',
    'CN=Pilot': 'pilot-guid',
  })[dn]

const make = (of: change.DirectoryObject, scope: configuration.DeepPartial<configuration.ScopeRule> = {}) =>
  contribute({ object: of, config: config(scope), bound, now })

const ada = object({
  displayName: values('Ada Park'),
  userprincipalname: values('Ada@Contoso.lab'),
  mail: values(' ada@contoso.lab '),
  proxyAddresses: values('SMTP:Ada@contoso.lab', 'smtp:a.park@contoso.lab', 'x500:/o=x'),
  l: values('Ulm'),
  userAccountControl: values('514'),
  whenCreated: values('20200102030405.0Z'),
})

describe('a contribution', () => {
  const made = make({ ...ada, references: { manager: 'manager-guid' } })!.contribution
  it('carries what the rules make of the object, whatever case the names are in', () => {
    expect(made.attributes).toMatchObject({
      displayName: { values: ['Ada Park'], rule: 'user.displayName', sources: ['DisplayName'], onCreate: false },
      userPrincipalName: { values: ['Ada@Contoso.lab'] },
      mail: { values: ['ada@contoso.lab'], sources: ['mail'] },
      companyName: { values: ['Contoso'], onCreate: true },
      accountEnabled: { values: ['false'] },
    })
    expect(made.references).toEqual({ manager: 'manager-guid' })
    expect(made.createdAt).toEqual(new Date('2020-01-02T03:04:05Z'))
    expect([made.version, made.sourceVersion, made.configurationVersion]).toEqual([0n, 7n, 3n])
  })
  it('uses a default only where there is nothing, and only on creation', () => {
    expect(made.attributes.usageLocation).toMatchObject({ values: ['DE'], onCreate: true })
    const french = make(object({ c: values('FR') }))!.contribution
    expect(french.attributes.usageLocation).toMatchObject({ values: ['FR'], onCreate: false })
  })
  it('leaves out what a rule could not make, with a note, and what is mapped to nothing', () => {
    expect(made.attributes).not.toHaveProperty('city')
    expect(made.attributes).not.toHaveProperty('faxNumber')
    expect(made.steps.at(-1)?.note).toBe('user.city: the index of Item is out of range')
  })
  it('says which mapped attributes are empty, so that they can be cleared', () => {
    expect(make(object({}))!.contribution.attributes.displayName).toMatchObject({ values: [] })
  })
  it('leaves alone what is too long to travel', () => {
    const long = object({}, { oversize: { displayName: { digest: 'd', length: 70_000 } } })
    expect(make(long)!.contribution.attributes).not.toHaveProperty('displayName')
  })
  it('claims the UPN and each SMTP address once, lower-case', () => {
    expect(made.claims).toEqual([
      'userPrincipalName:ada@contoso.lab',
      'proxyAddresses:smtp:ada@contoso.lab',
      'proxyAddresses:smtp:a.park@contoso.lab',
    ])
  })
  it('has the consistency GUID as its source anchor where there is one, else objectGUID in the byte order of AD', () => {
    expect(made.sourceAnchor).toBe(Buffer.from('67452301ab89efcd0123456789abcdef', 'hex').toString('base64'))
    const bytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
    const own = object({ 'mS-DS-ConsistencyGuid': { values: [bytes] } })
    expect(make(own)!.contribution.sourceAnchor).toBe(bytes.toString('base64'))
    const short = object({ 'mS-DS-ConsistencyGuid': { values: [bytes.subarray(0, 8)] } })
    expect(make(short)!.contribution.sourceAnchor).toBe(made.sourceAnchor)
    const group = object({ 'mS-DS-ConsistencyGuid': { values: [bytes] } }, { kind: 'group' })
    expect(make(group)!.contribution.sourceAnchor).toBe(made.sourceAnchor)
  })
  it('compares equal whatever its versions and steps, and unequal after a change', () => {
    const later = contribute({ object: { ...ada, version: 9n }, config: config(), bound, now: new Date() })!
    const before = contribute({ object: ada, config: config(), bound, now })!
    expect(comparable(later.contribution)).toEqual(comparable(before.contribution))
    const other = make(object({ ...ada.attributes, displayName: values('Ada') }))!
    expect(comparable(other.contribution)).not.toEqual(comparable(before.contribution))
  })
  it('of a linked, shared or room mailbox does not count for accountEnabled', () => {
    expect(made.enabledCounts).toBe(true)
    for (const type of ['2', '4', '16', '32', String(2 ** 34)]) {
      expect(make(object({ msExchRecipientTypeDetails: values(type) }))!.contribution.enabledCounts).toBe(false)
    }
  })
  it('is gone with its object, or when the object becomes of a kind that is not mapped', () => {
    for (const gone of [object({}, { gone: true }), object({}, { kind: 'container' })]) {
      expect(make(gone)).toMatchObject({ onlyIfKnown: true, contribution: { gone: true } })
    }
  })
  it('is not made for a forest that the configuration does not have', () => {
    expect(make(object({}, { forest: 'elsewhere' }))).toBeUndefined()
  })
})

describe('scope', () => {
  const staff = 'OU=Staff,DC=contoso,DC=lab'
  const other = 'OU=Other,DC=contoso,DC=lab'
  const clause = { attribute: 'Department', operator: 'equals', value: 'Contractors' }
  const contractor = object({ department: values('Contractors') })
  const table: readonly [
    string,
    change.DirectoryObject,
    configuration.DeepPartial<configuration.ScopeRule>,
    string,
    string,
  ][] = [
    ['nothing asked', ada, {}, 'SCOPE_IN', ''],
    ['in an included OU', ada, { includeOus: [other, staff] }, 'SCOPE_IN', ''],
    ['in no included OU', ada, { includeOus: [other] }, 'SCOPE_OUT', 'not in scope'],
    ['an included OU not found', ada, { includeOus: ['OU=New'] }, 'SCOPE_UNKNOWN', 'not found'],
    ['in one OU, another not found', ada, { includeOus: ['OU=New', staff] }, 'SCOPE_IN', ''],
    ['in an excluded OU', ada, { includeOus: [staff], excludeOus: [staff] }, 'SCOPE_OUT', 'excluded OU'],
    ['an excluded OU not found', ada, { excludeOus: ['OU=New'] }, 'SCOPE_UNKNOWN', 'not found'],
    ['excluded by a clause', contractor, { excludeClauses: [clause] }, 'SCOPE_OUT', 'excluded by attribute'],
    ['absent value is not excluded', ada, { excludeClauses: [clause] }, 'SCOPE_IN', ''],
    ['included by a clause', contractor, { includeClauses: [clause] }, 'SCOPE_IN', ''],
    ['by groups', ada, { includeOus: [other], includeGroups: ['CN=Pilot'] }, 'SCOPE_UNKNOWN', 'decided by groups'],
    ['by a group not found', ada, { includeGroups: ['CN=New'] }, 'SCOPE_UNKNOWN', 'not found'],
    ['privileged', object({ adminCount: values('1') }), {}, 'SCOPE_OUT', 'privileged'],
    ['privileged included', object({ adminCount: values('1') }), { privileged: 'include' }, 'SCOPE_IN', ''],
    ['critical', object({ isCriticalSystemObject: values('TRUE') }), {}, 'SCOPE_OUT', 'critical system object'],
    ['krbtgt', object({ sAMAccountName: values('krbtgt') }), {}, 'SCOPE_OUT', 'system account'],
    ['Guest', object({ sAMAccountName: values('Guest') }), {}, 'SCOPE_OUT', 'system account'],
    ['victim', object({}, { name: 'Ada\nCNF:0' }), {}, 'SCOPE_OUT', 'replication conflict'],
    ['Azure AD account', object({ sAMAccountName: values('AAD_1f') }), {}, 'SCOPE_OUT', 'system account'],
    ['CAS', object({ mailNickname: values('CAS_{1}') }), {}, 'SCOPE_OUT', 'system mailbox'],
    ['system mailbox', object({ mailNickname: values('SystemMailbox{1}') }), {}, 'SCOPE_OUT', 'system mailbox'],
    ['opted out', object({ adminDescription: values('User_x') }), {}, 'SCOPE_OUT', 'adminDescription'],
    ['discovery', object({ msExchRecipientTypeDetails: values('536870912') }), {}, 'SCOPE_OUT', 'Exchange'],
    ['user mailbox', object({ msExchRecipientTypeDetails: values('1') }), {}, 'SCOPE_IN', ''],
    ['an excluding group not found', ada, { excludeGroups: ['CN=New'] }, 'SCOPE_UNKNOWN', 'not found'],
  ]
  it.each(table)('%s', (_, of, scope, verdict, reason) => {
    const made = make(of, scope)!
    expect(made.contribution.scope).toBe(verdict)
    expect(made.contribution.scopeReason).toContain(reason)
    expect(made.onlyIfKnown).toBe(verdict === 'SCOPE_OUT')
  })
  it('names the groups that would admit', () => {
    expect(make(ada, { includeGroups: ['CN=Pilot'] })!.contribution.admittingGroups).toEqual(['pilot-guid'])
  })
  it('names the groups that would exclude', () => {
    const made = make(ada, { excludeGroups: ['CN=Pilot'] })!.contribution
    expect(made).toMatchObject({ scope: 'SCOPE_IN', excludingGroups: ['pilot-guid'], admittingGroups: [] })
  })
  it('says what leaving does', () => {
    const made = make(ada, { excludeOus: [staff], onLeave: 'keep', deleteAfterSeconds: 60 })!.contribution
    expect(made).toMatchObject({ scope: 'SCOPE_OUT', onLeave: 'keep', deleteAfterSeconds: 60, attributes: {} })
  })
})

describe('when it was seen', () => {
  const source = {
    server: 'dc1',
    namingContext: '',
    epoch: 1n,
    batch: 1n,
    observedAt: new Date(5_000),
    snapshot: false,
  }
  const seen = (appliedAt: Date) =>
    contribute({ object: object({}, { source }), config: { ...config(), appliedAt }, bound, now })?.contribution.source
  it('is when the configuration was applied that made it differ, however old the object is', () => {
    expect(seen(new Date(9_000))?.observedAt).toEqual(new Date(9_000))
    expect(seen(new Date(2_000))?.observedAt).toEqual(new Date(5_000))
  })
})
