/** Principal names, aliases, proxy addresses and recipient classes; facts of Microsoft's pages where they are at hand. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mailAlias, principalName, type SuffixPolicy } from './principal-name.ts'
import { canonicalProxyAddresses } from './proxy-addresses.ts'
import { isMailEnabled, type RecipientFacts, recipientClass } from './recipient.ts'

const folder = process.env.TEST_SHARED_DATA
const file = folder && join(folder, 'behaviour-fixtures.json')
const isThere = file !== undefined && existsSync(file)
if (!isThere) console.log('Skipped: TEST_SHARED_DATA does not name a folder with behaviour-fixtures.json')

interface Fixtures {
  readonly upn_population: {
    readonly initialDomain: string
    readonly verifiedDomains: readonly string[]
    readonly steps: readonly {
      readonly onPrem: {
        readonly mailNickname: string | null
        readonly proxyAddresses: readonly string[]
        readonly mail: string
        readonly userPrincipalName: string
      }
      readonly cloud: { readonly mailNickname: string; readonly userPrincipalName: string }
    }[]
  }
  readonly group_mail_enabled: {
    readonly cases: readonly {
      readonly proxyAddresses: string[]
      readonly mail?: string
      readonly mailEnabled: boolean
    }[]
  }
}

const fixtures: Fixtures | undefined = isThere ? (JSON.parse(readFileSync(file, 'utf8')) as Fixtures) : undefined

describe.skipIf(!fixtures)('as Entra populates names', () => {
  it('one user through all steps, each value kept while its basis stays', () => {
    const { steps, verifiedDomains, initialDomain } = fixtures!.upn_population
    const domains = { verified: new Set(verifiedDomains), initial: initialDomain }
    const kept = { alias: { basis: '', value: '' }, name: { basis: '', value: '' } }
    const keep = (of: { basis: string; value: string }, basis: string, value: string): string => {
      if (basis === '' || basis !== of.basis) Object.assign(of, { basis, value })
      return of.value
    }
    for (const { onPrem, cloud } of steps) {
      const made = mailAlias({ ...onPrem, mailNickname: onPrem.mailNickname ?? undefined, name: undefined })!
      const alias = keep(kept.alias, made.basis, made.alias)
      const policy: SuffixPolicy = { is: 'initialDomain' }
      const found = principalName({ name: onPrem.userPrincipalName, mailNickname: alias, domains, policy })
      if (found.is === 'held') throw new Error(found.message)
      const name = keep(kept.name, found.is === 'made' ? found.basis : '', found.name)
      expect({ mailNickname: alias, userPrincipalName: name }).toEqual(cloud)
    }
  })

  it('groups that are mail-enabled', () => {
    for (const { mailEnabled, proxyAddresses, mail } of fixtures!.group_mail_enabled.cases) {
      expect(isMailEnabled({ proxyAddresses, mail })).toBe(mailEnabled)
    }
  })
})

describe('a principal name', () => {
  const domains = { verified: new Set(['contoso.com']), initial: 'contoso.onmicrosoft.com' }
  const hold: SuffixPolicy = { is: 'hold' }
  const initial: SuffixPolicy = { is: 'initialDomain' }
  const replace: SuffixPolicy = { is: 'replace', from: 'fabrikam.com', to: 'contoso.com' }
  it.each([
    ['ada@Contoso.COM', hold, { is: 'kept', name: 'ada@Contoso.COM' }],
    ['ada@fabrikam.com', hold, { is: 'held', reason: 'unverifiedSuffix' }],
    ['ada@fabrikam.com', initial, { is: 'made', name: 'adap@contoso.onmicrosoft.com' }],
    ['ada@fabrikam.com', replace, { is: 'made', name: 'ada@contoso.com' }],
    ['ada@other.com', replace, { is: 'held', reason: 'unverifiedSuffix' }],
    ['ada park@contoso.com', hold, { is: 'held', reason: 'invalidName' }],
    ['ada park@contoso.com', initial, { is: 'made', name: 'adap@contoso.onmicrosoft.com' }],
    ['ada\n@contoso.com', replace, { is: 'held', reason: 'invalidName' }],
    ['ada', hold, { is: 'held', reason: 'invalidName' }],
    ['a@b@contoso.com', hold, { is: 'held', reason: 'invalidName' }],
  ] as const)('%j under %j', (name, policy, expected) => {
    expect(principalName({ name, mailNickname: 'adap', domains, policy })).toMatchObject(expected)
  })

  it('passes while nobody knows the domains', () => {
    const found = principalName({ name: 'ada@x', mailNickname: undefined, domains: undefined, policy: hold })
    expect(found).toEqual({ is: 'kept', name: 'ada@x' })
  })
})

describe('a mail alias', () => {
  const all = {
    mailNickname: 'own',
    proxyAddresses: ['smtp:second@x', 'SMTP:first@x'],
    mail: 'mail@x',
    userPrincipalName: 'upn@x',
    name: 'sam',
  }
  it.each([
    [{}, 'own'],
    [{ mailNickname: undefined }, 'first'],
    [{ mailNickname: ' ', proxyAddresses: ['smtp:second@x'] }, 'mail'],
    [{ mailNickname: undefined, proxyAddresses: ['smtp:second@x'], mail: undefined }, 'upn'],
    [
      { mailNickname: undefined, proxyAddresses: ['smtp:second@x'], mail: undefined, userPrincipalName: undefined },
      'second',
    ],
    [{ mailNickname: undefined, proxyAddresses: [], mail: undefined, userPrincipalName: undefined }, 'sam'],
    [{ mailNickname: 'a b(c)' }, 'a_b_c_'],
  ])('%j → %s', (change, alias) => expect(mailAlias({ ...all, ...change })?.alias).toBe(alias))

  it('is drawn anew only when the own alias changes', () => {
    const basis = (change: Partial<typeof all>): string => mailAlias({ ...all, ...change })?.basis ?? ''
    expect(basis({ mail: 'other@x' })).toBe(basis({}))
    expect(basis({ mailNickname: 'other' })).not.toBe(basis({}))
  })
})

describe('proxy addresses', () => {
  it.each([
    [
      ['smtp:b@x', 'SMTP:a@x', 'smtp:A@x', 'smtp:B@X'],
      ['SMTP:a@x', 'smtp:b@x'],
    ],
    [
      ['SMTP:a@x', 'SMTP:b@x'],
      ['SMTP:a@x', 'smtp:b@x'],
    ],
    [
      ['x500:/o=Org/cn=A', 'sip:a@x', 'SMTP:a@x', 'X400:c=us'],
      ['SMTP:a@x', 'sip:a@x', 'X400:c=us', 'x500:/o=Org/cn=A'],
    ],
    [[' a@x ', 'smtp:', ''], ['smtp:a@x']],
  ])('%j → %j, in whatever order they come', (values, expected) => {
    expect(canonicalProxyAddresses(values)).toEqual(expected)
    expect(canonicalProxyAddresses(canonicalProxyAddresses(values))).toEqual(expected)
    const primaries = values.filter((value) => value.startsWith('SMTP:')).length
    if (primaries < 2)
      expect(canonicalProxyAddresses(values.toReversed()).map((v) => v.toLowerCase())).toEqual(
        expected.map((v) => v.toLowerCase()),
      )
  })
})

describe('the recipient class', () => {
  const facts: RecipientFacts = {
    kind: 'user',
    details: undefined,
    hasMailbox: false,
    targetAddress: undefined,
    mail: undefined,
    proxyAddresses: [],
    groupType: undefined,
  }
  it.each([
    [{}, 'none'],
    [{ details: 1 }, 'onPremisesMailbox'],
    [{ details: 2, hasMailbox: true }, 'linked'],
    [{ details: 4 }, 'shared'],
    [{ details: 16 }, 'room'],
    [{ details: 32 }, 'equipment'],
    [{ details: 128 }, 'mailUser'],
    [{ details: 2 ** 31 }, 'remoteMailbox'],
    [{ details: 2 ** 33 }, 'room'],
    [{ details: 2 ** 35 }, 'shared'],
    [{ details: 65_536 }, 'none'],
    [{ hasMailbox: true }, 'onPremisesMailbox'],
    [{ targetAddress: 'SMTP:a@x' }, 'mailUser'],
    [{ kind: 'contact' }, 'contact'],
    [{ kind: 'group' }, 'securityGroup'],
    [{ kind: 'group', mail: 'g@x', groupType: 8 }, 'distributionGroup'],
    [{ kind: 'group', mail: 'g@x', groupType: -2_147_483_640 }, 'mailEnabledSecurityGroup'],
    [{ kind: 'group', proxyAddresses: ['x500:/o=x'] }, 'securityGroup'],
  ] as const)('%j → %s', (change, expected) => expect(recipientClass({ ...facts, ...change })).toBe(expected))
})
