import { expect, it } from 'vitest'
import { LabDirectory } from '../directory/directory.ts'
import { populate } from './populate.ts'

function twoForests(): readonly [LabDirectory, LabDirectory] {
  const forests = [new LabDirectory({ name: 'contoso.lab' }), new LabDirectory({ name: 'fabrikam.lab' })] as const
  populate(forests, { users: 500, groups: 80, contacts: 20, seed: 3 })
  return forests
}

it('makes two forests that share people, one foreign member and three conflicts, the same each time', () => {
  const [contoso, fabrikam] = twoForests()
  for (const forest of [contoso, fabrikam])
    expect(forest.counts()).toMatchObject({ objects: 600, users: 500, groups: 80, contacts: 20 })
  const anchors = (forest: LabDirectory) =>
    forest.find('(mS-DS-ConsistencyGuid=*)').map((o) => o.get('mS-DS-ConsistencyGuid')[0]?.toString('hex'))
  expect(anchors(contoso)).toHaveLength(25)
  expect(new Set([...anchors(contoso), ...anchors(fabrikam)]).size).toBe(25)
  const [foreign] = contoso.find('(objectClass=foreignSecurityPrincipal)')
  expect(fabrikam.find((o) => o.sid === foreign?.sid)).toHaveLength(1)
  expect(foreign?.get('memberOf')).toHaveLength(1)
  expect(contoso.find('(userAccountControl:1.2.840.113556.1.4.803:=2)')).toHaveLength(1)
  expect(contoso.get(`CN=Ada Park,OU=Engineering,OU=Staff,${contoso.baseDn}`)?.text('department')).toBe('Engineering')
  const claims = (forest: LabDirectory) =>
    new Set(
      forest
        .find(() => true)
        .flatMap((o) =>
          [...o.get('proxyAddresses'), ...o.get('userPrincipalName')].map((v) =>
            String(v)
              .toLowerCase()
              .replace(/^smtp:/, ''),
          ),
        ),
    )
  const theirs = claims(fabrikam)
  expect([...claims(contoso)].filter((claim) => theirs.has(claim))).toHaveLength(3)
  const again = twoForests()[1]
  const dns = (forest: LabDirectory) => forest.find(() => true).map((o) => [o.guid, o.dn])
  expect(dns(again)).toEqual(dns(fabrikam))
})
