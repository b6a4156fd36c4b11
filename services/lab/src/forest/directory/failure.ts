/** An LDAP result that is not success, thrown by the directory and answered as it is by the server. */

export const resultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  sizeLimitExceeded: 4,
  authMethodNotSupported: 7,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  invalidDnSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  notAllowedOnRdn: 67,
  entryAlreadyExists: 68,
} as const

export class LdapFailure extends Error {
  override readonly name = 'LdapFailure'
  readonly code: number
  readonly matchedDn: string

  constructor(code: number, diagnostic: string, matchedDn = '') {
    super(diagnostic)
    this.code = code
    this.matchedDn = matchedDn
  }
}
