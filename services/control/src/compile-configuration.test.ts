/** What people write, what becomes of it, and what they are told when it is wrong. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { compileConfiguration } from './compile-configuration.ts'

const minimal = `version: canopy/v1
name: test
forests:
  - { name: contoso, domains: [{ name: corp.contoso.com, credential: reader }] }
targets:
  - { name: cloud, type: memory, mode: sync }
`
const problemsOf = (text: string) => compileConfiguration(text).problems
const only = (text: string) => {
  const problems = problemsOf(text).filter((problem) => !problem.warning)
  expect(problems).toHaveLength(1)
  return problems[0]!
}
const example = (file: string) => readFile(new URL(`../../../deploy/config/${file}`, import.meta.url), 'utf8')

describe('the example configurations', () => {
  it.each(['single-forest.yaml', 'two-forests.yaml'])('%s has no problem and writes nothing', async (file) => {
    const { configuration, problems } = compileConfiguration(await example(file))
    expect(problems).toEqual([])
    expect(configuration?.targets.every((target) => target.mode === 'observe')).toBe(true)
  })

  it('two forests compile to what the services read', async () => {
    const { configuration } = compileConfiguration(await example('two-forests.yaml'))
    expect(configuration).toMatchObject({
      name: 'contoso-group',
      unverifiedSuffix: 'hold',
      accountEnabled: 'disableWins',
      conflicts: { userPrincipalName: 'hold', proxyAddresses: 'dropValue' },
      precedence: [{ attribute: 'mail', order: ['fabrikam', 'contoso'] }],
    })
    expect(configuration?.forests.map((forest) => [forest.name, forest.optional])).toEqual([
      ['contoso', false],
      ['fabrikam', true],
    ])
    expect(configuration?.forests[0]?.domains[0]).toMatchObject({
      credential: 'contoso-reader',
      pollIntervalMs: 2_000,
      dialect: 'auto',
    })
    expect(configuration?.scopes[0]).toMatchObject({
      includeOus: ['OU=Staff,DC=corp,DC=contoso,DC=com'],
      includeGroups: ['CN=Cloud Pilot,OU=Groups,DC=corp,DC=contoso,DC=com'],
      excludeClauses: [{ attribute: 'department', operator: 'equals', value: 'Contractors' }],
      onLeave: 'disable',
      deleteAfterSeconds: 30 * 86_400,
      privileged: 'exclude',
    })
    expect(configuration?.targets[1]).toMatchObject({ type: 'exchange', credential: 'entra-writer', cloud: 'global' })
    expect(configuration?.targets[0]?.deleteGuard).toEqual({ max: 50, percent: 1, floor: 0, overSeconds: 86_400 })
  })

  it('says where the clauses of a scope stand, those alone', () => {
    const scope = `scope:
  - forest: contoso
    include: { anyOf: [{ ou: "OU=A,DC=x" }, { attribute: title, present: true }] }
    exclude:
      - { group: "CN=B,DC=x" }
      - { attribute: department, equals: Contractors }
      - { allOf: [{ attribute: l, equals: Rome }, { attribute: c, equals: IT }] }`
    const { clausePlaces, problems } = compileConfiguration(`${minimal.trimEnd()}\n${scope}\n`)
    expect(problems.filter((one) => !one.warning)).toEqual([])
    expect(clausePlaces).toEqual([
      {
        forest: 'contoso',
        include: ['scope[0].include.anyOf[1]'],
        exclude: ['scope[0].exclude[1]', 'scope[0].exclude[2]'],
      },
    ])
  })

  it('own rules replace those of the table, the rest stays in its order', async () => {
    const { configuration } = compileConfiguration(await example('two-forests.yaml'))
    const user = (target: string) =>
      configuration?.mappings.filter((rule) => rule.kind === 'user' && rule.forest === '' && rule.target === target)
    expect(user('companyName')).toMatchObject([
      { source: { $case: 'constant', value: 'Contoso Group' }, onCreate: true },
    ])
    expect(user('faxNumber')).toMatchObject([{ source: { $case: 'none' } }])
    expect(user('surname')).toMatchObject([{ source: { $case: 'expression', value: 'Trim([sn])' } }])
    expect(user('manager')).toMatchObject([{ source: { $case: 'reference', value: 'manager' } }])
  })
})

describe('a wrong configuration', () => {
  it.each([
    ['forests:', 'forest:', 'forest', 'did you mean forests?', 3],
    ['credential: reader', 'credentail: reader', 'forests[0].domains[0].credentail', 'did you mean credential?', 4],
    ['mode: sync', 'mod: sync', 'targets[0].mod', 'did you mean mode?', 6],
  ])('%s written %s is refused with the nearest key', (right, wrong, path, mend, line) => {
    const [problem] = problemsOf(minimal.replace(right, wrong))
    expect(problem).toMatchObject({ code: 'CANOPY-CONFIG-0002', path, mend, line })
  })

  it.each([
    ['scope:\n  - { forest: contosso }', 'CANOPY-CONFIG-0011', 'scope[0].forest', 8, /did you mean contoso/],
    [
      'mappings:\n  user:\n    - { target: displayNam, direct: cn }',
      'CANOPY-CONFIG-0011',
      'mappings.user[0].target',
      9,
      /displayName/,
    ],
    [
      'mappings:\n  user:\n    - { target: mail, direct: cn, constant: x }',
      'CANOPY-CONFIG-0013',
      'mappings.user[0]',
      9,
      /one of/,
    ],
    [
      'mappings:\n  user:\n    - { target: mail, expression: "Trm([mail])" }',
      'CANOPY-CONFIG-0014',
      'mappings.user[0].expression',
      9,
      /Trim/,
    ],
    ['mappings: { extends: entra/defaults@2020-01 }', 'CANOPY-CONFIG-0011', 'mappings.extends', 7, /2026-11/],
    [
      'precedence: { accountEnabled: { authority: nowhere } }',
      'CANOPY-CONFIG-0011',
      'precedence.accountEnabled.authority',
      7,
      /contoso/,
    ],
    [
      'scope:\n  - { forest: contoso, onLeave: { then: keep, deleteAfter: 3d } }',
      'CANOPY-CONFIG-0013',
      'scope[0].onLeave.deleteAfter',
      8,
      /disable/,
    ],
    [
      'scope:\n  - { forest: contoso, onLeave: { deleteAfter: soon } }',
      'CANOPY-CONFIG-0003',
      'scope[0].onLeave.deleteAfter',
      8,
      /30d/,
    ],
  ])('%s', (text, code, path, line, mend) => {
    const problem = only(`${minimal}${text}\n`)
    expect(problem).toMatchObject({ code, path, line })
    expect(problem.mend).toMatch(mend)
  })

  it('an unknown kind of scope entry names what is known', () => {
    expect(only(`${minimal}scope:\n  - { forest: contoso, exclude: [{ uo: "OU=X" }] }\n`)).toMatchObject({
      mend: 'did you mean ou?',
    })
  })

  it('names twice are refused where they are repeated', () => {
    expect(only(minimal.replace('targets:', 'targets:\n  - { name: cloud, type: memory }'))).toMatchObject({
      code: 'CANOPY-CONFIG-0012',
      path: 'targets[1].name',
      line: 7,
    })
  })

  it('a graph target that writes must choose how accounts sign in', () => {
    const graph = minimal.replace('type: memory, mode: sync', 'type: graph, mode: sync, tenant: t, credential: c')
    expect(only(graph)).toMatchObject({ path: 'targets[0].signIn', code: 'CANOPY-CONFIG-0003' })
    expect(problemsOf(graph.replace('mode: sync', 'mode: sync, signIn: federated'))).toEqual([])
    expect(problemsOf(graph.replace('mode: sync', 'mode: observe'))).toEqual([])
  })

  it('is never thrown over', () => {
    for (const text of ['', '[]', '42', 'a: [', '&a [*a]', '\u0000', 'version: canopy/v1\nforests: {}']) {
      expect(compileConfiguration(text).configuration).toBeUndefined()
      expect(problemsOf(text).length).toBeGreaterThan(0)
    }
  })
})

describe('a scope', () => {
  const scoped = (entries: string) =>
    compileConfiguration(`version: canopy/v1
name: test
forests: [{ name: contoso, domains: [{ name: contoso.lab, credential: reader }] }]
scope: [{ forest: contoso, exclude: [${entries}] }]
targets: [{ name: memory, type: memory }]
`)
  it.each([
    ['{ attribute: a }', 'CANOPY-CONFIG-0013', 'needs an operator'],
    ['{ attribute: a, equals: x, contains: y }', 'CANOPY-CONFIG-0013', 'not equals and contains'],
    ['{ attribute: a, matches: "(a+)+" }', 'CANOPY-CONFIG-0014', 'a repeated group (at character 5)'],
    ['{ allOf: [{ attribute: a, matches: "[a" }] }', 'CANOPY-CONFIG-0014', 'not a regular expression'],
  ])('with %s is refused', (entry, code, message) => {
    const [problem] = scoped(entry).problems
    expect(problem?.code).toBe(code)
    expect(problem?.message).toContain(message)
    expect(problem).toMatchObject({ line: 4 })
  })
  it('takes clauses, alone and together, and groups', () => {
    const { configuration, problems } = scoped(
      '{ group: "CN=A" }, { attribute: a, in: [x, y] }, { allOf: [{ attribute: b, bitsSet: 2 }, { attribute: c, absent: true }] }',
    )
    expect(problems).toEqual([])
    expect(configuration?.scopes[0]).toMatchObject({
      excludeGroups: ['CN=A'],
      createDisabled: false,
      excludeClauses: [
        { attribute: 'a', operator: 'in', values: ['x', 'y'] },
        {
          operator: 'allOf',
          allOf: [
            { operator: 'bitsSet', value: '2' },
            { attribute: 'c', operator: 'absent' },
          ],
        },
      ],
    })
  })
})

describe('what arrives later', () => {
  it.each([
    ['correlation: { user: [{ match: linkedMailbox, then: join }] }', 'correlation.user[0].then'],
    ['correlation: { user: [{ match: [employeeID, surname], then: join }] }', 'correlation.user[0].then'],
    ['correlation: { never: { adminCount: true } }', 'correlation.never'],
    [
      'precedence: { attributes: { mail: { order: [contoso], when: mailboxOwner } } }',
      'precedence.attributes.mail.when',
    ],
    ['conflicts: { userPrincipalName: { template: "{alias}" } }', 'conflicts.userPrincipalName.template'],
    ['conflicts: { sameNameGroups: union }', 'conflicts.sameNameGroups'],
    ['source: git', 'source'],
  ])('is refused where ignoring it would do harm: %s', (text, path) => {
    expect(only(`${minimal}${text}\n`)).toMatchObject({ code: 'CANOPY-CONFIG-0010', path })
  })

  it('adoption beyond the source anchor is refused', () => {
    const adopting = minimal.replace('mode: sync', 'mode: sync, adopt: { by: [sourceAnchor, mail] }')
    expect(only(adopting)).toMatchObject({ code: 'CANOPY-CONFIG-0010', path: 'targets[0].adopt.by[1]' })
  })

  it('is a warning where ignoring it changes nothing', () => {
    const { configuration, problems } = compileConfiguration(
      `${minimal}correlation: { user: [{ match: sourceAnchor, then: join }, { match: proxyAddresses, then: propose }] }\n`,
    )
    expect(configuration).toBeDefined()
    expect(problems).toMatchObject([{ warning: true, code: 'CANOPY-CONFIG-0015', path: 'correlation.user[1]' }])
  })
})
