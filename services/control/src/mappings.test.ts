/** What a configuration says about mappings, what becomes of it, and what is refused. */
import { describe, expect, it } from 'vitest'
import { compileConfiguration } from './compile-configuration.ts'

const minimal = (mappings: string): string => `version: canopy/v1
name: test
forests:
  - { name: contoso, domains: [{ name: corp.contoso.com, credential: reader }] }
  - { name: fabrikam, domains: [{ name: ad.fabrikam.com, credential: reader }] }
targets:
  - { name: cloud, type: memory, mode: sync }
mappings:
${mappings.replaceAll(/^/gm, '  ')}
`
const compiled = (mappings: string) => compileConfiguration(minimal(mappings))
const rulesOf = (mappings: string, target: string) =>
  compiled(mappings).configuration?.mappings.filter((rule) => rule.target === target) ?? []

describe('mapping rules', () => {
  it('are the table’s, without what no target takes', () => {
    const rules = compiled('extends: entra/defaults@2026-11').configuration!.mappings
    const targets = rules.filter((rule) => rule.kind === 'user').map((rule) => rule.target)
    expect(targets).toContain('extensionAttribute15')
    expect(targets).toContain('proxyAddresses')
    expect(targets).not.toContain('homePhone')
    expect(rules.find((rule) => rule.target === 'mailNickname')?.source).toEqual({
      $case: 'computed',
      value: 'mailNickname',
    })
  })

  it('of the minimal set are few', () => {
    const rules = compiled('extends: entra/minsync@2026-11').configuration!.mappings
    expect(rules.filter((rule) => rule.kind === 'user').map((rule) => rule.target)).toEqual([
      'userPrincipalName',
      'accountEnabled',
      'mailNickname',
      'displayName',
      'givenName',
      'surname',
      'mail',
      'proxyAddresses',
      'employeeId',
      'usageLocation',
    ])
  })

  it('may be removed, left where the source has nothing, held or cut when they are too long', () => {
    expect(rulesOf('user: [{ target: faxNumber, none: true }]', 'faxNumber')[0]?.source?.$case).toBe('none')
    const text = 'user: [{ target: department, direct: department, whenNull: leave, onTooLong: hold, default: None }]'
    expect(rulesOf(text, 'department')[0]).toMatchObject({ whenNull: 'leave', onTooLong: 'hold', defaultValue: 'None' })
  })

  it('of a class and of a forest stand beside those of everybody', () => {
    const text = `user: [{ target: department, constant: all }]
inetOrgPerson: [{ target: department, constant: class }]
forests:
  - { forest: fabrikam, user: [{ target: department, constant: forest }] }`
    const rules = rulesOf(text, 'department').filter((rule) => rule.kind !== 'contact')
    expect(rules.map((rule) => [rule.kind, rule.forest, rule.source?.value])).toEqual([
      ['user', '', 'all'],
      ['inetOrgPerson', '', 'class'],
      ['user', 'fabrikam', 'forest'],
    ])
  })

  it('write directory extensions of users and groups', () => {
    const name = 'extension_0123456789abcdef0123456789abcdef_costCenter'
    expect(rulesOf(`user: [{ target: ${name}, direct: departmentNumber }]`, name)).toHaveLength(1)
    expect(compiled(`contact: [{ target: ${name}, direct: x }]`).problems[0]).toMatchObject({
      code: 'CANOPY-CONFIG-0011',
      mend: 'a contact has no directory extensions',
    })
  })

  it('for what nobody takes are a warning', () => {
    const { configuration, problems } = compiled('user: [{ target: homePhone, direct: homePhone }]')
    expect(configuration).toBeDefined()
    expect(problems).toMatchObject([{ code: 'CANOPY-CONFIG-0015', warning: true, path: 'mappings.user[0].target' }])
  })

  it('of policies arrive as they were said', () => {
    const text = `unverifiedSuffix: { replace: { from: fabrikam.com, to: contoso.com } }
recipients: { shared: carry, mailEnabledGroup: securityGroup }
accountExpires: ignore`
    expect(compiled(text).configuration).toMatchObject({
      unverifiedSuffix: 'replace',
      unverifiedSuffixReplacement: { from: 'fabrikam.com', to: 'contoso.com' },
      recipients: { shared: 'carry', room: 'hold', hidden: 'hold', mailEnabledGroup: 'securityGroup' },
      accountExpires: 'ignore',
    })
  })

  it('come with their examples', () => {
    const text = `tests:
  - name: mail
    given: { class: user, mail: a@b.c, userAccountControl: 512, proxyAddresses: [a, b] }
    expect: { mail: a@b.c, faxNumber: null, accountEnabled: true }`
    expect(compiled(text).tests).toEqual([
      {
        name: 'mail',
        forest: 'contoso',
        objectClass: 'user',
        given: {
          mail: { values: ['a@b.c'] },
          userAccountControl: { values: ['512'] },
          proxyAddresses: { values: ['a', 'b'] },
        },
        expect: { mail: { values: ['a@b.c'] }, faxNumber: { values: [] }, accountEnabled: { values: ['true'] } },
        held: '',
      },
    ])
  })
})

describe('a wrong mapping', () => {
  it.each([
    ['user: [{ target: department, direct: a, constant: b }]', '0013', 'mappings.user[0]'],
    ['user: [{ target: department }]', '0013', 'mappings.user[0]'],
    ['user: [{ target: manager, direct: manager }]', '0013', 'mappings.user[0]'],
    ['user: [{ target: department, reference: manager }]', '0011', 'mappings.user[0].reference'],
    ['user: [{ target: mail, computed: mailNickname }]', '0013', 'mappings.user[0].computed'],
    ['user: [{ target: departement, direct: a }]', '0011', 'mappings.user[0].target'],
    ['forests: [{ forest: fabrkam }]', '0011', 'mappings.forests[0].forest'],
    ['forests: [{ forest: contoso }, { forest: contoso }]', '0012', 'mappings.forests[1].forest'],
    ['unverifiedSuffix: { replace: { from: a, to: contoso.com } }', '0003', 'mappings.unverifiedSuffix.replace.from'],
    ['tests: [{ given: { class: user, forest: nowhere }, expect: {} }]', '0011', 'mappings.tests[0].given.forest'],
    ['user: [{ target: department, direct: a, reevaluate: ["02:00"] }]', '0013', 'mappings.user[0].reevaluate'],
    ['user: [{ target: department, direct: a, reevaluate: ["2 am"] }]', '0003', 'mappings.user[0].reevaluate[0]'],
  ])('%s', (text, code, path) => {
    expect(compiled(text).configuration).toBeUndefined()
    expect(compiled(text).problems.filter((one) => !one.warning)).toMatchObject([
      { code: `CANOPY-CONFIG-${code}`, path },
    ])
  })

  it('names the line and the column', () => {
    const [problem] = compiled('user:\n  - { target: displayName,\n      expression: "Trm([cn])" }').problems
    expect(problem).toMatchObject({ code: 'CANOPY-CONFIG-0014', line: 11, mend: 'did you mean Trim?' })
    expect(problem?.column).toBe(21)
  })
})
