/** What follows from mapped values: holds, principal names, expiry, rules of a forest and of a class. */
import { filetimeFromDate } from '@canopy/domain'
import { change, configuration } from '@canopy/proto'
import { describe, expect, it } from 'vitest'
import { configured } from './configured.ts'
import { contribute } from './contribute.ts'
import { runMappingTests } from './mapping-test.ts'

const now = new Date('2026-11-22T20:00:00Z')

type Draft = configuration.DeepPartial<configuration.Configuration>

const rule = (target: string, source: configuration.MappingRule['source'], more: object = {}) => ({
  kind: 'user',
  target,
  source,
  ...more,
})
const direct = (target: string, more: object = {}) => rule(target, { $case: 'direct', value: target }, more)
const constant = (target: string, value: string, more: object = {}) => rule(target, { $case: 'constant', value }, more)

const hold = { onPremisesMailbox: 'hold', linked: 'hold', shared: 'hold', hidden: 'hold', mailEnabledGroup: 'hold' }

const config = (more: Draft = {}) =>
  configured(
    configuration.Configuration.fromPartial({
      name: 'test',
      forests: [{ name: 'contoso' }, { name: 'fabrikam' }],
      mappings: [
        rule('userPrincipalName', { $case: 'computed', value: 'userPrincipalName' }),
        rule('mailNickname', { $case: 'computed', value: 'mailNickname' }),
        rule('accountEnabled', {
          $case: 'expression',
          value: 'IIF(BitAnd([userAccountControl], 2) = 0, "True", "False")',
        }),
        { kind: 'group', target: 'displayName', source: { $case: 'direct', value: 'cn' } },
      ],
      recipients: hold,
      targets: [
        { name: 'entra', verifiedDomains: ['contoso.com', 'c.onmicrosoft.com'], initialDomain: 'c.onmicrosoft.com' },
      ],
      ...more,
    }),
  )

const make = (
  attributes: Record<string, string | string[]>,
  more: Draft = {},
  of: Partial<change.DirectoryObject> = {},
) =>
  contribute({
    object: {
      ...change.DirectoryObject.fromPartial({ forest: 'contoso', guid: '0'.repeat(32), version: 1n, kind: 'user' }),
      name: 'Ada Park',
      dn: 'CN=Ada Park,DC=corp,DC=contoso,DC=com',
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [
          name,
          { values: [value].flat().map((text) => Buffer.from(text)) },
        ]),
      ),
      ...of,
    },
    config: config(more),
    bound: () => undefined,
    now,
  })!.contribution

const reasons = (...of: Parameters<typeof make>): string[] => make(...of).holds.map(({ reason }) => reason)

describe('a recipient', () => {
  it.each([
    [{ msExchRecipientTypeDetails: '1' }, 'onPremisesMailbox', ['onPremisesMailbox'], true],
    [{ msExchRecipientTypeDetails: '2' }, 'linked', ['linked'], false],
    [{ msExchRecipientTypeDetails: '4' }, 'shared', ['shared'], false],
    [{ msExchRecipientTypeDetails: '2147483648' }, 'remoteMailbox', [], true],
    [{ msExchHideFromAddressLists: 'TRUE' }, 'none', ['hidden'], true],
    [
      { homeMDB: 'CN=Database', msExchHideFromAddressLists: 'true' },
      'onPremisesMailbox',
      ['onPremisesMailbox', 'hidden'],
      true,
    ],
    [{ mail: 'ada@contoso.com' }, 'none', [], true],
  ])('%j is %s, held for %j', (attributes, recipientClass, held, counts) => {
    const made = make(attributes as unknown as Record<string, string>)
    expect(made.recipientClass).toBe(recipientClass)
    expect(made.holds.map(({ reason }) => reason)).toEqual(held)
    expect(made.enabledCounts).toBe(counts)
  })

  it('is carried where the policy says so', () => {
    expect(reasons({ msExchRecipientTypeDetails: '4' }, { recipients: { ...hold, shared: 'carry' } })).toEqual([])
  })

  it('group with mail is held, or becomes a security group', () => {
    const group = { kind: 'group' }
    expect(reasons({ proxyAddresses: 'smtp:g@contoso.com' }, {}, group)).toEqual(['mailEnabledGroup'])
    const recipients = { ...hold, mailEnabledGroup: 'securityGroup' }
    expect(reasons({ mail: 'g@contoso.com' }, { recipients }, group)).toEqual([])
    expect(reasons({ groupType: '-2147483646' }, {}, group)).toEqual([])
  })
})

describe('a principal name', () => {
  const unverified = { userPrincipalName: 'ada@fabrikam.com', mailNickname: 'adap' }
  it('with a suffix that is not verified is held, with the domain', () => {
    const { holds, attributes, claims } = make(unverified)
    expect(holds).toEqual([
      {
        reason: 'unverifiedSuffix',
        attribute: 'userPrincipalName',
        message: 'the tenant has not verified the domain fabrikam.com',
      },
    ])
    expect(attributes.userPrincipalName?.values).toEqual(['ada@fabrikam.com'])
    expect(claims).toEqual(['userPrincipalName:ada@fabrikam.com'])
  })

  it('moves under the initial domain, claims it, and says what it was derived from', () => {
    const { attributes, holds, claims } = make(unverified, { unverifiedSuffix: 'initialDomain' })
    expect(attributes.userPrincipalName).toMatchObject({
      values: ['adap@c.onmicrosoft.com'],
      basis: 'userPrincipalName=ada@fabrikam.com',
    })
    expect(holds).toEqual([])
    expect(claims).toEqual(['userPrincipalName:adap@c.onmicrosoft.com'])
  })

  it('is replaced under another domain', () => {
    const replace = {
      unverifiedSuffix: 'replace',
      unverifiedSuffixReplacement: { from: 'Fabrikam.com', to: 'contoso.com' },
    }
    expect(make(unverified, replace).attributes.userPrincipalName?.values).toEqual(['ada@contoso.com'])
  })

  it('is made of the account name and the domain where there is none', () => {
    const made = make({ sAMAccountName: 'apark' }, { targets: [] })
    expect(made.attributes.userPrincipalName?.values).toEqual(['apark@corp.contoso.com'])
  })
})

describe('an account that expires', () => {
  const at = (date: string): Record<string, string> => ({
    userAccountControl: '512',
    accountExpires: String(filetimeFromDate(new Date(date))),
  })
  it.each([
    ['2026-11-22T19:59:59Z', 'false', undefined],
    ['2026-11-22T20:00:00Z', 'false', undefined],
    ['2026-11-22T20:00:01Z', 'true', new Date('2026-11-22T20:00:01Z')],
  ])('%s: %s', (date, enabled, changesAt) => {
    const made = make(at(date))
    expect(made.attributes.accountEnabled).toMatchObject({
      values: [enabled],
      sources: ['userAccountControl', 'accountExpires'],
    })
    expect(made.changesAt).toEqual(changesAt)
  })

  it.each(['0', '9223372036854775807', 'soon'])('%s never does', (accountExpires) => {
    const made = make({ userAccountControl: '512', accountExpires })
    expect([made.attributes.accountEnabled?.values[0], made.changesAt]).toEqual(['true', undefined])
  })

  it('is not looked at where the policy says so, nor where the account is disabled anyway', () => {
    expect(make(at('2020-01-01'), { accountExpires: 'ignore' }).attributes.accountEnabled?.values).toEqual(['true'])
    expect(make({ ...at('2030-01-01'), userAccountControl: '514' }).changesAt).toBeUndefined()
  })
})

describe('the most special rule counts', () => {
  const mappings = [
    constant('department', 'all'),
    constant('department', 'class', { kind: 'inetOrgPerson' }),
    constant('department', 'forest', { forest: 'fabrikam' }),
    constant('department', 'class of forest', { forest: 'fabrikam', kind: 'inetOrgPerson' }),
  ]
  const inetOrgPerson = ['top', 'person', 'inetOrgPerson', 'user']
  it.each([
    ['contoso', ['user'], 'all'],
    ['contoso', inetOrgPerson, 'class'],
    ['fabrikam', ['user'], 'forest'],
    ['fabrikam', inetOrgPerson, 'class of forest'],
  ])('%s %j: %s', (forest, objectClasses, expected) => {
    expect(make({}, { mappings }, { forest, objectClasses }).attributes.department?.values).toEqual([expected])
  })
})

describe('a source without a value', () => {
  it.each([
    ['clear', { values: [] }],
    ['leave', undefined],
  ])('%s', (whenNull, expected) => {
    const { attributes } = make({}, { mappings: [direct('department', { whenNull })] })
    if (expected) expect(attributes.department).toMatchObject(expected)
    else expect(attributes.department).toBeUndefined()
  })

  it('has the default, at creation only', () => {
    const mappings = [direct('department', { whenNull: 'leave', defaultValue: 'None' })]
    expect(make({}, { mappings }).attributes.department).toMatchObject({ values: ['None'], onCreate: true })
  })
})

describe('examples of a configuration', () => {
  const values = (...texts: string[]) => ({ values: texts })
  const example = (expect: Record<string, { values: string[] }>, held = '') => ({
    name: '',
    forest: 'contoso',
    objectClass: 'user',
    given: {
      userPrincipalName: values('ada@fabrikam.com'),
      manager: values('boss'),
      userAccountControl: values('514'),
    },
    expect,
    held,
  })
  it('pass and fail by what the mapping makes', () => {
    const mappings = [
      direct('userPrincipalName'),
      rule('manager', { $case: 'reference', value: 'manager' }),
      rule('city', { $case: 'expression', value: 'Item([cn], 2)' }),
    ]
    const results = runMappingTests(
      [
        example({ userPrincipalName: values('ada@fabrikam.com'), manager: values('boss'), faxNumber: values() }),
        example({ userPrincipalName: values('other') }, 'unverifiedSuffix'),
        example({ city: values('Ulm') }),
        example({}, 'shared'),
        { ...example({}), forest: 'nowhere' },
      ],
      config({ mappings }),
      now,
    )
    expect(results.map(({ passed }) => passed)).toEqual([true, false, false, false, false])
    expect(results[1]?.mismatches).toEqual([
      {
        target: 'userPrincipalName',
        expected: ['other'],
        actual: ['ada@fabrikam.com'],
        rule: 'user.userPrincipalName',
        note: '',
      },
    ])
    expect(results[2]?.mismatches[0]).toMatchObject({ rule: 'user.city', note: 'the index of Item is out of range' })
    expect(results[3]?.mismatches[0]).toMatchObject({
      target: 'held',
      expected: ['shared'],
      actual: ['unverifiedSuffix'],
    })
  })
})
