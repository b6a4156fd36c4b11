/** Refused binds: each reason has its code and says how to mend it; the credential is never tried again. */
import { expect, test } from 'vitest'
import { LdapError } from '../../ports.ts'
import { ldapConnector } from './connector.ts'
import { bindRefused } from './failure.ts'

const refused = (data: string) =>
  bindRefused(
    'dc1',
    'reader',
    new LdapError(49, `80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext, data ${data}, v1`),
  )

test.each([
  ['52e', 'CANOPY-LDAP-0004', 'give the agent a new value (reader)'],
  ['525', 'CANOPY-LDAP-0004', 'whose user exists'],
  ['532', 'CANOPY-LDAP-0532', 'does not expire'],
  ['533', 'CANOPY-LDAP-0533', 'enable the account, then canopy agent retry reader'],
  ['701', 'CANOPY-LDAP-0701', 'extend the account, then canopy agent retry reader'],
  ['773', 'CANOPY-LDAP-0773', 'needs no change'],
  ['775', 'CANOPY-LDAP-0775', 'unlock the account, then canopy agent retry reader'],
  ['9999', 'CANOPY-LDAP-0004', 'give the agent a new value'],
])('data %s is %s', (data, code, mend) => {
  const failure = refused(data)
  expect(failure).toMatchObject({ code, kind: 'permanent' })
  expect(failure.mend).toContain(mend)
  expect(failure.mend).toContain('Not tried again')
  const { explain } = ldapConnector({ trust: [], allowPlainLoopback: false })
  expect(explain('dc1', failure).credentialRefused).toBe(true)
})
