/** Turns what goes wrong between agent and directory into the stable CANOPY-LDAP codes. */
import { Failure } from '@canopy/chassis'
import { LdapError } from '../../ports.ts'

interface Refusal {
  readonly code: string
  readonly what: string
  readonly mend: string
}

/** What the sub-codes of result 49 mean to the person who must mend it. Those that only an account can mend have their own. */
const bindRefusals: Readonly<Record<string, Refusal>> = {
  '525': {
    code: 'CANOPY-LDAP-0004',
    what: 'the account does not exist',
    mend: 'give the agent a credential whose user exists in this domain',
  },
  '52e': { code: 'CANOPY-LDAP-0004', what: 'invalid credentials', mend: 'give the agent a new value' },
  '530': {
    code: 'CANOPY-LDAP-0530',
    what: 'the account may not sign in at this hour',
    mend: 'lift the logon hours of the account, then',
  },
  '531': {
    code: 'CANOPY-LDAP-0531',
    what: 'the account may not sign in from this host',
    mend: 'lift the workstation restriction of the account, then',
  },
  '532': {
    code: 'CANOPY-LDAP-0532',
    what: 'the password has expired',
    mend: 'set a new password that does not expire and give it to the agent',
  },
  '533': { code: 'CANOPY-LDAP-0533', what: 'the account is disabled', mend: 'enable the account, then' },
  '701': { code: 'CANOPY-LDAP-0701', what: 'the account has expired', mend: 'extend the account, then' },
  '773': {
    code: 'CANOPY-LDAP-0773',
    what: 'the password must be changed before it is used',
    mend: 'set a password that needs no change and give it to the agent',
  },
  '775': { code: 'CANOPY-LDAP-0775', what: 'the account is locked out', mend: 'unlock the account, then' },
}

/** The same credential is not tried again: of these codes alone a version of a credential is taken for refused. */
export const refusalCodes: ReadonlySet<string> = new Set(Object.values(bindRefusals).map(({ code }) => code))

/** CANOPY-LDAP-0004, or the code of what is wrong with the account: the same credential is not tried again. */
export function bindRefused(host: string, credentialName: string, error: LdapError): Failure {
  const data = /data ([0-9a-f]{3,4})/i.exec(error.message)?.[1]?.toLowerCase()
  const known = data === undefined ? undefined : bindRefusals[data]
  const detail = known ? `${known.what}, data ${data}` : `result code ${error.code}${data ? `, data ${data}` : ''}`
  const mend = known?.mend.endsWith(', then')
    ? `${known.mend} canopy agent retry ${credentialName}`
    : `${known?.mend ?? 'give the agent a new value'} (${credentialName})`
  return new Failure({
    kind: 'permanent',
    code: known?.code ?? 'CANOPY-LDAP-0004',
    message: `${host} refused the bind for credential ${credentialName} (${detail})`,
    mend: `${mend}. Not tried again with this one (lock-out protection); the forest keeps its last state, nothing is deleted`,
    cause: error,
  })
}

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
])

/** From connecting: certificate, name, time-out, or simply not reachable. */
export function connectFailure(server: string, error: unknown): Failure {
  if (error instanceof Failure) return error
  const cause = error instanceof Error ? error : new Error(String(error))
  const code = 'code' in cause ? String(cause.code) : ''
  if (untrusted.has(code)) {
    return new Failure({
      kind: 'permanent',
      code: 'CANOPY-LDAP-0002',
      message: `the certificate of ${server} is not trusted (${code})`,
      mend: "add the issuing CA's certificate to the agent's `trust` files, or renew the server's certificate",
      cause,
    })
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new Failure({
      kind: 'permanent',
      code: 'CANOPY-LDAP-0003',
      message: `the certificate of ${server} is for another name`,
      mend: 'name the server as its certificate does, or set tlsServerName of the domain',
      cause,
    })
  }
  return new Failure({
    kind: 'transient',
    code: 'CANOPY-LDAP-0001',
    message: `${server} cannot be reached (${code || cause.message})`,
    mend: 'check the name, the port and the firewall between the agent and the domain controller',
    cause,
  })
}

export const plainRefused = (server: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-LDAP-0002',
    message: `${server} would be read without encryption`,
    mend: 'use ldaps:// or a server that offers StartTLS; plain LDAP is possible on loopback only, with allow_plain_loopback',
  })

export const timedOut = (server: string, what: string, afterMs: number): Failure =>
  new Failure({
    kind: 'transient',
    code: 'CANOPY-LDAP-0007',
    message: `${server} did not answer for ${Math.round(afterMs / 1000)} s (${what})`,
    mend: 'check the load of the domain controller and the network path; the agent tries again',
  })

export const notADirectory = (server: string, what: string): Failure =>
  new Failure({
    kind: 'permanent',
    code: 'CANOPY-LDAP-0006',
    message: `${server} ${what}`,
    mend: 'name a domain controller of this domain',
  })

export const connectionLost = (server: string, cause: unknown): Failure =>
  new Failure({
    kind: 'transient',
    code: 'CANOPY-LDAP-0001',
    message: `the connection to ${server} ended`,
    mend: 'nothing: the agent connects again and goes on where it was',
    cause,
  })

/** Any error of a session, ready to be reported. */
export function sessionFailure(server: string, error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof LdapError) {
    return new Failure({
      kind: 'transient',
      code: 'CANOPY-LDAP-0008',
      message: `${server} refused to go on (result code ${error.code})`,
      mend: 'check the rights of the account and the health of the domain controller; the agent tries again',
      cause: error,
    })
  }
  return connectFailure(server, error)
}
