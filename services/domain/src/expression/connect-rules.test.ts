/** Every expression of Connect's default rules compiles, in both dialects, or is listed here with its reason. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { ExpressionProblem } from './problem.ts'

const folder = process.env.TEST_SHARED_DATA
const file = `${folder}/connect-default-rules.json`
const isThere = folder !== undefined && existsSync(file)
if (!isThere) console.log('Skipped: TEST_SHARED_DATA does not name a folder with connect-default-rules.json')

/** What is refused: a part of the expression, and the reason the problem gives. */
const refused: readonly (readonly [string, string])[] = [
  ['Thumbprint(', 'is not supported: it makes device keys, which are not synchronized'],
]

function expressionsOf(node: unknown, into: Set<string>): Set<string> {
  if (Array.isArray(node)) for (const each of node) expressionsOf(each, into)
  else if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      if (key === 'expression' && typeof value === 'string' && value !== '') into.add(value)
      else expressionsOf(value, into)
    }
  }
  return into
}

const expressions = isThere ? [...expressionsOf(JSON.parse(readFileSync(file, 'utf8')), new Set())] : []

function problemOf(source: string, dialect: 'provisioning' | 'connect'): string | undefined {
  try {
    compile(source, { dialect })
    return undefined
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error
    return error.message
  }
}

describe.skipIf(!isThere)('the default rules of Connect', () => {
  it('have as many different expressions as known', () => expect(expressions.length).toBeGreaterThanOrEqual(86))
  it.each(['connect', 'provisioning'] as const)('compile in the %s dialect', (dialect) => {
    for (const source of expressions) {
      const reason = refused.find(([part]) => source.includes(part))?.[1]
      const problem = problemOf(source, dialect)
      if (reason === undefined) expect({ source, problem }).toEqual({ source, problem: undefined })
      else expect(problem).toContain(reason)
    }
  })
  it('refuses nothing that the list does not need', () => {
    for (const [part] of refused) expect(expressions.some((source) => source.includes(part))).toBe(true)
  })
})

describe('filters of Connect', () => {
  const user =
    'IIF(IsPresent([isCriticalSystemObject]) || IsPresent([sAMAccountName]) = False || [sAMAccountName] = "SUPPORT_388945a0" || Left([mailNickname], 14) = "SystemMailbox{" || CBool(IIF(IsPresent([msExchRecipientTypeDetails]),BitAnd([msExchRecipientTypeDetails],&H21C07000) > 0,NULL)) || CBool(InStr(DNComponent(CRef([dn]),1),"\\\\0ACNF:")>0), True, NULL)'
  const mailEnabled =
    'IIF(( (IsPresent([proxyAddresses]) = True) && (Contains([proxyAddresses], "SMTP:") > 0) && (InStr(Item([proxyAddresses], Contains([proxyAddresses], "SMTP:")), "@") > 0)) || (IsPresent([mail]) = True && (InStr([mail], "@") > 0)), True, False)'
  const table: readonly [string, Record<string, string | string[]>, unknown][] = [
    [user, { samaccountname: 'ada', dn: 'CN=Ada,DC=x' }, undefined],
    [user, { dn: 'CN=Ada,DC=x' }, true],
    [user, { samaccountname: 'ada', iscriticalsystemobject: 'TRUE' }, true],
    [user, { samaccountname: 'ada', mailnickname: 'SystemMailbox{1}' }, true],
    [user, { samaccountname: 'ada', msexchrecipienttypedetails: '4096' }, true],
    [user, { samaccountname: 'ada', msexchrecipienttypedetails: '1' }, undefined],
    [user, { samaccountname: 'ada', dn: 'CN=Ada\\0ACNF:1,DC=x' }, true],
    [mailEnabled, { proxyaddresses: ['smtp:a@b', 'SMTP:c@d'] }, true],
    [mailEnabled, { proxyaddresses: ['smtp:a@b'] }, false],
    [mailEnabled, { mail: 'a@b' }, true],
    [mailEnabled, {}, false],
  ]
  it.each(table)('%s with %o → %s', (source, attributes, expected) => {
    const { evaluate } = compile(source, { dialect: 'connect' })
    expect(evaluate((name) => attributes[name])).toBe(expected)
  })
})
